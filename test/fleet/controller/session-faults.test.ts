// tier: kernel
/** Rounds on agents of this process when something goes wrong: an agent, messages, the carrier, or the user's patience. */
import t, { type Test } from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import type { AgentRound } from '../../../src/document/fleet.ts';
import { SUBJECTS, type Description } from '../../../src/fleet/protocol.ts';
import { decodeReport } from '../../../src/fleet/report-code.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { startServer } from '../../support/cli.ts';
import { clientOn, startFleet, type MemoryFleet } from '../../support/fleet-in-memory.ts';
import { checkIdentities } from '../../support/identities.ts';
import { runClient } from '../../support/runs.ts';
import type { MemoryBus } from '../memory-bus.ts';

const server = await startServer();
t.teardown(() => server.stop());
const TARGET = { target: `127.0.0.1:${String(server.port)}` };

function agentsOf({ agents }: Pick<RoundResult, 'agents'>): readonly AgentRound[] {
  return agents ?? [];
}

function sumOf(agents: readonly AgentRound[], of: 'started' | 'missed'): number {
  return agents.reduce((sum, agent) => sum + agent[of], 0);
}

// They wait most of the time.
t.jobs = 4;

t.test('an agent that goes in mid-round leaves its slots missed, exactly, and ends the run', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const { plan, open } = await clientOn(fleet, 2, {
    ...TARGET,
    rate: ['200/s', '100/s'],
    duration: '5s',
    warmup: '300ms',
  });
  const events: RunEvent[] = [];
  const emit = (event: RunEvent): void => {
    events.push(event);
    if (event.type === 'second' && event.second === 0 && !event.warmup) fleet.buses.get('b')!.disconnect();
  };
  const result = await runClient(plan, { emit }, open);
  checkIdentities(t, result);
  t.equal(result.rounds.length, 1, 'there is no further round');
  const [round] = result.rounds;
  t.equal(round!.attempts.scheduled, 1000);
  const [a, b] = agentsOf(round!);
  t.match(a, { scheduled: 500, lost: null });
  t.match(b, { scheduled: 500, verdict: null, lost: { why: /nothing was heard of it/ } });
  t.ok(b!.started > 0 && b!.started < 500, `${String(b!.started)} started`);
  t.equal(b!.lost!.missed, b!.missed);
  t.equal(b!.lost!.unreported, b!.lost!.missed, 'what it did is not known');
  const { user_usec: user, system_usec: system, usec_per_connection: each } = round!.cpu;
  t.ok(each > 0);
  t.equal(each, Math.round(((user + system) / a!.started) * 100) / 100, 'b has not told its processor time');
  t.equal(round!.verdict.status, 'invalid');
  t.match(result.error, { code: 'agent_lost' });
  const last = round!.intervals.find((interval) => interval.start_sec === 4);
  // A machine that is held up may miss some of the other's too.
  t.ok(last!.missed >= 100, 'in the seconds in which they were due', { found: last!.missed });
  t.ok(events.some((event) => event.type === 'agent' && event.agent === 'b' && event.state === 'lost'));
});

/** Runs at 200/s on two agents, of which b has no connection from the end of the first second until so long after it was lost. */
async function runWithAway(t: Test, backAfterMs: number, values: Readonly<Record<string, string>>) {
  const fleet = await startFleet(t, ['a', 'b']);
  const { plan, open } = await clientOn(fleet, 2, { ...TARGET, rate: '200/s', ...values });
  const texts: string[] = [];
  const emit = (event: RunEvent): void => {
    if (event.type === 'notice') {
      texts.push(event.text);
      if (event.text.startsWith('agent b is lost')) setTimeout(() => fleet.buses.get('b')!.reconnect(), backAfterMs);
    }
    if (event.type === 'second' && event.second === 0) fleet.buses.get('b')!.disconnect();
  };
  const result = await runClient(plan, { emit }, open);
  checkIdentities(t, result);
  return { result, round: result.rounds[0]!, texts };
}

t.test('an agent that comes back after its part was over has done all of it, and is not lost', async (t) => {
  const { result, round, texts } = await runWithAway(t, 1500, { duration: '4s' });
  t.equal(result.error, undefined);
  t.equal(round.attempts.scheduled, 800);
  t.equal(sumOf(agentsOf(round), 'started'), round.attempts.started);
  t.match(agentsOf(round), [
    { lost: null, scheduled: 400 },
    { lost: null, scheduled: 400 },
  ]);
  t.match(texts.join('\n'), /agent b is lost: nothing was heard of it for 3 s; waiting [^]*agent b has reported all/);
  // A thread that is late counts what was due before in a later second.
  t.equal(
    round.intervals.reduce((sum, { scheduled }) => sum + scheduled, 0),
    800,
  );
});

