/** Connections that could not send for want of frames, in the order they asked; a row is in it once. */
export class StarvedRows {
  #rows = new Int32Array(64);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(row: number): void {
    if (this.#count === this.#rows.length) {
      const rows = new Int32Array(this.#rows.length * 2);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    this.#rows[this.#count++] = row;
  }

  at(index: number): number {
    return this.#rows[index]!;
  }

  /** Forgets the first `count`. */
  shift(count: number): void {
    this.#rows.copyWithin(0, count, this.#count);
    this.#count -= count;
  }
}
