/** Quantiles of sums of distributions, such as the latencies of seconds that were drawn several times. */
import { decodeHistogram, type FilledBuckets } from '../count/hdr-decode.ts';
import { bucketOf, lowestAt } from '../count/histogram.ts';
import type { LatencySummary } from '../document/common.ts';
import type { Measured } from './measured.ts';
import { STORED } from './figures.ts';

/** How many values a rebuilt distribution is given: as finely as a quantile of 99.9 % needs. */
const STEPS = 2000;

/** The distributions of one clock over the intervals of a round, ready to be summed with weights. */
export class DistributionSum {
  /** The highest value of each column, ascending. */
  readonly #valuesNs: Float64Array;
  /** By interval: how many of its values are in this column or before. */
  readonly #upTo: readonly Float64Array[];
  readonly #totals: readonly number[];

  private constructor(valuesNs: Float64Array, upTo: readonly Float64Array[]) {
    this.#valuesNs = valuesNs;
    this.#upTo = upTo;
    this.#totals = upTo.map((counts) => counts.at(-1) ?? 0);
  }

  /** The sum over rows of one clock; the spans of a row are taken as one. Null where none of them has a value. */
  static of(rows: readonly (readonly Measured[])[], clock: string): DistributionSum | null {
    const parts = rows.map((spans) => spans.map((span) => bucketsOf(span, clock)));
    const filled = [...new Set(parts.flatMap((row) => row.flatMap(({ buckets }) => buckets)))].sort((a, b) => a - b);
    if (filled.length === 0) return null;
    const columnOf = new Map(filled.map((bucket, column) => [bucket, column]));
    const upTo = parts.map((spans) => {
      const row = new Float64Array(filled.length);
      for (const { buckets, counts } of spans) {
        for (const [index, bucket] of buckets.entries()) row[columnOf.get(bucket)!]! += counts[index]!;
      }
      for (let column = 1; column < row.length; column++) row[column]! += row[column - 1]!;
      return row;
    });
    // As a summary has it: the highest value that the bucket stands for.
    return new DistributionSum(
      Float64Array.from(filled, (bucket) => lowestAt(bucket + 1) - 1),
      upTo,
    );
  }

  /** Returns a quantile of the sum, in nanoseconds; null where these weights leave no value. */
  quantile(share: number, weights: ArrayLike<number>): number | null {
    let total = 0;
    for (let at = 0; at < this.#totals.length; at++) total += weights[at]! * this.#totals[at]!;
    if (total === 0) return null;
    const rank = share * total - 1e-9;
    let low = 0;
    let high = this.#valuesNs.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      let seen = 0;
      for (let at = 0; at < this.#upTo.length; at++) seen += weights[at]! * this.#upTo[at]![middle]!;
      if (seen >= rank) high = middle;
      else low = middle + 1;
    }
    return this.#valuesNs[low]!;
  }
}

/** Whether the span has a histogram of the clock that can be read. */
export function hasHistogram({ histograms }: Measured, clock: string): boolean {
  const text = histograms?.[clock];
  return text !== undefined && decodeHistogram(text) !== null;
}

function bucketsOf({ histograms, latency }: Measured, clock: string): FilledBuckets {
  const text = histograms?.[clock];
  const decoded = text === undefined ? null : decodeHistogram(text);
  if (decoded !== null) return decoded;
  const summary = latency[clock];
  return summary === undefined ? { buckets: [], counts: [], total: 0 } : rebuilt(summary);
}

/** A distribution with the stored percentiles of a summary: between two of them the logarithm of the value rises evenly. */
export function rebuilt(summary: LatencySummary): FilledBuckets {
  if (summary.count === 0) return { buckets: [], counts: [], total: 0 };
  const knots = [
    { share: 0, valueNs: summary.min },
    ...STORED.map(({ key, share }) => ({ share, valueNs: summary[key] })),
    { share: 1, valueNs: summary.max },
  ];
  const steps = Math.min(STEPS, summary.count);
  const counts = new Map<number, number>();
  let knot = 1;
  for (let step = 0; step < steps; step++) {
    const share = (step + 0.5) / steps;
    while (knots[knot]!.share < share) knot++;
    const from = knots[knot - 1]!;
    const to = knots[knot]!;
    const part = (share - from.share) / (to.share - from.share);
    const low = Math.max(1, from.valueNs);
    const bucket = bucketOf(low * (Math.max(low, to.valueNs) / low) ** part);
    counts.set(bucket, (counts.get(bucket) ?? 0) + summary.count / steps);
  }
  const buckets = [...counts.keys()].sort((a, b) => a - b);
  return { buckets, counts: buckets.map((bucket) => counts.get(bucket)!), total: summary.count };
}