t.test('an agent that comes back in its part is stopped, and what it did is in the counts', async (t) => {
  const { result, round } = await runWithAway(t, 500, { duration: '9s' });
  t.match(result.error, { code: 'agent_lost' });
  t.equal(round.attempts.scheduled, 1800);
  const [a, b] = agentsOf(round);
  t.match(a, { lost: null, scheduled: 900 });
  t.match(b, { scheduled: 900, lost: { why: /nothing was heard of it/, unreported: 0 } });
  t.ok(b!.started > 100 && b!.started < 900, `${String(b!.started)} started`);
  t.equal(b!.started + b!.missed, 900);
  t.not(b!.verdict, null, 'it has told its own verdict');
  const reason = round.verdict.reasons.find(({ code }) => code === 'agent_lost');
  t.match(reason?.message, /All that was done there is in the counts\.$/);
});

t.test(
  'a target whose name is another address at the agents: the run does not begin, and the agents are free',
  async (t) => {
    const fleet = await startFleet(t, ['a', 'b']);
    const { plan, open } = await clientOn(fleet, 2, { ...TARGET, rate: '100/s', duration: '1s' });
    const elsewhere = { ...plan, target: { ...plan.target, address: '127.0.0.2' } };
    const error: unknown = await runClient(elsewhere, {}, open).catch((thrown: unknown) => thrown);
    t.match(error, {
      code: 'fleet_addresses',
      message: /a, b find 127\.0\.0\.1\n {2}this controller finds 127\.0\.0\.2/,
    });
    t.match(
      fleet.log.join('\n'),
      /a: .*the run is over[^]*b: .*the run is over|b: .*the run is over[^]*a: .*the run is over/,
    );
    const result = await runClient(plan, {}, open);
    t.strictSame(
      result.fleet?.agents.map(({ address }) => address),
      ['127.0.0.1', '127.0.0.1'],
    );
  },
);

t.test('reports that are lost on the way are sent again', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const { plan, open } = await clientOn(fleet, 2, { ...TARGET, rate: '100/s', duration: '4s' });
  let losses = 0;
  fleet.carrier.loses = (subject) => subject === SUBJECTS.report('a') && losses < 3 && losses++ >= 0;
  const result = await runClient(plan, {}, open);
  t.equal(losses, 3);
  checkIdentities(t, result);
  t.equal(result.rounds[0]!.attempts.scheduled, 400);
  t.ok(agentsOf(result.rounds[0]!).every((agent) => agent.lost === null && agent.reports_missing === 0));
});

for (const rate of ['100/s', 'max']) {
  t.test(`counts that cannot be read leave what was due missed, and are named: ${rate}`, async (t) => {
    const fleet = await startFleet(t, ['a', 'b']);
    const { plan, open } = await clientOn(fleet, 2, { ...TARGET, rate, duration: '2s', 'max-in-flight': '4' });
    let spoilt = 0;
    fleet.carrier.loses = (subject, data) => {
      const decoded = subject === SUBJECTS.report('a') ? decodeReport(data) : null;
      if (decoded?.report.kind === 'bank' && decoded.body.length > 0 && spoilt === 0) {
        decoded.body.fill(255);
        spoilt++;
      }
      return false;
    };
    const result = await runClient(plan, {}, open);
    const [round] = result.rounds;
    const { attempts, outcomes } = round!;
    const [a, b] = agentsOf(round!);
    t.match(a, { lost: null, reports_missing: 1 });
    t.ok(a!.missed > 0);
    t.equal(attempts.scheduled, a!.scheduled + b!.scheduled);
    t.equal(attempts.scheduled, attempts.started + attempts.missed);
    // Of attempts that began in what cannot be read, no latency is known: the other identities cannot hold.
    t.equal(
      attempts.started,
      Object.values(outcomes).reduce((sum, count) => sum + count, 0),
    );
    if (rate !== 'max') t.equal(attempts.scheduled, 200);
    t.match(round!.verdict, {
      status: 'invalid',
      reasons: [{ code: 'reports_missing', message: /may have been started/ }],
    });
  });
}

t.test('a controller that loses the carrier for a second misses nothing', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const command = await clientOn(fleet, 2, { ...TARGET, rate: '100/s', duration: '4s' });
  const emit = (event: RunEvent): void => {
    if (event.type !== 'second' || event.second !== 0) return;
    command.bus!.disconnect();
    setTimeout(() => command.bus!.reconnect(), 1000);
  };
  const result = await runClient(command.plan, { emit }, command.open);
  checkIdentities(t, result);
  t.equal(result.rounds[0]!.attempts.scheduled, 400);
  t.ok(agentsOf(result.rounds[0]!).every((agent) => agent.lost === null && agent.reports_missing === 0));
});

