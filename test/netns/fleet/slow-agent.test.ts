// tier: netns
/** An agent that is stopped for a while: for a second it is slow, for five it is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { RATE, agentOf, checkExact, checkNextRun, ownRound, reasonsOf, roundOf, startRun } from './rounds.ts';

const skip = noFleetNetwork();

t.test('stopped for 1 s', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { ended } = startRun(fleet, log, ['--duration', '5s']);
  await log.until(RATE);
  fleet.agent('b').signal('SIGSTOP');
  // Well below the three seconds after which it would be lost, as this test may be held up too.
  await sleep(1000);
  fleet.agent('b').signal('SIGCONT');
  const run = await ended;
  t.equal(run.code, 0, run.stderr);
  const round = roundOf(t, run);
  t.equal(round.attempts.scheduled, 5 * RATE);
  const slow = agentOf(round, 'b');
  t.equal(slow.lost, null, 'it is not lost');
  t.equal(slow.verdict?.status, 'generator_limited', 'its own verdict says so', { found: slow });
  t.equal(round.verdict.status, 'generator_limited', 'and marks the whole', { found: round.verdict });
  t.ok(reasonsOf(round).includes('agent_limited'), 'by name', { found: round.verdict });
  await checkExact(t, fleet, round, log, 0);
  await checkNextRun(t, fleet, log);
});

t.test('stopped for 5 s', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { ended } = startRun(fleet, log, ['--duration', '12s']);
  await log.until(RATE);
  fleet.agent('b').signal('SIGSTOP');
  await sleep(5000);
  fleet.agent('b').signal('SIGCONT');
  const round = roundOf(t, await ended);
  t.equal(round.attempts.scheduled, 12 * RATE);
  const slow = agentOf(round, 'b');
  t.not(slow.lost, null, 'it is lost, and stays so when it comes back');
  t.equal(slow.lost?.unreported, 0, 'it has told all that it did');
  const { attempts, outcomes } = ownRound(fleet, 'b');
  t.equal(slow.started, attempts.started, 'which is what it says itself');
  t.equal(slow.started + slow.missed, slow.scheduled);
  t.equal(round.outcomes.aborted, outcomes.aborted, 'how all of it ended is known');
  t.equal(round.verdict.status, 'invalid');
  t.ok(reasonsOf(round).includes('agent_lost'), 'the verdict names the reason', { found: round.verdict });
  await checkNextRun(t, fleet, log);
});
