// tier: netns
/** nats-server is killed and comes back. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { FleetNetwork, noFleetNetwork } from './fleet-network.ts';
import { RATE, checkExact, checkNextRun, reasonsOf, roundOf, startRun } from './rounds.ts';

const skip = noFleetNetwork();
const SECONDS = 6;

for (const backAfterMs of [2000, 0]) {
  t.test(`back after ${backAfterMs / 1000} s`, { skip, timeout: 180_000 }, async (t) => {
    const network = FleetNetwork.forTest(t);
    const log = await network.accepts(t);
    const fleet = await network.fleet(t);
    const { ended } = startRun(fleet, log, ['--duration', `${SECONDS}s`]);
    await log.until(RATE);
    await fleet.nats.stop('SIGKILL');
    await sleep(backAfterMs);
    await fleet.nats.restart();
    const run = await ended;
    t.equal(run.code, 0, run.stderr);
    const round = roundOf(t, run);
    t.equal(round.attempts.scheduled, SECONDS * RATE, 'the run went on');
    t.strictSame(
      round.agents!.map(({ lost }) => lost),
      [null, null, null],
    );
    t.notOk(reasonsOf(round).includes('reports_missing'), 'nothing was lost', { found: round.verdict });
    t.not(round.verdict.status, 'invalid');
    await checkExact(t, fleet, round, log, 0);
    await checkNextRun(t, fleet, log);
  });
}
