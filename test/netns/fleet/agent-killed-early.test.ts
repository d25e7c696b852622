// tier: netns
/** An agent is killed before the first slot, and in the warm-up. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { RATE, agentOf, checkNextRun, ownRound, reasonsOf, roundOf, startRun } from './rounds.ts';

const skip = noFleetNetwork();

t.test('before the first slot', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { ended } = startRun(fleet, log, ['--duration', '2s']);
  // It plans, and has not yet accepted to begin: from then on the others go on without it.
  const b = fleet.agent('b');
  while (b.isRunning && !b.log.includes('ordered by')) await sleep(5);
  await b.stop('SIGKILL');
  const run = await ended;
  t.equal(run.code, 1, run.stderr);
  t.match(run.stderr, /\bb\b/, 'the agent is named');
  const accepted = await log.accepted();
  t.ok(accepted.length <= 3, 'nothing was sent to the target but one connection of each agent', {
    found: accepted.length,
  });
  fleet.start('b');
  await checkNextRun(t, fleet, log);
});

t.test('in the warm-up', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { ended } = startRun(fleet, log, ['--warmup', '2s', '--duration', '2s']);
  await log.until(30, network.addressOf('b'));
  await fleet.agent('b').stop('SIGKILL');
  const run = await ended;
  const round = roundOf(t, run);
  t.equal(round.verdict.status, 'invalid');
  t.ok(reasonsOf(round).includes('agent_lost'), 'the verdict names the reason', { found: round.verdict });
  const scheduled = (2 * RATE) / 3;
  t.equal(round.attempts.scheduled, 3 * scheduled, 'the whole schedule is accounted for');
  const lost = agentOf(round, 'b');
  t.not(lost.lost, null);
  t.strictSame([lost.scheduled, lost.started, lost.missed], [scheduled, 0, scheduled], 'its slots are missed');
  const others = ['a', 'c'].map((name) => ownRound(fleet, name).attempts);
  t.equal(round.attempts.started, others[0]!.started + others[1]!.started, 'the others did their part');
  t.ok(round.owners.generator >= scheduled, 'what the lost agent missed is owned by the generator');
  fleet.start('b');
  await checkNextRun(t, fleet, log);
});
