/** The change of one figure between two sides, with its interval and p-value: over runs, or over the seconds of one run on each side. */
import type { CompareMethod } from '../document/compare.ts';
import { studentQuantile, studentTail } from './distributions.ts';
import { hodgesLehmann, pairwiseDifferences, rankTest, shiftInterval } from './mann-whitney.ts';

/** Below this number of runs on a side there is no interval of 95 % whose end is not a single run. */
export const RUNS_MIN = 5;

/** A change on the scale on which it is estimated: the logarithm of a ratio, or a difference. */
export interface Estimate {
  readonly method: CompareMethod;
  /** Null where a figure is missing or, for a ratio, 0. */
  readonly change: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** The confidence of the interval; null without one. */
  readonly confidence: number | null;
  /** Two-sided; null without a test. */
  readonly p: number | null;
  readonly note?: string;
}

/** Returns an estimate without an interval. */
export function bare(change: number | null, note?: string): Estimate {
  const none = { low: null, high: null, confidence: null, p: null };
  return { method: 'none', change, ...none, ...(note === undefined ? {} : { note }) };
}

/** A figure on one side: its value, and the variance of that value; null where the run does not show it. */
export interface Spread {
  readonly value: number;
  readonly variance: number | null;
  /** How many blocks of seconds the variance is from. */
  readonly blocks: number;
}

/** Returns values on the scale of the estimate; null where one of them cannot be on it. */
export function onScale(values: readonly (number | null)[], isRatio: boolean): number[] | null {
  const scaled = values.map((value) => (value === null ? Number.NaN : isRatio ? Math.log(value) : value));
  return scaled.every(Number.isFinite) ? scaled : null;
}

/** Estimates a change over the runs of both sides. The values are on the scale of the estimate. */
export function overRuns(base: readonly number[], next: readonly number[], confidence: number): Estimate {
  const differences = pairwiseDifferences(base, next);
  const change = hodgesLehmann(differences);
  if (Math.min(base.length, next.length) < RUNS_MIN) return bare(change);
  const { p, hasTies } = rankTest(base, next);
  const counts = { fromCount: base.length, toCount: next.length, confidence };
  const interval = shiftInterval(differences, counts);
  const ties = hasTies ? { note: 'some runs have equal values; the interval has at least its confidence' } : {};
  if (interval === null) return { ...bare(change, 'more runs are needed for an interval of that confidence'), p };
  return { method: 'mann_whitney', change, ...interval, p, ...ties };
}

/**
 * Estimates a change from one run on each side. The variances come from the bootstrap of each side by itself; the interval is that of
 * Welch, with as many degrees of freedom as blocks allow.
 */
export function overSeconds(base: Spread, next: Spread, confidence: number): Estimate {
  const change = next.value - base.value;
  if (base.variance === null || next.variance === null) return bare(change, 'the run is too short for an interval');
  const variance = base.variance + next.variance;
  if (variance === 0) {
    return { method: 'bootstrap', change, low: change, high: change, confidence, p: change === 0 ? 1 : 0 };
  }
  const freedom = variance ** 2 / (base.variance ** 2 / (base.blocks - 1) + next.variance ** 2 / (next.blocks - 1));
  const error = Math.sqrt(variance);
  const half = error * studentQuantile((1 + confidence) / 2, freedom);
  const p = Math.min(1, 2 * studentTail(Math.abs(change) / error, freedom));
  return { method: 'bootstrap', change, low: change - half, high: change + half, confidence, p };
}
