import { NONE } from './tcp-user.ts';

/** Places that few connections need, and only for a while: the one given back last is the next to be taken. */
export class Places {
  readonly #free: Uint16Array;
  #count = 0;
  #fresh = 0;

  constructor(most: number) {
    this.#free = new Uint16Array(most);
  }

  /** How many are taken. */
  get used(): number {
    return this.#fresh - this.#count;
  }

  /** A place, or `NONE` where all are taken. */
  take(): number {
    if (this.#count > 0) return this.#free[--this.#count]!;
    return this.#fresh < this.#free.length ? this.#fresh++ : NONE;
  }

  give(place: number): void {
    this.#free[this.#count++] = place;
  }
}
