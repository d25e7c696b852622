import { isAfter, isBefore } from './sequence.ts';

/** How many ranges a set holds at most: a window of 64 KiB has 45 segments, and where more than so many gaps are in it nearly all is lost. */
export const MOST_RANGES = 16;

/** Sets of sequence numbers, one a place: ranges in order, which neither meet nor overlap. */
export class SequenceRanges {
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #counts: Uint8Array;

  constructor(places: number) {
    this.#starts = new Int32Array(places * MOST_RANGES);
    this.#ends = new Int32Array(places * MOST_RANGES);
    this.#counts = new Uint8Array(places);
  }

  count(place: number): number {
    return this.#counts[place]!;
  }

  start(place: number, range: number): number {
    return this.#starts[place * MOST_RANGES + range]!;
  }

  /** The number after the last of the range. */
  end(place: number, range: number): number {
    return this.#ends[place * MOST_RANGES + range]!;
  }

  clear(place: number): void {
    this.#counts[place] = 0;
  }

  /** Adds the numbers from `start` to before `end`. False where the set has no room for another range, and is as it was. */
  add(place: number, start: number, end: number): boolean {
    const base = place * MOST_RANGES;
    const count = this.#counts[place]!;
    let first = 0;
    while (first < count && isBefore(this.#ends[base + first]!, start)) first++;
    let from = start;
    let to = end;
    let after = first;
    for (; after < count && !isAfter(this.#starts[base + after]!, to); after++) {
      if (isBefore(this.#starts[base + after]!, from)) from = this.#starts[base + after]!;
      if (isAfter(this.#ends[base + after]!, to)) to = this.#ends[base + after]!;
    }
    const next = count - (after - first) + 1;
    if (next > MOST_RANGES) return false;
    this.#move(base, after, count, first + 1);
    this.#starts[base + first] = from;
    this.#ends[base + first] = to;
    this.#counts[place] = next;
    return true;
  }

  /** Removes the numbers before `sequence`. */
  dropBefore(place: number, sequence: number): void {
    const base = place * MOST_RANGES;
    const count = this.#counts[place]!;
    let gone = 0;
    while (gone < count && !isAfter(this.#ends[base + gone]!, sequence)) gone++;
    this.#move(base, gone, count, 0);
    this.#counts[place] = count - gone;
    if (gone < count && isBefore(this.#starts[base]!, sequence)) this.#starts[base] = sequence;
  }

  /** The range that has this number, or -1. */
  rangeOf(place: number, sequence: number): number {
    const base = place * MOST_RANGES;
    const count = this.#counts[place]!;
    for (let range = 0; range < count; range++) {
      if (isBefore(sequence, this.#starts[base + range]!)) return -1;
      if (isBefore(sequence, this.#ends[base + range]!)) return range;
    }
    return -1;
  }

  /** How many numbers of the set are from `from` to before `to`. */
  countBetween(place: number, from: number, to: number): number {
    const base = place * MOST_RANGES;
    let sum = 0;
    for (let range = 0; range < this.#counts[place]!; range++) {
      const start = this.#starts[base + range]!;
      const end = this.#ends[base + range]!;
      const size = ((isBefore(end, to) ? end : to) - (isAfter(start, from) ? start : from)) | 0;
      if (size > 0) sum += size;
    }
    return sum;
  }

  #move(base: number, from: number, count: number, to: number): void {
    this.#starts.copyWithin(base + to, base + from, base + count);
    this.#ends.copyWithin(base + to, base + from, base + count);
  }
}
