/** The schedule lag of one agent of many: a histogram of the same layout, which has memory only where something was counted. */
import { STAT_COUNT, STAT_MAX, STAT_MIN, rankOf, valueAt, type FilledBuckets } from '../../count/histogram.ts';

/** Buckets are kept in blocks of 256, each with its sum: a percentile is found without looking at all buckets. */
const BLOCK_BITS = 8;
const BLOCK = 1 << BLOCK_BITS;
const P99 = 0.99;

interface Block {
  sum: number;
  readonly counts: Float64Array;
}

export class LagCounts {
  /** By number; a hole where nothing was counted. */
  readonly #blocks: (Block | undefined)[] = [];
  #count = 0;
  #min = Infinity;
  #max = 0;

  /** Adds raw counts, what is exact of them, and in which buckets there is something. */
  add(counts: Uint32Array, stats: Float64Array, { buckets, length }: FilledBuckets): void {
    if (stats[STAT_COUNT] === 0) return;
    for (let at = 0; at < length; at++) {
      const bucket = buckets[at]!;
      const block = (this.#blocks[bucket >> BLOCK_BITS] ??= { sum: 0, counts: new Float64Array(BLOCK) });
      block.counts[bucket % BLOCK]! += counts[bucket]!;
      block.sum += counts[bucket]!;
    }
    this.#count += stats[STAT_COUNT]!;
    this.#min = Math.min(this.#min, stats[STAT_MIN]!);
    this.#max = Math.max(this.#max, stats[STAT_MAX]!);
  }

  /** The same as the p99 of a `LatencyHistogram`; 0 where nothing was counted. */
  get p99Ns(): number {
    const rank = rankOf(P99, this.#count);
    let seen = 0;
    for (const [number, block] of this.#blocks.entries()) {
      if (block === undefined) continue;
      if (seen + block.sum < rank) {
        seen += block.sum;
        continue;
      }
      for (const [at, count] of block.counts.entries()) {
        seen += count;
        if (seen >= rank && count > 0) return valueAt(number * BLOCK + at, this.#min, this.#max);
      }
    }
    return 0;
  }
}
