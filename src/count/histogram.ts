import type { LatencySummary } from '../document/common.ts';

/**
 * The layout of HdrHistogram with three significant digits, from 1 ns to an hour: 2 048 buckets of 1 ns, then 1 024 for
 * each doubling. The pacing threads count into a plain array of this layout (a few ns a value, no object); the
 * counts are read on another thread.
 */
export const SIGNIFICANT_DIGITS = 3;
const HALF_BUCKETS = 1024;
const HALF_MAGNITUDE = 10;
const LOW_MASK = 2 * HALF_BUCKETS - 1;

/** One hour. What is longer counts as an hour; timeouts are at most that. */
export const NS_MAX = 3.6e12;

/** The place of a value in the counts. `valueNs` is at least 0. */
export function bucketOf(valueNs: number): number {
  const value = Math.min(valueNs, NS_MAX);
  if (value < 0x40000000) {
    const whole = value | 0;
    const shift = 31 - HALF_MAGNITUDE - Math.clz32(whole | LOW_MASK);
    return shift * HALF_BUCKETS + (whole >>> shift);
  }
  // 2^20 keeps the upper part within 32 bits up to 2^52.
  const shift = 31 - HALF_MAGNITUDE - Math.clz32(value / 0x100000) + 20;
  return shift * HALF_BUCKETS + Math.floor(value / 2 ** shift);
}

/** The lowest value that is counted at `bucket`. */
export function lowestAt(bucket: number): number {
  if (bucket < 2 * HALF_BUCKETS) return bucket;
  const shift = Math.floor(bucket / HALF_BUCKETS) - 1;
  return (bucket - shift * HALF_BUCKETS) * 2 ** shift;
}

/** The length of a counts array. */
export const BUCKETS = bucketOf(NS_MAX) + 1;

/** Exact figures beside the counts, by index into a row of four doubles. */
export const STAT_COUNT = 0;
export const STAT_MIN = 1;
export const STAT_MAX = 2;
export const STAT_SUM = 3;
export const STATS = 4;

/** The percentiles of a summary, in their order there. */
const PERCENTILES = [0.5, 0.75, 0.9, 0.95, 0.99, 0.999] as const;

/** 0.999 × 1000 is a little more than 999 in binary. */
const RANK_EPSILON = 1e-9;

/** The first `length` of `buckets`, which ascend. */
export interface FilledBuckets {
  readonly buckets: Uint16Array;
  length: number;
}

/** Returns how many of the lowest of `count` values a percentile is the last of. */
export function rankOf(percentile: number, count: number): number {
  return Math.ceil(percentile * count - RANK_EPSILON);
}

/** Returns the highest value that a bucket stands for, as HdrHistogram has it, within the values that were counted. */
export function valueAt(bucket: number, min: number, max: number): number {
  return Math.max(Math.round(min), Math.min(Math.round(max), lowestAt(bucket + 1) - 1));
}

/** Counts from one or several threads, merged by addition; percentiles are taken from the sum and never averaged. */
export class LatencyHistogram {
  /** Doubles: a bucket of a round of 30 days can hold more than 2^32. */
  readonly counts = new Float64Array(BUCKETS);
  #min = Infinity;
  #max = 0;
  #sum = 0;
  #count = 0;

  /** Adds raw counts and their four exact figures. `filled`: in which buckets there is something, where that is known. */
  add(counts: Uint32Array, stats: Float64Array, filled?: FilledBuckets): void {
    const count = stats[STAT_COUNT]!;
    if (count === 0) return;
    const min = stats[STAT_MIN]!;
    const max = stats[STAT_MAX]!;
    if (filled === undefined) {
      const last = bucketOf(max);
      for (let bucket = bucketOf(min); bucket <= last; bucket++) this.counts[bucket]! += counts[bucket]!;
    } else {
      const { buckets, length } = filled;
      for (let at = 0; at < length; at++) this.counts[buckets[at]!]! += counts[buckets[at]!]!;
    }
    this.#addExact(count, stats[STAT_SUM]!, min, max);
  }

