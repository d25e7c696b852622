/**
 * The slots whose answer may be there already: they are tried first, and registered only where it is not. Told by their
 * generation from those that have changed hands in the meantime.
 */
export class Unwatched {
  readonly #slots: Int32Array;
  readonly #generations: Int32Array;
  #count = 0;

  constructor(capacity: number) {
    this.#slots = new Int32Array(capacity);
    this.#generations = new Int32Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** False if there is no room. */
  add(slot: number, generation: number): boolean {
    if (this.#count === this.#slots.length) return false;
    this.#slots[this.#count] = slot;
    this.#generations[this.#count++] = generation;
    return true;
  }

  slotAt(index: number): number {
    return this.#slots[index]!;
  }

  generationAt(index: number): number {
    return this.#generations[index]!;
  }

  clear(): void {
    this.#count = 0;
  }
}
