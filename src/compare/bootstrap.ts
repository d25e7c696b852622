/**
 * The noise of figures that come from the seconds of one run. Seconds hang together, so that blocks of them are drawn, not single ones:
 * the circular block bootstrap (Politis and Romano 1992). Its seed is fixed, so that the same files give the same answer.
 */

/** How often the seconds of a run are drawn anew. */
export const RESAMPLES = 2000;
/** Fewer intervals than this say nothing about noise. */
export const INTERVALS_MIN = 10;
/** Blocks are at least this long where there are enough seconds for that. */
const BLOCK_MIN_SEC = 5;
/** With fewer blocks than this their spread is a guess. */
const BLOCKS_MIN = 4;
const BLOCKS_WANTED = 6;

/** A generator of pseudo-random whole numbers below a bound: xorshift, as George Marsaglia gave it in 2003. */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** Returns the next number, from 0 to `bound` less 1. */
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.floor(((this.#state >>> 0) / 2 ** 32) * bound);
  }
}

const SEED = 0x9e3779b9;

/** The draws of one run: for each resample, how often each interval was drawn. */
export interface Resamples {
  /** `RESAMPLES` rows of `intervals` numbers each. */
  readonly weights: Uint16Array;
  readonly intervals: number;
  /** How many blocks the run has. */
  readonly blocks: number;
}

/** Draws blocks of `block` intervals with replacement, as many as the run is long; a block that reaches the end goes on at the start. */
export function drawBlocks(intervals: number, block: number): Resamples {
  const draws = new Draws(SEED);
  const blocks = intervals / block;
  const weights = new Uint16Array(RESAMPLES * intervals);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const row = resample * intervals;
    for (let drawn = 0; drawn < intervals;) {
      const start = draws.below(intervals);
      for (let at = 0; at < block && drawn < intervals; at++, drawn++) weights[row + ((start + at) % intervals)]!++;
    }
  }
  return { weights, intervals, blocks };
}

/**
 * Returns the variance of a figure over the resamples. `figureOf` makes it from the weights of the intervals; null where a resample has
 * none, which are left out. The spread of so few blocks about their own mean is too small by (blocks - 1) / blocks, which is made up for.
 */
export function varianceOf(
  { weights, intervals, blocks }: Resamples,
  figureOf: (weights: Uint16Array) => number | null,
): number | null {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const value = figureOf(weights.subarray(resample * intervals, (resample + 1) * intervals));
    if (value === null) continue;
    count++;
    const distance = value - mean;
    mean += distance / count;
    squares += distance * (value - mean);
  }
  if (count < RESAMPLES / 2) return null;
  return ((squares / (count - 1)) * blocks) / (blocks - 1);
}

/**
 * Returns the length of a block, in intervals, for a figure with these values by interval; null where the run is too short for it.
 * The length that Andrews (1991) derives for a process with the same correlation from one interval to the next, at least 5 s, and
 * at most so long that there are four blocks.
 */
export function blockLength(values: readonly number[], intervalSec: number): number | null {
  const count = values.length;
  if (count < INTERVALS_MIN) return null;
  const least = Math.max(1, Math.min(Math.ceil(BLOCK_MIN_SEC / intervalSec), Math.floor(count / BLOCKS_WANTED)));
  const phi = Math.min(0.97, Math.max(0, lagOneCorrelation(values)));
  const alpha = (4 * phi * phi) / (1 - phi * phi) ** 2;
  const wanted = Math.ceil(1.1447 * (alpha * count) ** (1 / 3));
  return Math.max(least, Math.min(wanted, Math.floor(count / BLOCKS_MIN)));
}

/** The correlation of neighbours, made larger by what a short series makes it too small (Marriott and Pope 1954). */
export function lagOneCorrelation(values: readonly number[]): number {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  let squares = 0;
  let products = 0;
  for (let at = 0; at < count; at++) {
    squares += (values[at]! - mean) ** 2;
    if (at > 0) products += (values[at]! - mean) * (values[at - 1]! - mean);
  }
  if (squares === 0) return 0;
  const found = products / squares;
  return found + (1 + 3 * found) / count;
}