t.test('a second controller is told who holds the agents, and a signal ends a run with its result', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const first = await clientOn(fleet, 2, { ...TARGET, rate: '100/s', duration: '60s' });
  const second = await clientOn(fleet, 1, { ...TARGET, rate: '10/s', duration: '1s' });
  const stop = new AbortController();
  let refused: Promise<unknown> | undefined;
  const emit = (event: RunEvent): void => {
    if (event.type !== 'second' || refused !== undefined) return;
    refused = runClient(second.plan, {}, second.open)
      .catch((error: unknown) => error)
      .finally(() => stop.abort());
  };
  const result = await runClient(first.plan, { emit, stop: stop.signal }, first.open);
  const error = (await refused) as Error;
  t.match(error, { code: 'fleet_too_few' });
  t.match(error.message, /a: runs client against 127\.0\.0\.1:\d+.* for test@here/);
  checkIdentities(t, result);
  t.equal(result.interrupted, true);
  const { scheduled } = result.rounds[0]!.attempts;
  const sec = result.rounds[0]!.duration_sec;
  t.ok(Math.abs(scheduled - 100 * sec) <= 5, `${String(scheduled)} in ${String(sec)} s`);
});

t.test('what is no sign of life in the name of an agent is told once, and changes nothing', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const { plan, open } = await clientOn(fleet, 2, { ...TARGET, rate: '100/s', duration: '2s' });
  const other = fleet.carrier.connect();
  const texts: string[] = [];
  const emit = (event: RunEvent): void => {
    if (event.type === 'notice') texts.push(event.text);
    if (event.type !== 'second' || event.second !== 0) return;
    for (const odd of ['{"v":1,"name":"a","state":"free"}', '{"instance":"another"}', 'no JSON', ''])
      other.publish(SUBJECTS.alive('a'), Buffer.from(odd));
    // In order as its own, but of another name.
    const end = other.subscribe(SUBJECTS.alive('b'), ({ data }) => {
      other.publish(SUBJECTS.alive('a'), data);
      end();
    });
  };
  const result = await runClient(plan, { emit }, open);
  checkIdentities(t, result);
  t.equal(result.rounds[0]!.attempts.scheduled, 200);
  t.ok(agentsOf(result.rounds[0]!).every((agent) => agent.lost === null && agent.reports_missing === 0));
  t.equal(
    texts.filter((text) => text.startsWith('a: a sign of life in its name cannot be read')).length,
    1,
    texts.join('\n'),
  );
});

t.test('an agent that was started again is lost', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const { plan, open } = await clientOn(fleet, 2, { ...TARGET, rate: '100/s', duration: '3s' });
  const other = fleet.carrier.connect();
  const emit = (event: RunEvent): void => {
    if (event.type !== 'second' || event.second !== 0) return;
    const end = other.subscribe(SUBJECTS.alive('a'), ({ data }) => {
      end();
      const said = JSON.parse(Buffer.from(data).toString()) as Description;
      other.publish(SUBJECTS.alive('a'), Buffer.from(JSON.stringify({ ...said, instance: 'another' })));
    });
  };
  const result = await runClient(plan, { emit }, open);
  const [a, b] = agentsOf(result.rounds[0]!);
  t.match(a!.lost, { why: 'it was started again' });
  t.equal(b!.lost, null);
});

/** The carrier is away for half a second when an agent has got an order, and the answer is lost. */
function loseAnswer(fleet: MemoryFleet, command: { bus: MemoryBus | null }, agent: string, nth: number): void {
  let orders = 0;
  fleet.carrier.loses = (subject) => {
    if (subject !== SUBJECTS.order(agent) || ++orders !== nth) return false;
    setImmediate(() => command.bus!.disconnect());
    setTimeout(() => command.bus!.reconnect(), 500);
    return true;
  };
}

t.test('a carrier that breaks while agents get ready is said to have, soon, and the agents are free', async (t) => {
  const fleet = await startFleet(t, ['a', 'b']);
  const values = { ...TARGET, rate: '100/s', duration: '1s' };
  const opening = await clientOn(fleet, 2, values);
  loseAnswer(fleet, opening, 'a', 1);
  const startMs = performance.now();
  await t.rejects(runClient(opening.plan, {}, opening.open), { code: 'fleet_no_server', message: /broke while/ });
  t.ok(performance.now() - startMs < 20_000, 'not when the order has timed out');
  fleet.carrier.loses = () => false;

  const preparing = await clientOn(fleet, 2, values);
  loseAnswer(fleet, preparing, 'a', 2);
  const result = await runClient(preparing.plan, {}, preparing.open);
  t.match(result.error, { code: 'agent_lost', message: /NATS was away while agents got ready; type it again/ });
  fleet.carrier.loses = () => false;

  const next = await clientOn(fleet, 2, values);
  const { rounds } = await runClient(next.plan, {}, next.open);
  t.equal(rounds[0]!.attempts.scheduled, 100, 'the next run has the agents');
});
