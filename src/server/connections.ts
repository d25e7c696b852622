/** An end of the list. */
export const NONE = -1;

/**
 * What a listener knows of its connections: one column a property, one row a slot, and the open ones in a list by their last
 * progress, so that the next to be idle for too long is always its head. Nothing is made or freed for a connection; memory
 * is touched only as slots come into use.
 */
export class ConnectionTable {
  /** The phase of each exchange, in the terms of the mode. */
  readonly phase: Uint8Array;
  readonly #progressNs: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  #head = NONE;
  #tail = NONE;
  #open = 0;

  constructor(capacity: number) {
    this.phase = new Uint8Array(capacity);
    this.#progressNs = new Float64Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
  }

  /** How many are in the list. */
  get open(): number {
    return this.#open;
  }

  /** The connection whose last progress is the longest ago, or NONE. */
  get stalest(): number {
    return this.#head;
  }

  /** The connection whose last progress came next after that of `slot`, or NONE. */
  after(slot: number): number {
    return this.#next[slot]!;
  }

  /** When the stalest made its last progress; Infinity if there is none. */
  get stalestNs(): number {
    return this.#head === NONE ? Infinity : this.#progressNs[this.#head]!;
  }

  add(slot: number, nowNs: number): void {
    this.phase[slot] = 0;
    this.#progressNs[slot] = nowNs;
    this.#append(slot);
    this.#open++;
  }

  /** Something moved. `nowNs` never goes back. */
  touch(slot: number, nowNs: number): void {
    this.#progressNs[slot] = nowNs;
    if (slot === this.#tail) return;
    this.#unlink(slot);
    this.#append(slot);
  }

  remove(slot: number): void {
    this.#unlink(slot);
    this.#open--;
  }

  #append(slot: number): void {
    this.#next[slot] = NONE;
    this.#previous[slot] = this.#tail;
    if (this.#tail === NONE) this.#head = slot;
    else this.#next[this.#tail] = slot;
    this.#tail = slot;
  }

  #unlink(slot: number): void {
    const after = this.#next[slot]!;
    const before = this.#previous[slot]!;
    if (before === NONE) this.#head = after;
    else this.#next[before] = after;
    if (after === NONE) this.#tail = before;
    else this.#previous[after] = before;
  }
}
