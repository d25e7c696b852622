// tier: netns
/** The link of an agent drops for a second, and wall clocks are stepped by an hour: neither changes anything. */
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import t from 'tap';
import { ROOT } from '../../support/cli.ts';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { RATE, checkExact, checkNextRun, reasonsOf, roundOf, startRun } from './rounds.ts';

const skip = noFleetNetwork();
const SECONDS = 4;

t.test('a link that drops for a second', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const fleet = await network.fleet(t);
  const { ended } = startRun(fleet, log, ['--duration', `${SECONDS}s`]);
  await log.until(RATE);
  network.link('b', 'down');
  await sleep(1000);
  network.link('b', 'up');
  const run = await ended;
  t.equal(run.code, 0, run.stderr);
  const round = roundOf(t, run);
  t.equal(round.attempts.scheduled, SECONDS * RATE);
  t.strictSame(
    round.agents!.map(({ lost }) => lost),
    [null, null, null],
    'no agent is lost',
  );
  t.notOk(reasonsOf(round).includes('reports_missing'), 'no report is lost', { found: round.verdict });
  await checkExact(t, fleet, round, log, 0);
  await checkNextRun(t, fleet, log);
});

t.test('wall clocks that are stepped by an hour', { skip, timeout: 180_000 }, async (t) => {
  const network = FleetNetwork.forTest(t);
  const log = await network.accepts(t);
  const env = { NODE_OPTIONS: `--import=${path.join(ROOT, 'test/support/wall-clock-step.js')}` };
  const fleet = await network.fleet(t, { agent: () => ({ env }) });
  const { ended } = startRun(fleet, log, ['--duration', `${SECONDS}s`]);
  await log.until(RATE);
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
    t.ok(Math.abs(driftNs) < 1e6, `the clock of ${name} did not drift`, { found: driftNs });
  }
  await checkExact(t, fleet, round, log, 0);
  await checkNextRun(t, fleet, log);
});
