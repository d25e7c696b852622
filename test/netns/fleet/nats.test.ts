// tier: netns
/** nats-server is killed and comes back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RATE, checkExact, reasonsOf, roundOf, testFaults, underWay, type Site } from './rounds.ts';
import type { Test } from 'tap';

const killed =
  ({ backAfterMs, seconds }: { backAfterMs: number; seconds: number }) =>
  async (t: Test, { fleet, log }: Site): Promise<void> => {
    const { ended } = await underWay({ fleet, log }, ['--duration', `${seconds}s`]);
    await fleet.nats.stop('SIGKILL');
    await sleep(backAfterMs);
    await fleet.nats.restart();
    const run = await ended;
    t.equal(run.code, 0, run.stderr);
    const round = roundOf(t, run);
    t.equal(round.attempts.scheduled, seconds * RATE, 'the run went on');
    t.strictSame(
      round.agents!.map(({ lost }) => lost),
      [null, null, null],
    );
    t.notOk(reasonsOf(round).includes('reports_missing'), 'nothing was lost', { found: round.verdict });
    t.not(round.verdict.status, 'invalid');
    await checkExact(t, fleet, round, log);
  };

testFaults('nats-server is killed', {
  'back after 2 s': killed({ backAfterMs: 2000, seconds: 5 }),
  'back immediately': killed({ backAfterMs: 0, seconds: 3 }),
});
