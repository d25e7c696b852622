// tier: netns
/** The controller is killed, or stopped by a signal. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { TIMES } from '../../../src/fleet/protocol.ts';
import { HeldUp } from '../../support/held-up.ts';
import { nowMs } from '../../support/accept-log.ts';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { RATE, checkExact, checkNextRun, roundOf, startRun } from './rounds.ts';

const skip = noFleetNetwork();
/** What it takes to end a round. */
const SLACK_MS = 1000;

t.test('the controller is killed', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { controller, ended } = startRun(fleet, log, ['--duration', '20s']);
  await log.until(RATE);
  const heldUp = new HeldUp();
  t.teardown(() => heldUp.stop());
  controller.kill('SIGKILL');
  const killedMs = nowMs();
  await ended;
  await fleet.untilFree('a', 'b', 'c');
  const lastMs = (await log.accepted()).at(-1)!.timeMs;
  const mostMs = TIMES.silenceMs + SLACK_MS + heldUp.ms;
  t.ok(lastMs - killedMs <= mostMs, 'the agents stop', { found: [lastMs - killedMs, mostMs] });
  for (const agent of fleet.agents.values()) t.match(agent.log, /controller/, 'and say why in their log');
  await checkNextRun(t, fleet, log);
});

t.test('the controller is interrupted', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { controller, ended } = startRun(fleet, log, ['--duration', '20s']);
  await log.until(RATE);
  controller.kill('SIGINT');
  const run = await ended;
  t.equal(run.code, 130, run.stderr);
  const round = roundOf(t, run);
  t.ok(round.duration_sec < 20, 'the round is shorter', { found: round.duration_sec });
  await fleet.untilFree('a', 'b', 'c');
  await checkExact(t, fleet, round, log, 0);
  await checkNextRun(t, fleet, log);
});

t.test('a second signal: the agents are told, and do not wait for a silence', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { controller, ended } = startRun(fleet, log, ['--duration', '20s']);
  await log.until(RATE);
  // Who waits for an answer keeps the first signal waiting.
  await log.answer('silent');
  await log.until((await log.accepted()).length + RATE / 10);
  controller.kill('SIGTERM');
  await sleep(500);
  controller.kill('SIGINT');
  const run = await ended;
  t.equal(run.code, 130, run.stderr);
  t.equal(run.stdout, '', 'it ended without a result');
  await log.answer('echo');
  await fleet.untilFree('a', 'b', 'c');
  for (const agent of fleet.agents.values()) t.notMatch(agent.log, /nothing was heard/, 'it was told');
  await checkNextRun(t, fleet, log);
});
