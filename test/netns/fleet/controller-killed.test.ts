// tier: netns
/** The controller is killed, or stopped by a signal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TIMES } from '../../../src/fleet/protocol.ts';
import { HeldUp } from '../../support/held-up.ts';
import { nowMs } from '../../support/accept-log.ts';
import { RATE, checkExact, heldUpMs, roundOf, testFaults, underWay } from './rounds.ts';

/** What it takes to end a round. */
const SLACK_MS = 1000;
const NAMES = ['a', 'b', 'c'];
const LONG = ['--duration', '60s'];

testFaults('the controller ends', {
  'the controller is killed': async (t, { fleet, log }) => {
    const { controller, ended } = await underWay({ fleet, log }, LONG);
    const heldUp = new HeldUp();
    t.teardown(() => heldUp.stop());
    controller.kill('SIGKILL');
    const killedMs = nowMs();
    await ended;
    await fleet.untilFree(...NAMES);
    const lastMs = (await log.accepted()).at(-1)!.timeMs;
    const mostMs = TIMES.silenceMs + SLACK_MS + heldUp.ms + heldUpMs(fleet, NAMES);
    t.ok(lastMs - killedMs <= mostMs, 'the agents stop', { found: [lastMs - killedMs, mostMs] });
    for (const agent of fleet.agents.values()) t.match(agent.log, /controller/, 'and say why in their log');
  },

  'the controller is interrupted': async (t, { fleet, log }) => {
    const { controller, ended } = await underWay({ fleet, log }, LONG);
    controller.kill('SIGINT');
    const run = await ended;
    t.equal(run.code, 130, run.stderr);
    const round = roundOf(t, run);
    t.ok(round.duration_sec < 60, 'the round is shorter', { found: round.duration_sec });
    await fleet.untilFree(...NAMES);
    await checkExact(t, fleet, round, log);
  },

  'a second signal: the agents are told, and do not wait for a silence': async (t, { fleet, log }) => {
    const { controller, ended } = await underWay({ fleet, log }, LONG);
    // Who waits for an answer keeps the first signal waiting.
    await log.answer('silent');
    await log.until((await log.accepted()).length + RATE / 10);
    await fleet.orders();
    const toldTo = async (kind: string): Promise<string[]> =>
      (await fleet.orders()).filter((order) => order.kind === kind).map(({ agent }) => agent);
    controller.kill('SIGTERM');
    // Two signals that wait for a process that is held up reach it in the order of their numbers.
    const left = new Set(NAMES);
    while (left.size > 0 && controller.exitCode === null) {
      for (const name of await toldTo('stop')) left.delete(name);
      await sleep(25);
    }
    controller.kill('SIGINT');
    const run = await ended;
    t.equal(run.code, 130, run.stderr);
    t.equal(run.stdout, '', 'it ended without a result');
    await log.answer('echo');
    await fleet.untilFree(...NAMES);
    t.strictSame((await toldTo('close')).sort(), NAMES, 'each agent was told to close');
  },
});
