/**
 * Two samples of runs: the Hodges-Lehmann estimate of how far one is from the other, its exact interval, and the exact p-value of the
 * Mann-Whitney test. Sources: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, 3rd edition, 4.1 to 4.3.
 */
import { quantile } from '../units/statistics.ts';
import { normalQuantile, normalTail } from './distributions.ts';

/** Above this number of runs on both sides together the normal distribution stands in for the exact one. */
const EXACT_MAX = 60;

/** An interval, and the confidence that it really has: an exact one can only have certain levels. */
export interface ExactInterval {
  readonly low: number;
  readonly high: number;
  /** At least what was asked for; below 1. */
  readonly confidence: number;
}

/** Returns every `to` less every `from`, ascending. */
export function pairwiseDifferences(from: readonly number[], to: readonly number[]): Float64Array {
  const all = new Float64Array(from.length * to.length);
  let at = 0;
  for (const a of from) for (const b of to) all[at++] = b - a;
  return all.sort();
}

/** Returns the Hodges-Lehmann estimate: the median of the pairwise differences. */
export function hodgesLehmann(differences: Float64Array): number {
  return quantile(differences, 0.5);
}

/**
 * Returns the interval of the shift between two samples of `fromCount` and `toCount` values, whose pairwise differences are given. Null
 * where even the widest interval has less than `confidence`. With ties it has at least its confidence.
 */
export function shiftInterval(
  differences: Float64Array,
  { fromCount, toCount, confidence }: { fromCount: number; toCount: number; confidence: number },
): ExactInterval | null {
  const tail = (1 - confidence) / 2;
  const cut = cutOf(fromCount, toCount, tail);
  if (cut === null) return null;
  return {
    low: differences[cut.below]!,
    high: differences[differences.length - 1 - cut.below]!,
    confidence: 1 - 2 * cut.probability,
  };
}

/** The largest c with P(U <= c) <= tail, and that probability; null where there is none. */
function cutOf(
  fromCount: number,
  toCount: number,
  tail: number,
): { readonly below: number; readonly probability: number } | null {
  const pairs = fromCount * toCount;
  if (fromCount + toCount > EXACT_MAX) {
    const deviation = Math.sqrt((pairs * (fromCount + toCount + 1)) / 12);
    const below = Math.floor(pairs / 2 - 0.5 - normalQuantile(1 - tail) * deviation);
    return below < 0 ? null : { below, probability: normalTail((pairs / 2 - 0.5 - below) / deviation) };
  }
  const probabilities = uProbabilities(fromCount, toCount);
  let probability = 0;
  let below = -1;
  // Sums of exact fractions in doubles: a p-value of exactly the level is not missed by a rounding error.
  while (probability + probabilities[below + 1]! <= tail * (1 + 1e-9)) probability += probabilities[++below]!;
  return below < 0 ? null : { below, probability };
}

/**
 * Returns the probabilities of U = 0, 1, ... n·m where the samples do not differ and have no ties, by the recurrence
 * f(n, m, u) = f(n-1, m, u-m) + f(n, m-1, u) over the number of orders (Mann and Whitney 1947).
 */
export function uProbabilities(n: number, m: number): Float64Array {
  const name = `${n} ${m}`;
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  const found = countOrders(n, m);
  KNOWN.set(name, found);
  return found;
}

/** Every figure of a comparison asks for the same one. */
const KNOWN = new Map<string, Float64Array>();

function countOrders(n: number, m: number): Float64Array {
  const size = n * m + 1;
  let row: Float64Array[] = Array.from({ length: m + 1 }, () => oneAtZero(size));
  for (let i = 1; i <= n; i++) {
    const next = [oneAtZero(size)];
    for (let j = 1; j <= m; j++) {
      const counts = Float64Array.from(next[j - 1]!);
      const without = row[j]!;
      for (let u = j; u < size; u++) counts[u]! += without[u - j]!;
      next.push(counts);
    }
    row = next;
  }
  const counts = row[m]!;
  let orders = 0;
  for (const count of counts) orders += count;
  return counts.map((count) => count / orders);
}

