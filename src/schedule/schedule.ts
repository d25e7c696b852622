/**
 * When attempt n is due. Pure arithmetic on the index: a late start never moves later ones.
 */
export interface Schedule {
  /** The intended start of attempt n in ns after the base, not decreasing in n. */
  dueNs(n: number): number;
  /** How many attempts are due in [0, durationNs). */
  countBefore(durationNs: number): number;
}

/** How much a few roundings change a double. */
const ROUNDING = 4 * Number.EPSILON;

/** The whole number that a value is but for rounding errors of the size of `scale`; otherwise the value. */
function snapped(value: number, scale: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= scale * ROUNDING ? whole : value;
}

/** Attempt n is due at n / rate: exact to the rounding of a double, and whole where that is whole, for any number of attempts. */
export class ConstantRate implements Schedule {
  readonly #ratePerSec: number;

  constructor(ratePerSec: number) {
    this.#ratePerSec = ratePerSec;
  }

  dueNs(n: number): number {
    const dueNs = (n * 1e9) / this.#ratePerSec;
    return snapped(dueNs, dueNs);
  }

  countBefore(durationNs: number): number {
    // The estimate can be off by one where rate × duration is not exact, so it is settled by dueNs itself.
    let count = Math.round((durationNs * this.#ratePerSec) / 1e9);
    while (count > 0 && this.dueNs(count - 1) >= durationNs) count--;
    while (this.dueNs(count) < durationNs) count++;
    return count;
  }
}

/** A part of a schedule in which the rate changes linearly, or stands. */
interface RatePiece {
  readonly fromPerSec: number;
  readonly toPerSec: number;
  /** Infinity goes on. */
  readonly durationNs: number;
}

/**
 * A rate in pieces, one after the other; after the last nothing is due. Attempt n is due when the area under the rate reaches n:
 * a quadratic within a piece, solved in closed form, so that nothing adds up over a long ramp.
 *
 * Areas and due times that are whole but for rounding are made whole. Otherwise a round that ends where attempt n is due would have
 * that attempt too, or not, by the last digit of a double.
 */
class RateInPieces implements Schedule {
  readonly #pieces: readonly RatePiece[];
  /** Each piece has its start, and how many attempts (with fractions) are due before it and before its end. */
  readonly #startNs: Float64Array;
  readonly #before: Float64Array;
  readonly #until: Float64Array;

  constructor(pieces: readonly RatePiece[]) {
    this.#pieces = pieces.filter(({ durationNs }) => durationNs > 0);
    const { length } = this.#pieces;
    this.#startNs = new Float64Array(length);
    this.#before = new Float64Array(length);
    this.#until = new Float64Array(length);
    let startNs = 0;
    let area = 0;
    for (const [at, { fromPerSec, toPerSec, durationNs }] of this.#pieces.entries()) {
      this.#startNs[at] = startNs;
      this.#before[at] = area;
      area += ((fromPerSec + toPerSec) * durationNs) / 2e9;
      area = snapped(area, area);
      this.#until[at] = area;
      startNs += durationNs;
    }
  }

  dueNs(n: number): number {
    let at = 0;
    while (at < this.#pieces.length && n >= this.#until[at]!) at++;
    if (at === this.#pieces.length) return Infinity;
    const { durationNs } = this.#pieces[at]!;
    const startNs = this.#startNs[at]!;
    const dueNs = startNs + Math.min(durationNs, this.#intoNs(at, n));
    return snapped(dueNs, durationNs === Infinity ? dueNs : startNs + durationNs);
  }

  /** How long after the start of its piece attempt n is due. */
  #intoNs(at: number, n: number): number {
    const { fromPerSec: from, toPerSec: to, durationNs } = this.#pieces[at]!;
    const into = n - this.#before[at]!;
    if (from === to) return (into * 1e9) / from;
    // Each from its slow end, in the form that loses no digits where the rate is near 0 or hardly changes.
    const perSec2 = (Math.abs(to - from) * 1e9) / durationNs;
    if (from < to) return (2e9 * into) / (from + Math.sqrt(from * from + 2 * perSec2 * into)) || 0;
    const left = this.#until[at]! - n;
    return Math.max(0, durationNs - (2e9 * left) / (to + Math.sqrt(to * to + 2 * perSec2 * left)));
  }

  countBefore(durationNs: number): number {
    let count = Math.max(0, Math.round(this.#areaUntil(durationNs)));
    // Settled by dueNs itself, as for a constant rate.
    while (count > 0 && this.dueNs(count - 1) >= durationNs) count--;
    while (this.dueNs(count) < durationNs) count++;
    return count;
  }

  /** How many attempts (with fractions) are due in the first `ns`. */
  #areaUntil(ns: number): number {
    const at = this.#startNs.findLastIndex((startNs) => startNs < ns);
    if (at === -1) return 0;
    const { fromPerSec: from, toPerSec: to, durationNs } = this.#pieces[at]!;
    const intoNs = ns - this.#startNs[at]!;
    if (intoNs >= durationNs) return this.#until[at]!;
    const rate = from === to ? from : from + ((to - from) * intoNs) / durationNs;
    return this.#before[at]! + ((from + rate) * intoNs) / 2e9;
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

/** A rate that changes linearly. After the ramp the last rate goes on. */
export class LinearRamp extends RateInPieces {
  constructor({ fromPerSec, toPerSec, startNs, durationNs }: RampOptions) {
    super([
      { fromPerSec, toPerSec: fromPerSec, durationNs: startNs },
      { fromPerSec, toPerSec, durationNs },
      { fromPerSec: toPerSec, toPerSec, durationNs: toPerSec > 0 ? Infinity : 0 },
    ]);
  }
}

export interface RampedRateOptions {
  readonly ratePerSec: number;
  /** How long the rate rises from 0. */
  readonly upNs: number;
  /** How long it stands. */
  readonly steadyNs: number;
  /** How long the rate falls to 0. */
  readonly downNs: number;
}

/** A rate that rises from 0, stands, and falls to 0 again. After that nothing is due. */
export class RampedRate extends RateInPieces {
  constructor({ ratePerSec, upNs, steadyNs, downNs }: RampedRateOptions) {
    super([
      { fromPerSec: 0, toPerSec: ratePerSec, durationNs: upNs },
      { fromPerSec: ratePerSec, toPerSec: ratePerSec, durationNs: steadyNs },
      { fromPerSec: ratePerSec, toPerSec: 0, durationNs: downNs },
    ]);
  }
}
