/** Words of the head: the tail and the head are a cache line apart, so that producers and consumers do not share one. */
const TAIL = 0;
const LENGTH = 1;
const HEAD = 16;
const CELLS = 32;

/**
 * A bounded queue of small records in shared memory, for any number of threads at both ends, without a lock: a thread that is
 * stopped half way delays the record it holds and no other thread's loop.
 *
 * After D. Vyukov's bounded queue: each cell counts its turns, odd while it holds a record, so a place is claimed by one
 * compare-and-swap of the tail or the head. Counted from zero, untouched memory is an empty ring.
 */
export class SharedRing {
  readonly #memory: Int32Array;
  readonly #cellWords: number;
  readonly #limit: number;
  readonly #mask: number;
  readonly #shift: number;

  /** `limit` records of `words` each, in memory that `createMemory` made with the same figures. */
  constructor(memory: SharedArrayBuffer, limit: number, words: number) {
    this.#memory = new Int32Array(memory);
    this.#cellWords = words + 1;
    this.#limit = limit;
    this.#shift = placesShift(limit);
    this.#mask = 2 ** this.#shift - 1;
  }

  static createMemory(limit: number, words: number): SharedArrayBuffer {
    const places = 2 ** placesShift(limit);
    return new SharedArrayBuffer((CELLS + places * (words + 1)) * Int32Array.BYTES_PER_ELEMENT);
  }

  /** How many records there are, or are just being written. */
  get length(): number {
    return Math.max(0, Atomics.load(this.#memory, LENGTH));
  }

  /** Appends the record that starts at `at`; false if `limit` are there, counting those that are just being read. */
  push(record: Int32Array, at: number): boolean {
    const memory = this.#memory;
    if (Atomics.add(memory, LENGTH, 1) >= this.#limit) {
      Atomics.sub(memory, LENGTH, 1);
      return false;
    }
    for (;;) {
      const tail = Atomics.load(memory, TAIL);
      const cell = this.#cellOf(tail);
      const lead = (Atomics.load(memory, cell) - this.#turnOf(tail)) | 0;
      // A consumer still reads what stood here a round ago. Who waited for it would wait for a thread that may not be running.
      if (lead < 0) {
        Atomics.sub(memory, LENGTH, 1);
        return false;
      }
      if (lead > 0 || Atomics.compareExchange(memory, TAIL, tail, (tail + 1) | 0) !== tail) continue;
      for (let i = 1; i < this.#cellWords; i++) memory[cell + i] = record[at + i - 1]!;
      Atomics.store(memory, cell, this.#turnOf(tail) + 1);
      return true;
    }
  }

  /** Takes the oldest record to `at`; false if there is none. */
  pop(record: Int32Array, at: number): boolean {
    const memory = this.#memory;
    for (;;) {
      const head = Atomics.load(memory, HEAD);
      const cell = this.#cellOf(head);
      const lead = (Atomics.load(memory, cell) - this.#turnOf(head) - 1) | 0;
      if (lead < 0) return false;
      if (lead > 0 || Atomics.compareExchange(memory, HEAD, head, (head + 1) | 0) !== head) continue;
      for (let i = 1; i < this.#cellWords; i++) record[at + i - 1] = memory[cell + i]!;
      // The turn of the next round, which starts at 0 again where the 32-bit count does.
      Atomics.store(memory, cell, this.#turnOf((head + this.#mask + 1) | 0));
      Atomics.sub(memory, LENGTH, 1);
      return true;
    }
  }

  #cellOf(position: number): number {
    return CELLS + (position & this.#mask) * this.#cellWords;
  }

  /** What an empty cell counts when `position` is to be written. */
  #turnOf(position: number): number {
    return (2 * (position >>> this.#shift)) | 0;
  }
}

function placesShift(limit: number): number {
  return Math.max(1, Math.ceil(Math.log2(limit)));
}
