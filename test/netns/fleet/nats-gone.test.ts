// tier: netns
/** nats-server is away for longer than a run goes on without it. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { TIMES } from '../../../src/fleet/protocol.ts';
import { HeldUp } from '../../support/held-up.ts';
import { nowMs } from '../../support/accept-log.ts';
import { agentOf, heldUpMs, ownRound, reasonsOf, roundOf, testFaults, underWay } from './rounds.ts';

/** What it takes to end a round. */
const SLACK_MS = 2000;
const NAMES = ['a', 'b', 'c'];

// They wait for time-outs nearly all of the time.
t.jobs = 2;

testFaults('nats-server comes back', {
  'after 30 s: the run ends and says why, and what the agents did is in it': async (t, { fleet, log }) => {
    const { ended } = await underWay({ fleet, log }, ['--duration', '60s']);
    const heldUp = new HeldUp();
    t.teardown(() => heldUp.stop());
    await fleet.nats.stop('SIGKILL');
    const goneMs = nowMs();
    await sleep(30_000);
    await fleet.nats.restart();
    const run = await ended;
    t.equal(run.code, 1, run.stderr);
    t.match(run.stderr, /NATS/, 'it says why');
    const round = roundOf(t, run);
    t.equal(round.verdict.status, 'invalid');
    t.ok(reasonsOf(round).includes('agent_lost'), 'the verdict names the reason', { found: round.verdict });
    await fleet.untilFree(...NAMES);
    const heldMs = heldUp.ms + heldUpMs(fleet, NAMES);
    t.ok(
      Math.abs(round.duration_sec - (TIMES.disconnectedMs + 1000) / 1000) < 3 + heldMs / 1000,
      'the wait is no part of the round',
      {
        found: round.duration_sec,
      },
    );
    const accepted = await log.accepted();
    const lastMs = accepted.at(-1)!.timeMs - goneMs;
    t.ok(lastMs <= TIMES.disconnectedMs + SLACK_MS + heldMs, 'the agents stop', { found: [lastMs, heldMs] });
    t.ok(lastMs >= TIMES.disconnectedMs - SLACK_MS - heldMs, 'and not before', { found: [lastMs, heldMs] });
    for (const agent of fleet.agents.values()) t.match(agent.log, /NATS/, 'and say why in their log');
    for (const name of NAMES) {
      const own = ownRound(fleet, name);
      const told = agentOf(round, name);
      t.match(told.lost, { why: /no connection to NATS/, unreported: 0 });
      t.strictSame([told.started, told.reports_missing], [own.attempts.started, 0], `${name} has told all that it did`);
    }
    const { started } = round.attempts;
    t.equal(accepted.length - NAMES.length, started, 'the target saw as many, and one before the run of each agent');
    t.equal(round.outcomes.ok, started, 'and how they ended is known');
  },
});

testFaults('nats-server is away for good', {
  'one Ctrl-C ends the wait': async (t, { fleet, log }) => {
    const { controller, ended } = await underWay({ fleet, log }, ['--duration', '40s']);
    let said = '';
    controller.stderr!.on('data', (text: string) => (said += text));
    const heldUp = new HeldUp();
    t.teardown(() => heldUp.stop());
    await fleet.nats.stop('SIGKILL');
    while (!said.includes('Ctrl-C ends the wait') && controller.exitCode === null) await sleep(50);
    controller.kill('SIGINT');
    const waitedMs = nowMs();
    const run = await ended;
    t.ok(nowMs() - waitedMs < TIMES.collectMs - 10_000 + heldUp.ms, 'it does not wait any more', {
      found: nowMs() - waitedMs,
    });
    t.equal(run.code, 130);
    const round = roundOf(t, run);
    t.equal(round.verdict.status, 'invalid');
    for (const name of NAMES) {
      const { lost } = agentOf(round, name);
      t.ok(lost !== null && lost.unreported > 0, 'what is not known is told', { found: lost });
    }
    await fleet.nats.restart();
  },
});
