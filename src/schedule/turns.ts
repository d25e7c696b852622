/** Which attempts of a schedule are one worker's. */
export interface TurnsOptions {
  readonly worker: number;
  readonly workers: number;
  /**
   * Of each `of` attempts, the places of those that fall to this machine, ascending. Left out: the machine has the schedule for itself.
   */
  readonly turns?: readonly number[];
  readonly of?: number;
}

/**
 * The attempts of one worker, in order: the machine takes those whose number modulo `of` is in `turns`, and worker w of W takes the
 * machine's attempts j ≡ w (mod W). The distances between them repeat, so that a step to the next is one addition.
 */
export class Turns {
  readonly #worker: number;
  readonly #workers: number;
  readonly #turns: readonly number[];
  readonly #of: number;
  readonly #strides: Int32Array;
  #at = 0;
  #next: number;
  #taken = 0;

  constructor({ worker, workers, turns = [0], of = 1 }: TurnsOptions) {
    this.#worker = worker;
    this.#workers = workers;
    this.#turns = turns;
    this.#of = of;
    const { length } = turns;
    const numberOf = (place: number): number => Math.floor(place / length) * of + turns[place % length]!;
    const cycle = length / greatestCommonDivisor(length, workers);
    this.#strides = Int32Array.from({ length: cycle }, (_, step) => {
      const place = worker + step * workers;
      return numberOf(place + workers) - numberOf(place);
    });
    this.#next = numberOf(worker);
  }

  /** The number that `take` returns next. */
  get next(): number {
    return this.#next;
  }

  /** How many were taken. */
  get taken(): number {
    return this.#taken;
  }

  take(): number {
    const index = this.#next;
    const at = this.#at;
    this.#next = index + this.#strides[at]!;
    this.#at = at + 1 === this.#strides.length ? 0 : at + 1;
    this.#taken++;
    return index;
  }

  /** Returns how many of the worker's numbers are below `end`, taken or not. */
  countBelow(end: number): number {
    if (end <= 0) return 0;
    const cycles = Math.floor(end / this.#of);
    const rest = end - cycles * this.#of;
    let places = cycles * this.#turns.length;
    for (const turn of this.#turns) if (turn < rest) places++;
    return Math.max(0, Math.ceil((places - this.#worker) / this.#workers));
  }

  /** Returns how many of the worker's numbers from the next one on are below `end`. */
  countUntaken(end: number): number {
    return Math.max(0, this.countBelow(end) - this.#taken);
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
