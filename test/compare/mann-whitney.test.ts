/** The rank statistics against published tables, against pragmastat, and against what has to be true of any input. */
import fc from 'fast-check';
import { Sample, ratio, ratioBounds } from 'pragmastat';
import t from 'tap';
import {
  hodgesLehmann,
  pairwiseDifferences,
  rankTest,
  shiftInterval,
  smallestP,
  uProbabilities,
} from '../../src/compare/mann-whitney.ts';
import { normalQuantile, normalTail, studentQuantile, studentTail } from '../../src/compare/distributions.ts';
import { holm } from '../../src/compare/holm.ts';
import { overRuns } from '../../src/compare/estimate.ts';
import { holds } from '../support/property.ts';

t.test('the distribution of U is that of the published tables', async (t) => {
  // Critical values of U, two-sided 5 %: Mann and Whitney 1947; Hollander, Wolfe and Chicken, table A.6.
  const critical: readonly (readonly [n: number, m: number, u: number])[] = [
    [4, 4, 0],
    [5, 5, 2],
    [5, 8, 6],
    [6, 6, 5],
    [7, 7, 8],
    [8, 8, 13],
    [10, 10, 23],
    [12, 15, 49],
    [20, 20, 127],
  ];
  for (const [n, m, u] of critical) {
    const probabilities = uProbabilities(n, m);
    const upTo = (most: number): number => probabilities.slice(0, most + 1).reduce((sum, p) => sum + p, 0);
    t.ok(upTo(u) <= 0.025 && upTo(u + 1) > 0.025, `${n} and ${m}: ${u}`);
  }
  t.equal(smallestP(3, 3), 0.1);
  t.equal(smallestP(4, 4).toFixed(4), '0.0286');
  t.equal(smallestP(5, 5).toFixed(4), '0.0079');
});

t.test('a test by hand, without ties and with them', async (t) => {
  // U = 1 of 5 and 4: two of 126 orders on this side have no more.
  t.equal(rankTest([1, 2, 3, 4, 6], [5, 7, 8, 9]).p.toFixed(6), (2 * (2 / 126)).toFixed(6));
  const tied = rankTest([1, 1, 2], [2, 3, 3]);
  // Of the 20 choices of three of the ranks 1.5, 1.5, 3.5, 3.5, 5.5, 5.5, two have a sum of 14.5 or more.
  t.equal(tied.p.toFixed(6), (2 * (2 / 20)).toFixed(6));
  t.ok(tied.hasTies);
  t.equal(rankTest([5, 5, 5, 5, 5], [5, 5, 5, 5, 5]).p, 1);
});

t.test('the normal distribution takes over without a step', async (t) => {
  const base = Array.from({ length: 31 }, (_, index) => index);
  const next = base.map((value) => value + 8.5);
  const few = rankTest(base.slice(0, 30), next.slice(0, 30)).p;
  const many = rankTest(base, next).p;
  t.ok(many < few * 2 && many > few / 2, `${few} and ${many}`);
  const interval = overRuns(base, next, 0.95);
  t.ok(interval.low! < 8.5 && interval.high! > 8.5 && interval.confidence! >= 0.94);
});

const positive = fc.double({ min: 0.5, max: 2e9, noNaN: true });
const runs = fc.array(positive, { minLength: 5, maxLength: 9 });
const logs = (values: readonly number[]): number[] => values.map(Math.log);
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));

t.test('the interval is that of wilcox.test of R', async (t) => {
  // wilcox.test(y, x, conf.int = TRUE): the third smallest and the third largest difference, 96.8 %.
  const differences = pairwiseDifferences([1, 2, 4, 8, 16], [3, 6, 12, 24, 48]);
  const counts = { fromCount: 5, toCount: 5, confidence: 0.95 };
  const interval = shiftInterval(differences, counts);
  t.equal(interval?.low, differences[2]);
  t.equal(interval?.high, differences[22]);
  t.equal(interval?.confidence.toFixed(4), '0.9683');
});

t.test('estimate and interval are those of pragmastat at the same confidence', async (t) => {
  const property = fc.property(runs, runs, (base, next) => {
    const differences = pairwiseDifferences(logs(base), logs(next));
    const counts = { fromCount: base.length, toCount: next.length, confidence: 0.95 };
    const interval = shiftInterval(differences, counts);
    if (interval === null) return false;
    const [x, y] = [Sample.of([...base]), Sample.of([...next])];
    // pragmastat 12.1.0 leaves out one pair more at each end than wilcox.test of R: at just less than the level that the interval
    // really has, both leave out the same.
    const theirs = ratioBounds(y, x, (1 - interval.confidence) * (1 - 1e-9));
    return (
      near(ratio(y, x).value, Math.exp(hodgesLehmann(differences))) &&
      near(theirs.lower, Math.exp(interval.low)) &&
      near(theirs.upper, Math.exp(interval.high))
    );
  });
  holds(t, property);
});

t.test('swapping the sides turns the change round, a factor on both leaves it', async (t) => {
  const property = fc.property(runs, runs, fc.double({ min: 0.01, max: 100, noNaN: true }), (base, next, factor) => {
    const there = overRuns(logs(base), logs(next), 0.95);
    const back = overRuns(logs(next), logs(base), 0.95);
    const scaled = overRuns(logs(base.map((v) => v * factor)), logs(next.map((v) => v * factor)), 0.95);
    return (
      near(there.change!, -back.change!) &&
      near(there.low!, -back.high!) &&
      near(there.p!, back.p!) &&
      near(there.change!, scaled.change!) &&
      near(there.high!, scaled.high!) &&
      there.low! <= there.change! &&
      there.change! <= there.high! &&
      there.confidence! >= 0.95
    );
  });
  holds(t, property);
});

t.test('Holm', async (t) => {
  t.same(
    holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(9))),
    [0.03, 0.06, 0.06, 0.02],
  );
  t.same(holm([0.9, 0.8]), [1, 1]);
  t.same(holm([]), []);
});

t.test('the distributions are those of the tables', async (t) => {
  t.equal(normalTail(1.959_963_985).toFixed(9), '0.025000000');
  t.equal(normalTail(4).toFixed(9), '0.000031671');
  t.equal(normalQuantile(0.975).toFixed(6), '1.959964');
  t.equal(studentQuantile(0.975, 1).toFixed(4), '12.7062');
  t.equal(studentQuantile(0.975, 5).toFixed(5), '2.57058');
  t.equal(studentQuantile(0.995, 30).toFixed(5), '2.75000');
  t.equal(studentTail(0, 3.5), 0.5);
});
