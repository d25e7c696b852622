import t from 'tap';
import { roundsLeftNs } from '../../../src/plan/load/round-time.ts';
import { estimateOf } from '../../../src/run/estimate.ts';

const SEC = 1e9;

const TIMES = { rates: [10, 20, 30], durationNs: 10 * SEC, warmupNs: SEC, cooldownNs: 2 * SEC };

t.test('the rounds that are left, with the pauses between them', async (t) => {
  t.equal(roundsLeftNs(TIMES, 0), 37 * SEC);
  t.equal(roundsLeftNs(TIMES, 1), 24 * SEC);
  t.equal(roundsLeftNs(TIMES, 2), 11 * SEC);
  t.equal(roundsLeftNs(TIMES, 3), 0);
  t.equal(roundsLeftNs({ ...TIMES, rampUpNs: SEC, rampDownNs: SEC, holdNs: SEC }, 2), 14 * SEC);
});

t.test('a number of attempts takes as long as its rate says; as fast as it can, nobody knows', async (t) => {
  t.equal(roundsLeftNs({ ...TIMES, count: 100, warmupNs: 0, cooldownNs: 0 }, 1), (5 + 100 / 30) * SEC);
  t.equal(roundsLeftNs({ ...TIMES, rates: ['max'], count: 100 }, 0), null);
  t.equal(roundsLeftNs({ ...TIMES, rates: ['max'] }, 0), 11 * SEC);
});

t.test('the event: what is likely, bounded by the most', async (t) => {
  const event = estimateOf({ elapsedNs: 5 * SEC, leftNs: 20 * SEC, atMostNs: 60 * SEC });
  t.same(event, { type: 'estimate', totalSec: 25, leftSec: 20, isUpperBound: false, atMostSec: 60 });
  const bounded = estimateOf({ elapsedNs: 5 * SEC, leftNs: 90 * SEC, atMostNs: 60 * SEC });
  t.same(bounded, { type: 'estimate', totalSec: 65, leftSec: 60, isUpperBound: true });
  t.same(estimateOf({ elapsedNs: SEC, leftNs: SEC }), {
    type: 'estimate',
    totalSec: 2,
    leftSec: 1,
    isUpperBound: false,
  });
});
