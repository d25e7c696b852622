/** Our histograms as exponential histograms of OpenTelemetry, from the counts: no value is recorded again. */
import { BUCKETS, bucketOf, lowestAt, type LatencyHistogram } from '../../count/histogram.ts';

/** Buckets of 0.27 %: finer would be finer than what was counted. */
export const SCALE_MAX = 8;

/** What receivers take without making it coarser (OpenTelemetry SDK, Base2 Exponential Bucket Histogram Aggregation). */
export const EXPONENTIAL_BUCKETS_MAX = 160;

/** Values are in seconds. Bucket i holds values in (base^i, base^(i+1)], where base is 2^(2^-scale). */
export interface ExponentialHistogram {
  readonly scale: number;
  /** The index of the first bucket. */
  readonly offset: number;
  readonly bucketCounts: readonly number[];
  /** Values of 0. */
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  /** Null where there is no value. */
  readonly min: number | null;
  readonly max: number | null;
}

/** The index of a value at `SCALE_MAX`; one at a lower scale is this, shifted. */
function indexOf(ns: number): number {
  return Math.ceil(Math.log2(ns / 1e9) * 2 ** SCALE_MAX) - 1;
}

let indices: Int32Array | undefined;

/** The index at `SCALE_MAX` of the middle of each bucket of ours; the first has the value 0 and none. */
function indexTable(): Int32Array {
  indices ??= Int32Array.from({ length: BUCKETS }, (_, bucket) => (bucket === 0 ? 0 : indexOf(middleOf(bucket))));
  return indices;
}

function middleOf(bucket: number): number {
  return (lowestAt(bucket) + lowestAt(bucket + 1) - 1) / 2;
}

/**
 * The counts at the finest scale at which they fit into `EXPONENTIAL_BUCKETS_MAX` buckets, at most `SCALE_MAX`. A value is taken for the
 * middle of its bucket, which is off by 0.05 % at most.
 */
export function exponentialOf(histogram: LatencyHistogram): ExponentialHistogram {
  const { count, counts, min, max, sum } = histogram;
  const exact = { count, sum: sum / 1e9, min: count === 0 ? null : min / 1e9, max: count === 0 ? null : max / 1e9 };
  const zeroCount = counts[0]!;
  if (count === zeroCount) return { ...exact, scale: SCALE_MAX, offset: 0, bucketCounts: [], zeroCount };
  const last = bucketOf(max);
  const first = firstFilled(counts, Math.max(1, bucketOf(min)));
  const table = indexTable();
  // The middle of the first bucket may lie below every value, that of the last above.
  const within = (bucket: number): number => indexOf(Math.min(max, Math.max(min, middleOf(bucket))));
  const lowest = within(first);
  const highest = within(last);
  let shift = 0;
  while ((highest >> shift) - (lowest >> shift) + 1 > EXPONENTIAL_BUCKETS_MAX) shift += 1;
  const offset = lowest >> shift;
  const bucketCounts = new Array<number>((highest >> shift) - offset + 1).fill(0);
  for (let bucket = first; bucket <= last; bucket++) {
    const here = counts[bucket]!;
    if (here === 0) continue;
    const index = Math.min(highest, Math.max(lowest, table[bucket]!));
    bucketCounts[(index >> shift) - offset]! += here;
  }
  return { ...exact, scale: SCALE_MAX - shift, offset, bucketCounts, zeroCount };
}

function firstFilled(counts: Float64Array, from: number): number {
  let bucket = from;
  while (counts[bucket] === 0) bucket += 1;
  return bucket;
}
