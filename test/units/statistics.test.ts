import fc from 'fast-check';
import t from 'tap';
import { density, empiricalDistribution, kernelWidth, medianRank, summarize } from '../../src/units/statistics.ts';
import { holds } from '../support/property.ts';

const samples = fc.array(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 });

/** P(fewer than `rank` of `count` samples are below the median), times 2 to the power of `count`: exact. */
function waysBelow(count: number, rank: number): bigint {
  let ways = 0n;
  let choose = 1n;
  for (let below = 0; below < rank; below++) {
    ways += choose;
    choose = (choose * BigInt(count - below)) / BigInt(below + 1);
  }
  return ways;
}

t.test('the interval of the median has at least 95 % confidence, and a narrower one would not', async (t) => {
  for (let count = 1; count < 200; count++) {
    const rank = medianRank(count);
    const all = 2n ** BigInt(count);
    // Both tails together at most 5 %.
    const isSafe = (each: number): boolean => waysBelow(count, each) * 2n * 20n <= all;
    if (rank === null) t.notOk(isSafe(1), `${count}: even the widest is not safe`);
    else t.ok(isSafe(rank) && !isSafe(rank + 1), `${count}: rank ${rank}`);
  }
});

t.test('many samples: close to the exact rank', async (t) => {
  for (const count of [200, 501, 1000]) {
    const rank = medianRank(count)!;
    const isSafe = (each: number): boolean => waysBelow(count, each) * 2n * 20n <= 2n ** BigInt(count);
    t.ok(isSafe(rank) && !isSafe(rank + 3), `${count}: rank ${rank}`);
  }
});

t.test('a summary is in order, made of samples, and does not depend on their order', async (t) => {
  holds(
    t,
    fc.property(samples, (values) => {
      const {
        count,
        min,
        median,
        median_lower: lower,
        median_upper: upper,
        p90,
        p95,
        p99,
        max,
        mean,
      } = summarize(values);
      const isOrdered = min <= median && median <= p90 && p90 <= p95 && p95 <= p99 && p99 <= max;
      const isBetween = mean >= min * (1 - 1e-9) && mean <= max * (1 + 1e-9);
      const hasBounds =
        lower === null || upper === null
          ? count < 6
          : lower <= median && median <= upper && values.includes(lower) && values.includes(upper);
      const same = summarize([...values].reverse()).median === median;
      return count === values.length && isOrdered && isBetween && hasBounds && same;
    }),
  );
});

t.test('the empirical distribution tells for each value the share up to it', async (t) => {
  holds(
    t,
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 60 }), (values) => {
      const steps = empiricalDistribution(values);
      return (
        steps.at(-1)![1] === 1 &&
        steps.every(([value, share]) => share === values.filter((each) => each <= value).length / values.length)
      );
    }),
  );
});

t.test('a density holds all of the samples', async (t) => {
  const values = Array.from({ length: 200 }, (_, index) => 100 + ((index * 37) % 50));
  const at = Array.from({ length: 2001 }, (_, index) => index / 8);
  const area = density(values, at).reduce((sum, each) => sum + each / 8, 0);
  t.ok(Math.abs(area - 1) < 0.01, String(area));
  t.equal(kernelWidth([5, 5, 5]), 0);
  t.same(density([5, 5, 5], [4, 5]), [0, 0], 'no width, no density');
});
