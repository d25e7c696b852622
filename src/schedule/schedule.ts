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

export interface RampOptions {
  readonly fromPerSec: number;
  readonly toPerSec: number;
  /** The rate stands at `fromPerSec` until then (the warm-up). */
  readonly startNs: number;
  /** How long it takes from one rate to the other. */
  readonly durationNs: number;
}

/**
 * A rate that changes linearly. Attempt n is due when the area under the rate reaches n: a quadratic, solved in closed
 * form, so that nothing adds up over a long ramp. Beyond the ramp the last rate goes on.
 */
export class LinearRamp implements Schedule {
  readonly #fromPerSec: number;
  readonly #toPerSec: number;
  readonly #startSec: number;
  readonly #durationSec: number;
  /** Change of the rate, connections/s². */
  readonly #slope: number;
  /** Attempts (with fractions) before the ramp begins, and until it ends. */
  readonly #before: number;
  readonly #until: number;

  constructor({ fromPerSec, toPerSec, startNs, durationNs }: RampOptions) {
    this.#fromPerSec = fromPerSec;
    this.#toPerSec = toPerSec;
    this.#startSec = startNs / 1e9;
    this.#durationSec = durationNs / 1e9;
    this.#slope = (toPerSec - fromPerSec) / this.#durationSec;
    this.#before = fromPerSec * this.#startSec;
    this.#until = this.#before + ((fromPerSec + toPerSec) / 2) * this.#durationSec;
  }

  dueNs(n: number): number {
    return this.#dueSec(n) * 1e9;
  }

  #dueSec(n: number): number {
    const from = this.#fromPerSec;
    if (n < this.#before) return n / from;
    const into = n - this.#before;
    if (into === 0) return this.#startSec;
    if (n > this.#until) return this.#startSec + this.#durationSec + (n - this.#until) / this.#toPerSec;
    // The root in the form that loses no digits where the slope is small; rounding must not take it below 0.
    const rate = Math.sqrt(Math.max(0, from * from + 2 * this.#slope * into));
    return this.#startSec + Math.min(this.#durationSec, (2 * into) / (from + rate));
  }

  countBefore(durationNs: number): number {
    let count = Math.max(0, Math.round(this.#areaUntil(durationNs / 1e9)));
    // Settled by dueNs itself, as for a constant rate.
    while (count > 0 && this.dueNs(count - 1) >= durationNs) count--;
    while (this.dueNs(count) < durationNs) count++;
    return count;
  }

  /** How many attempts (with fractions) are due in the first `sec` seconds. */
  #areaUntil(sec: number): number {
    const from = this.#fromPerSec;
    if (sec <= this.#startSec) return from * sec;
    const into = Math.min(sec - this.#startSec, this.#durationSec);
    const after = Math.max(0, sec - this.#startSec - this.#durationSec);
    return this.#before + from * into + (this.#slope * into * into) / 2 + this.#toPerSec * after;
  }
}

export interface RampedRateOptions {
  readonly ratePerSec: number;
  /** From 0 to the rate, before it stands. */
  readonly upNs: number;
  /** How long it stands. */
  readonly steadyNs: number;
  /** From the rate to 0. */
  readonly downNs: number;
}

/** A rate that rises from 0, stands, and falls to 0 again. After that nothing is due. */
export class RampedRate implements Schedule {
  readonly #rise: Schedule;
  readonly #fall: Schedule;
  readonly #steadyEndNs: number;
  /** Attempts before the fall, and with it. */
  readonly #beforeFall: number;
  readonly #count: number;

  constructor({ ratePerSec, upNs, steadyNs, downNs }: RampedRateOptions) {
    const rising = { fromPerSec: 0, toPerSec: ratePerSec, startNs: 0, durationNs: upNs };
    const falling = { fromPerSec: ratePerSec, toPerSec: 0, startNs: 0, durationNs: downNs };
    // A ramp goes on at its last rate.
    this.#rise = upNs > 0 ? new LinearRamp(rising) : new ConstantRate(ratePerSec);
    this.#fall = downNs > 0 ? new LinearRamp(falling) : new ConstantRate(ratePerSec);
    this.#steadyEndNs = upNs + steadyNs;
    this.#beforeFall = this.#rise.countBefore(this.#steadyEndNs);
    this.#count = this.#beforeFall + this.#fall.countBefore(downNs);
  }

  dueNs(n: number): number {
    if (n >= this.#count) return Infinity;
    if (n < this.#beforeFall) return this.#rise.dueNs(n);
    return this.#steadyEndNs + this.#fall.dueNs(n - this.#beforeFall);
  }

  countBefore(durationNs: number): number {
    if (durationNs <= this.#steadyEndNs) return this.#rise.countBefore(durationNs);
    return Math.min(this.#count, this.#beforeFall + this.#fall.countBefore(durationNs - this.#steadyEndNs));
  }
}
