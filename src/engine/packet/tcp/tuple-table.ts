import type { ConnectionTable } from './connection-table.ts';
import type { TimeWait } from './time-wait.ts';
import type { Tuple } from './tuple.ts';

/** Nothing has the tuple. */
export const ABSENT = 0;

/** What the table holds for a row, and for an entry of TIME-WAIT: above and below 0. */
export function refOfRow(row: number): number {
  return row + 1;
}

export function rowOf(ref: number): number {
  return ref - 1;
}

export function refOfEntry(entry: number): number {
  return -entry - 1;
}

export function entryOf(ref: number): number {
  return -ref - 1;
}

/**
 * From a place to the next that is tried. Eight neighbouring ports have a cache line of places (see `TupleHash`). With a step of 1 each of
 * them would pass over eight where two lines meet; it is odd, so that it leads to all places.
 */
const STEP = 9;
/** 9 times this is 1, modulo 2^32. */
const STEP_INVERSE = 0x38e3_8e39;

/** How many steps it is from one place to another. */
function stepsFrom(from: number, to: number, mask: number): number {
  return Math.imul(to - from, STEP_INVERSE) & mask;
}

/** 4 MiB, of which the kernel gives pages as they are touched. It holds a quarter of a million tuples before it has to grow. */
const LEAST_PLACES = 1 << 19;

/**
 * From 4-tuples to connections and to what rests in TIME-WAIT: open addressing with linear probing. A place has the hash, so that others
 * are passed over without a look at their rows, and the reference. At most half of the places are in use.
 */
export class TupleTable {
  readonly #connections: ConnectionTable;
  readonly #timeWait: TimeWait;
  #places: Int32Array;
  #mask: number;
  #count = 0;

  constructor(connections: ConnectionTable, timeWait: TimeWait, expected: number) {
    this.#connections = connections;
    this.#timeWait = timeWait;
    let places = LEAST_PLACES;
    while (places < expected * 2) places *= 2;
    this.#places = new Int32Array(places * 2);
    this.#mask = places - 1;
  }

  get count(): number {
    return this.#count;
  }

  /** The reference of what has this tuple, or `ABSENT`. */
  find(hash: number, tuple: Tuple): number {
    const places = this.#places;
    const mask = this.#mask;
    for (let at = hash & mask; ; at = (at + STEP) & mask) {
      const ref = places[at * 2 + 1]!;
      if (ref === ABSENT) return ABSENT;
      if (places[at * 2] !== hash) continue;
      if (ref > 0 ? this.#connections.matches(ref - 1, tuple) : this.#timeWait.matches(-ref - 1, tuple)) return ref;
    }
  }

  /** Adds what is known to be absent. */
  add(hash: number, ref: number): void {
    if (++this.#count * 2 > this.#mask) this.#grow();
    this.#put(hash, ref);
  }

  /** Puts another reference in the place of one that is there. */
  replace(hash: number, ref: number, next: number): void {
    const at = this.#placeOf(hash, ref);
    if (at >= 0) this.#places[at * 2 + 1] = next;
  }

  /** Removes a reference, if it is there. */
  remove(hash: number, ref: number): void {
    const found = this.#placeOf(hash, ref);
    if (found < 0) return;
    this.#count--;
    const places = this.#places;
    const mask = this.#mask;
    // What follows moves up, as far as it may without passing its first place: no marks of what was removed stay behind.
    let gap = found;
    for (let at = (gap + STEP) & mask; places[at * 2 + 1] !== ABSENT; at = (at + STEP) & mask) {
      const first = places[at * 2]! & mask;
      if (stepsFrom(first, at, mask) < stepsFrom(gap, at, mask)) continue;
      places[gap * 2] = places[at * 2]!;
      places[gap * 2 + 1] = places[at * 2 + 1]!;
      gap = at;
    }
    places[gap * 2 + 1] = ABSENT;
  }

  #placeOf(hash: number, ref: number): number {
    const places = this.#places;
    const mask = this.#mask;
    for (let at = hash & mask; ; at = (at + STEP) & mask) {
      const each = places[at * 2 + 1]!;
      if (each === ref) return at;
      if (each === ABSENT) return -1;
    }
  }

  #put(hash: number, ref: number): void {
    const places = this.#places;
    const mask = this.#mask;
    let at = hash & mask;
    while (places[at * 2 + 1] !== ABSENT) at = (at + STEP) & mask;
    places[at * 2] = hash;
    places[at * 2 + 1] = ref;
  }

  #grow(): void {
    const old = this.#places;
    this.#places = new Int32Array(old.length * 2);
    this.#mask = old.length - 1;
    for (let i = 0; i < old.length; i += 2) if (old[i + 1] !== ABSENT) this.#put(old[i]!, old[i + 1]!);
  }
}
