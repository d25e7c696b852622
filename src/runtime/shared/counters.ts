/**
 * What one thread counts, by place, in memory that another thread may read at any time. Doubles: an aligned 64-bit store is never
 * seen half done, and integers stay exact up to 2^53.
 */
export class SharedCounters {
  readonly #values: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#values = new Float64Array(memory);
  }

  static memoryFor(counters: number): SharedArrayBuffer {
    return new SharedArrayBuffer(counters * Float64Array.BYTES_PER_ELEMENT);
  }

  add(counter: number, count: number): void {
    this.#values[counter]! += count;
  }

  set(counter: number, value: number): void {
    this.#values[counter] = value;
  }

  get(counter: number): number {
    return this.#values[counter]!;
  }
}
