/** FreeSlots chooses the slots of accepted connections: one that was used before where there is one, so that little memory is touched. */
export class FreeSlots {
  /** Slots from here on were never used. */
  fresh = 0;
  readonly #free: Int32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#free = new Int32Array(capacity);
  }

  take(): number {
    return this.#count > 0 ? this.#free[--this.#count]! : this.fresh++;
  }

  give(slot: number): void {
    this.#free[this.#count++] = slot;
  }
}
