// tier: netns
/** The link of an agent drops for a second, and wall clocks are stepped by an hour: neither changes anything. */
import path from 'node:path';
import { ROOT } from '../../support/cli.ts';
import { RATE, agentOf, checkExact, reasonsOf, roundOf, testFaults, underWay } from './rounds.ts';

const SECONDS = 4;
/** On a machine that is held up while a link is down, an agent may be silent for longer than it may. */
const TRIES_MAX = 4;

testFaults(
  'nothing changes',
  {
    'where a link drops for a second': async (t, { network, fleet, log }) => {
      for (let tries = 1; ; tries++) {
        await fleet.untilFree('a', 'b', 'c');
        await log.forget();
        const { ended } = await underWay({ fleet, log }, ['--duration', `${SECONDS}s`]);
        network.cut('b');
        const run = await ended;
        const round = roundOf(t, run);
        if (agentOf(round, 'b').lost !== null && tries < TRIES_MAX) continue;
        t.equal(run.code, 0, run.stderr);
        t.equal(round.attempts.scheduled, SECONDS * RATE);
        t.strictSame(
          round.agents!.map(({ lost }) => lost),
          [null, null, null],
          'no agent is lost',
        );
        t.notOk(reasonsOf(round).includes('reports_missing'), 'no report is lost', { found: round.verdict });
        await checkExact(t, fleet, round, log);
        break;
      }
    },

    'where wall clocks are stepped by an hour': async (t, { fleet, log }) => {
      const { ended } = await underWay({ fleet, log }, ['--duration', `${SECONDS}s`]);
      const { pid } = fleet.agent('b');
      process.kill(pid, 'SIGUSR2');
      await log.until(2 * RATE);
      process.kill(pid, 'SIGUSR2');
      const run = await ended;
      t.equal(run.code, 0, run.stderr);
      t.match(
        fleet.agent('b').log,
        /the wall clock is now 1 h ahead\n[^]*the wall clock is now 0 h ahead/,
        'it was stepped',
      );
      const round = roundOf(t, run);
      t.equal(round.attempts.scheduled, SECONDS * RATE);
      t.not(round.verdict.status, 'invalid');
      for (const { name, clock_drift_ns: driftNs, lost } of round.agents!) {
        t.equal(lost, null, `${name} is there to the end`);
        t.ok(Math.abs(driftNs ?? Infinity) < 1e6, `the clock of ${name} did not drift`, { found: driftNs });
      }
      await checkExact(t, fleet, round, log);
    },
  },
  { agent: () => ({ env: { NODE_OPTIONS: `--import=${path.join(ROOT, 'test/support/wall-clock-step.js')}` } }) },
);
