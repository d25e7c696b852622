// tier: kernel
/** Rounds on agents of this process: what the whole says. */
import t from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import type { AgentRound } from '../../../src/document/fleet.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { startServer } from '../../support/cli.ts';
import { clientOn, rttOn, startFleet } from '../../support/fleet-in-memory.ts';
import { checkIdentities } from '../../support/identities.ts';
import { runClient, runRtt } from '../../support/runs.ts';

const server = await startServer();
t.teardown(() => server.stop());
const TARGET = { target: `127.0.0.1:${String(server.port)}` };

function agentsOf({ agents }: Pick<RoundResult, 'agents'>): readonly AgentRound[] {
  return agents ?? [];
}

function sumOf(agents: readonly AgentRound[], of: 'scheduled' | 'started' | 'missed'): number {
  return agents.reduce((sum, agent) => sum + agent[of], 0);
}

// They wait most of the time.
t.jobs = 2;

t.test('three agents are one schedule: every attempt is counted once', async (t) => {
  const fleet = await startFleet(t, ['a', 'b', 'c']);
  const values = { ...TARGET, rate: ['400/s', '200/s'], duration: '1s', warmup: '500ms', probe: '50' };
  const { plan, open } = await clientOn(fleet, 3, values, { a: 2, b: 1, c: 1 });
  const events: RunEvent[] = [];
  const result = await runClient(plan, { emit: (event) => events.push(event) }, open);
  checkIdentities(t, result);
  const [first, second] = result.rounds;
  t.equal(first!.attempts.scheduled, 400);
  t.equal(second!.attempts.scheduled, 200);
  t.same(
    agentsOf(first!).map(({ name, share, scheduled, lost, reports_missing: gaps }) => [
      name,
      share,
      scheduled,
      lost,
      gaps,
    ]),
    [
      ['a', 0.5, 200, null, 0],
      ['b', 0.25, 100, null, 0],
      ['c', 0.25, 100, null, 0],
    ],
  );
  for (const round of result.rounds) {
    for (const of of ['scheduled', 'started', 'missed'] as const)
      t.equal(sumOf(agentsOf(round), of), round.attempts[of], of);
    t.ok(agentsOf(round).every((agent) => (agent.clock_error_ns ?? 0) > 0 && agent.verdict !== null));
    t.ok(round.probe!.sent > 0 && round.probe!.sent <= 50, 'the rate of the probe is that of the whole');
    t.equal(round.probe!.sent, round.probe!.received + round.probe!.lost);
    t.ok(round.workers.every((worker) => worker.agent !== undefined));
  }
  t.equal(result.fleet?.agents.length, 3);
  t.equal(result.system.workers, result.rounds[0]!.workers.length);
  t.ok(events.some((event) => event.type === 'agent' && event.state === 'ended'));
  t.equal(events[0]?.type, 'run-started');
  const free = fleet.log.filter((line) => line.includes('the run is over'));
  t.equal(free.length, 3);
  t.notOk(
    fleet.log.some((line) => line.includes('refused')),
    'no order was one too many',
  );
});

t.test('attempts that are counted, and as many as agents can', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const { plan, open } = await clientOn(fleet, 2, { ...TARGET, rate: 'max', count: '101', 'max-in-flight': '4' });
  const result = await runClient(plan, {}, open);
  checkIdentities(t, result);
  t.equal(result.rounds[0]!.attempts.started, 101);
  t.same(
    agentsOf(result.rounds[0]!).map(({ started }) => started),
    [51, 50],
  );
});

t.test('an agent without a slot in a round is not told as one that measured nothing', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const { plan, open } = await clientOn(fleet, 2, { ...TARGET, rate: '10/s', count: '1' });
  const result = await runClient(plan, {}, open);
  checkIdentities(t, result);
  const [a, b] = agentsOf(result.rounds[0]!);
  t.match(a, { scheduled: 1, started: 1 });
  t.not(a!.verdict, null);
  t.match(b, { scheduled: 0, verdict: null, lost: null });
  t.notOk(result.rounds[0]!.verdict.reasons.some(({ code }) => code === 'agent_invalid'));
});

t.test('an agent says what is wrong with the options, and nothing is opened', async (t) => {
  const fleet = await startFleet(t, ['a']);
  const { plan, open } = await clientOn(fleet, 1, { ...TARGET, rate: '10/s', duration: '1s', workers: '1000' });
  const error = (await runClient(plan, {}, open).catch((reason: unknown) => reason)) as object;
  t.match(error, { problems: [{ option: '--workers', got: '1000', expected: /^at most .*\(on a\)$/ }] });
});

t.test('round trips of all agents are one result', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const { plan, open } = await rttOn(fleet, 2, { ...TARGET, rate: ['100/s', 'max'], duration: '1s', connections: '2' });
  const result = await runRtt(plan, {}, open);
  const [paced, closed] = result.rounds;
  t.match(paced, { scheduled: 100, connections: { established: 4, failed: 0, lost: 0 } });
  for (const round of result.rounds) {
    t.equal(round.scheduled, round.sent + round.missed);
    t.equal(round.sent, round.received + round.lost + round.aborted);
    t.equal(sumOf(round.agents ?? [], 'started'), round.sent);
    t.equal(
      round.intervals.reduce((sum, interval) => sum + interval.sent, 0),
      round.sent,
    );
  }
  t.ok(closed!.sent > 0);
});
