/**
 * The intervals of a round, at a length that keeps them few however long the round is. A run of 30 days has 2.6 million seconds and
 * 8 000 intervals.
 */

/** The time until which each interval is one second. */
export const EVERY_SECOND_SEC = 1200;

/**
 * How many seconds the interval of second `second` has: 1 in the first 20 minutes, then 2 until twice that time, then 4 until twice
 * that, and so on: never longer than 1/600 of the time before it. The length depends on the second alone, so intervals of different
 * sources are the same ones, and none is split or joined again later.
 */
export function intervalLengthAt(second: number): number {
  // The integer part of log2 as 32 minus leading zeros: 0 before the first doubling.
  return 2 ** (32 - Math.clz32(second < 0 ? 0 : second / EVERY_SECOND_SEC));
}

/** The second in which the interval of second `second` begins. */
export function intervalStartAt(second: number): number {
  const lengthSec = intervalLengthAt(second);
  return Math.floor(second / lengthSec) * lengthSec;
}

/** How seconds become an interval. */
export interface IntervalMaker<Second, Interval> {
  /** The interval made of one second alone. Also of what `join` returns, when no second is added to it any more. */
  intervalOf(startSec: number, seconds: Second): Interval;
  /** `seconds` with `next`, which follows, added. Without `seconds`, a copy of `next`: what was given to `add` is not kept. */
  join(seconds: Second | undefined, next: Second): Second;
}

/** Collects the seconds of a round, in order, into its intervals. Percentiles of an interval come from the counts of all of it. */
export class IntervalSeries<Second, Interval> {
  readonly #intervals: Interval[] = [];
  readonly #maker: IntervalMaker<Second, Interval>;
  /** The interval of several seconds that is still being filled. */
  #open: { readonly startSec: number; seconds: Second } | undefined;

  constructor(maker: IntervalMaker<Second, Interval>) {
    this.#maker = maker;
  }

  /** The intervals that are complete. */
  get intervals(): readonly Interval[] {
    return this.#intervals;
  }

  /** `interval`: what the maker makes of this second alone. */
  add(second: number, figures: Second, interval: Interval): void {
    const startSec = intervalStartAt(second);
    if (this.#open !== undefined && this.#open.startSec !== startSec) this.finish();
    if (intervalLengthAt(second) === 1) this.#intervals.push(interval);
    else if (this.#open === undefined) this.#open = { startSec, seconds: this.#maker.join(undefined, figures) };
    else this.#open.seconds = this.#maker.join(this.#open.seconds, figures);
  }

  /** Ends the last interval. */
  finish(): void {
    if (this.#open === undefined) return;
    this.#intervals.push(this.#maker.intervalOf(this.#open.startSec, this.#open.seconds));
    this.#open = undefined;
  }
}