  /** Adds all that another one holds. */
  join(other: LatencyHistogram): void {
    if (other.#count === 0) return;
    const { counts } = other;
    const last = bucketOf(other.#max);
    for (let bucket = bucketOf(other.#min); bucket <= last; bucket++) this.counts[bucket]! += counts[bucket]!;
    this.#addExact(other.#count, other.#sum, other.#min, other.#max);
  }

  /** A histogram of its own with the same counts. */
  copy(): LatencyHistogram {
    const copy = new LatencyHistogram();
    copy.join(this);
    return copy;
  }

  /** Beyond 2^53 ns (104 days of latencies added up) the sum is exact to 16 digits, which a mean in whole ns does not show. */
  #addExact(count: number, sum: number, min: number, max: number): void {
    this.#count += count;
    this.#sum += sum;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
  }

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  /** The smallest value; Infinity where there is none. */
  get min(): number {
    return this.#min;
  }

  /** The sum of all values. */
  get sum(): number {
    return this.#sum;
  }

  /**
   * Tells each bucket that holds something, lowest first, by a value in it in whole ns: the lowest and the highest value that
   * were counted for the first and the last bucket, otherwise where the bucket begins.
   */
  forEachFilled(use: (valueNs: number, count: number) => void): void {
    if (this.#count === 0) return;
    const first = bucketOf(this.#min);
    const last = bucketOf(this.#max);
    for (let bucket = first; bucket <= last; bucket++) {
      const count = this.counts[bucket]!;
      if (count === 0) continue;
      const valueNs = bucket === last ? this.#max : bucket === first ? this.#min : lowestAt(bucket);
      use(Math.floor(Math.min(valueNs, NS_MAX)), count);
    }
  }

  /** How many values are in [`fromNs`, `toNs`), to the width of a bucket. */
  countBetween(fromNs: number, toNs: number): number {
    if (this.#count === 0) return 0;
    const last = Math.min(bucketOf(toNs) - 1, bucketOf(this.#max));
    let count = 0;
    for (let bucket = Math.max(bucketOf(fromNs), bucketOf(this.#min)); bucket <= last; bucket++)
      count += this.counts[bucket]!;
    return count;
  }

  reset(): void {
    if (this.#count > 0) this.counts.fill(0, bucketOf(this.#min), bucketOf(this.#max) + 1);
    this.#min = Infinity;
    this.#max = 0;
    this.#sum = 0;
    this.#count = 0;
  }

  /** Count, minimum, mean and maximum are exact; percentiles are good to three digits. Whole nanoseconds. */
  summary(): LatencySummary {
    const isEmpty = this.#count === 0;
    const [p50, p75, p90, p95, p99, p99_9] = this.#percentiles();
    return {
      count: this.#count,
      min: isEmpty ? 0 : Math.round(this.#min),
      mean: isEmpty ? 0 : Math.round(this.#sum / this.#count),
      p50: p50!,
      p75: p75!,
      p90: p90!,
      p95: p95!,
      p99: p99!,
      p99_9: p99_9!,
      max: Math.round(this.#max),
    };
  }

  /** The value of each percentile; one pass over what is filled. */
  #percentiles(): number[] {
    const values: number[] = PERCENTILES.map(() => 0);
    if (this.#count === 0) return values;
    const last = bucketOf(this.#max);
    let seen = 0;
    let next = 0;
    for (let bucket = bucketOf(this.#min); bucket <= last && next < PERCENTILES.length; bucket++) {
      seen += this.counts[bucket]!;
      while (next < PERCENTILES.length && seen >= rankOf(PERCENTILES[next]!, this.#count))
        values[next++] = valueAt(bucket, this.#min, this.#max);
    }
    return values;
  }
}
