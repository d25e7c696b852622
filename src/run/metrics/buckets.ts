/** The buckets of the histograms that Prometheus scrapes: fixed, so that runs can be added up and compared. */
import { bucketOf, type LatencyHistogram } from '../../count/histogram.ts';

/** Upper bounds, as Prometheus writes them, and in nanoseconds. */
export const BOUNDS = [
  ['1e-05', 10_000],
  ['2.5e-05', 25_000],
  ['5e-05', 50_000],
  ['0.0001', 100_000],
  ['0.00025', 250_000],
  ['0.0005', 500_000],
  ['0.001', 1e6],
  ['0.0025', 2.5e6],
  ['0.005', 5e6],
  ['0.01', 10e6],
  ['0.025', 25e6],
  ['0.05', 50e6],
  ['0.1', 100e6],
  ['0.25', 250e6],
  ['0.5', 500e6],
  ['1.0', 1e9],
  ['2.5', 2.5e9],
  ['5.0', 5e9],
  ['10.0', 10e9],
  ['30.0', 30e9],
] as const;

/**
 * How many values are at most each of `BOUNDS`. A value counts with its bucket in the histogram, which is 0.1 % wide: one that is less than
 * 0.1 % above a bound can be counted as below it.
 */
export function countsBelow(histogram: LatencyHistogram): number[] {
  if (histogram.count === 0) return BOUNDS.map(() => 0);
  const { counts } = histogram;
  const last = bucketOf(histogram.max);
  let bucket = bucketOf(histogram.min);
  let seen = 0;
  return BOUNDS.map(([, ns]) => {
    for (const to = Math.min(bucketOf(ns), last); bucket <= to; bucket++) seen += counts[bucket]!;
    return seen;
  });
}
