/**
 * When attempt n is due. Pure arithmetic on the index: a late start never moves the ones behind it.
 */
export interface Schedule {
  /** The intended start of attempt n in ns after the base, not decreasing in n. */
  dueNs(n: number): number;
  /** How many attempts are due in [0, durationNs). */
  countBefore(durationNs: number): number;
}

/** Attempt n is due at n / rate: exact to the rounding of a double, for any number of attempts. */
export class ConstantRate implements Schedule {
  readonly #ratePerSec: number;

  constructor(ratePerSec: number) {
    this.#ratePerSec = ratePerSec;
  }

  dueNs(n: number): number {
    return (n * 1e9) / this.#ratePerSec;
  }

  countBefore(durationNs: number): number {
    // The estimate can be off by one where rate × duration is not exact, so it is settled by dueNs itself.
    let count = Math.round((durationNs * this.#ratePerSec) / 1e9);
    while (count > 0 && this.dueNs(count - 1) >= durationNs) count--;
    while (this.dueNs(count) < durationNs) count++;
    return count;
  }
}