function oneAtZero(size: number): Float64Array {
  const counts = new Float64Array(size);
  counts[0] = 1;
  return counts;
}

/** The result of the test. */
export interface RankTest {
  /** Two-sided. */
  readonly p: number;
  /** Some values are equal: they share their mean rank, and `p` counts the orders of these very ranks. */
  readonly hasTies: boolean;
}

/** Returns the p-value of the Mann-Whitney test that two samples do not differ, exact up to 60 values, with ties as well. */
export function rankTest(from: readonly number[], to: readonly number[]): RankTest {
  const values = [...from, ...to];
  const { doubled, hasTies } = doubledRanks(values);
  const sum = doubled.slice(from.length).reduce((all, rank) => all + rank, 0);
  if (values.length > EXACT_MAX) return { p: normalP(doubled, sum, to.length), hasTies };
  let below = 0;
  let above = 0;
  // Without ties the sum of the ranks is U and the smallest sum.
  const smallest = to.length * (to.length + 1);
  const [probabilities, at] = hasTies
    ? [rankSumProbabilities(doubled, to.length), sum]
    : [uProbabilities(from.length, to.length), (sum - smallest) / 2];
  for (const [each, probability] of probabilities.entries()) {
    if (each <= at) below += probability;
    if (each >= at) above += probability;
  }
  return { p: Math.min(1, 2 * Math.min(below, above)), hasTies };
}

/** The ranks of values, times two: a mean rank may end in one half. */
function doubledRanks(values: readonly number[]): { readonly doubled: number[]; readonly hasTies: boolean } {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const doubled = new Array<number>(values.length).fill(0);
  let hasTies = false;
  for (let first = 0; first < order.length;) {
    let next = first + 1;
    while (next < order.length && values[order[next]!] === values[order[first]!]) next++;
    if (next - first > 1) hasTies = true;
    // The ranks first + 1 to next, whose mean is (first + 1 + next) / 2.
    for (let at = first; at < next; at++) doubled[order[at]!] = first + 1 + next;
    first = next;
  }
  return { doubled, hasTies };
}

/** The probability of each sum of `chosen` of these ranks, every choice being as likely. */
function rankSumProbabilities(doubled: readonly number[], chosen: number): Float64Array {
  const largest = doubled.reduce((sum, rank) => sum + rank, 0);
  const ways = Array.from({ length: chosen + 1 }, () => new Float64Array(largest + 1));
  ways[0]![0] = 1;
  for (const [index, rank] of doubled.entries()) {
    for (let count = Math.min(chosen, index + 1); count >= 1; count--) {
      const to = ways[count]!;
      const from = ways[count - 1]!;
      for (let sum = largest; sum >= rank; sum--) to[sum]! += from[sum - rank]!;
    }
  }
  const all = ways[chosen]!.reduce((sum, count) => sum + count, 0);
  return ways[chosen]!.map((count) => count / all);
}

/** With a correction for continuity; the variance is that of these very ranks. */
function normalP(doubled: readonly number[], sum: number, chosen: number): number {
  const count = doubled.length;
  const mean = doubled.reduce((all, rank) => all + rank, 0) / count;
  const squares = doubled.reduce((all, rank) => all + (rank - mean) ** 2, 0);
  const variance = (chosen * (count - chosen) * squares) / (count * (count - 1));
  if (variance === 0) return 1;
  const distance = Math.max(0, Math.abs(sum - chosen * mean) - 1);
  return Math.min(1, 2 * normalTail(distance / Math.sqrt(variance)));
}

/** Returns the smallest two-sided p-value that so many runs on each side can have. */
export function smallestP(fromCount: number, toCount: number): number {
  let orders = 1;
  for (let i = 1; i <= Math.min(fromCount, toCount); i++) orders = (orders * (fromCount + toCount - i + 1)) / i;
  return Math.min(1, 2 / orders);
}
