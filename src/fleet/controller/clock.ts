/**
 * How far an agent's CLOCK_MONOTONIC is from the controller's. Pure: readings in, the offset with its bound and the drift out.
 *
 * A reading that was asked for at s and came back at r was taken between the two, so the offset is within half of r - s of the middle,
 * however unequal the two ways are. Clocks that drift apart by at most `DRIFT_MAX` make each reading a bound for later times as well.
 * All bounds hold, so the offset is where they overlap. Its middle has the fastest message of each way in it, which is more than the
 * fastest round trip says. Where no one offset is within all bounds, the clocks drift: a line through the best readings follows that.
 * On a busy machine readings are off by a millisecond and all to one side; a line through them alone would be a drift that is none.
 */

/** The agent's clock was `remoteNs` at some time between `sentNs` and `receivedNs` of the controller's. */
export interface ClockReading {
  readonly sentNs: bigint;
  readonly remoteNs: bigint;
  readonly receivedNs: bigint;
}

/** What the agent's clock shows when the controller's shows a time. */
export interface ClockOffset {
  /** The agent's clock less the controller's, in ns. */
  readonly offsetNs: bigint;
  /** The true offset is at most this far from `offsetNs`. */
  readonly errorNs: number;
  /** Whether the readings prove a drift, which the offset follows. */
  readonly isFollowed: boolean;
}

/** Two clocks drift apart by at most so much: crystals are good to 50 ppm each. A clock that is steered by more shows as a contradiction. */
const DRIFT_MAX = 100e-6;
/** A reading says little about a time this much later: its bound has grown by 1 ms. */
const KEPT_NS = 10e9;
/** The line goes through the best reading of each second, of as many seconds. */
const LINE_SECONDS = 60;
/** Before, a slope would be chance. */
const LINE_SECONDS_MIN = 5;

/** A smaller move of the clocks is not worth a message. */
const MOVE_MIN_NS = 5e3;
/** Nor is one that is small beside what is not known. */
const MOVE_MIN_PARTS = 1 / 4;

/**
 * Returns by how much an offset that an agent works with is to be moved, in ns: where a drift is proven, or where it is not within the
 * bound any more. 0: what differs may be noise.
 */
export function moveOf(usedNs: bigint, { offsetNs, errorNs, isFollowed }: ClockOffset): number {
  const moveNs = Number(offsetNs - usedNs);
  const leastNs = isFollowed ? Math.max(MOVE_MIN_NS, MOVE_MIN_PARTS * errorNs) : errorNs;
  return Math.abs(moveNs) > leastNs ? moveNs : 0;
}

/** A reading in doubles, as of the first: exact to 1 ns for 104 days. */
interface Point {
  readonly atNs: number;
  readonly offsetNs: number;
  readonly halfNs: number;
}

/** The readings of one agent's clock. */
export class AgentClock {
  /** The offset and the time that all doubles here count from. */
  #baseOffsetNs: bigint | null = null;
  #baseNs = 0n;
  #points: Point[] = [];
  /** The best reading of each second, by its number. The last one may still be replaced. */
  #best: { readonly second: number; readonly point: Point }[] = [];
  #smallestTripNs = Infinity;

  /** The smallest round trip so far; Infinity before the first reading. */
  get smallestTripNs(): number {
    return this.#smallestTripNs;
  }

  /** Takes a reading. Readings come in the order of `receivedNs`. */
  add({ sentNs, remoteNs, receivedNs }: ClockReading): void {
    const tripNs = Number(receivedNs - sentNs);
    if (tripNs < 0) return;
    const middleNs = sentNs + BigInt(Math.floor(tripNs / 2));
    this.#baseOffsetNs ??= remoteNs - middleNs;
    if (this.#points.length === 0 && this.#best.length === 0) this.#baseNs = middleNs;
    const atNs = Number(middleNs - this.#baseNs);
    // A middle between two whole ns is rounded down.
    const point = { atNs, offsetNs: Number(remoteNs - middleNs - this.#baseOffsetNs), halfNs: tripNs / 2 + 0.5 };
    this.#smallestTripNs = Math.min(this.#smallestTripNs, tripNs);
    this.#points.push(point);
    while (this.#points[0]!.atNs <= atNs - KEPT_NS) this.#points.shift();
    this.#keepBest(point);
    if (this.#overlapAt(atNs) === null) this.#forgetAllBut(point);
  }

  /** Returns the offset at a time of the controller's clock. Rejected readings, and none at all, leave nothing to say: null. */
  at(timeNs: bigint): ClockOffset | null {
    if (this.#baseOffsetNs === null) return null;
    const atNs = Number(timeNs - this.#baseNs);
    const overlap = this.#overlapAt(atNs);
    if (overlap === null) return null;
    const { lowNs, highNs } = overlap;
    const lineNs = this.#lineAt(atNs);
    const offsetNs = Math.round(Math.min(highNs, Math.max(lowNs, lineNs ?? (lowNs + highNs) / 2)));
    const errorNs = Math.ceil(Math.max(highNs - offsetNs, offsetNs - lowNs));
    return { offsetNs: this.#baseOffsetNs + BigInt(offsetNs), errorNs, isFollowed: lineNs !== null };
  }

  /** Where the bounds of all readings overlap; null where they do not: the clock was steered, or stood still. */
  #overlapAt(atNs: number): { lowNs: number; highNs: number } | null {
    let lowNs = -Infinity;
    let highNs = Infinity;
    for (const { atNs: thenNs, offsetNs, halfNs } of this.#points) {
      const withinNs = halfNs + DRIFT_MAX * Math.abs(atNs - thenNs);
      lowNs = Math.max(lowNs, offsetNs - withinNs);
      highNs = Math.min(highNs, offsetNs + withinNs);
    }
    return lowNs <= highNs ? { lowNs, highNs } : null;
  }

  #forgetAllBut(point: Point): void {
    this.#points = [point];
    this.#best = [];
    this.#keepBest(point);
  }

  #keepBest(point: Point): void {
    const second = Math.floor(point.atNs / 1e9);
    const last = this.#best.at(-1);
    if (last?.second !== second) this.#best.push({ second, point });
    else if (point.halfNs < last.point.halfNs) this.#best[this.#best.length - 1] = { second, point };
    if (this.#best.length > LINE_SECONDS) this.#best.shift();
  }

  /** Whether no one offset is within the bounds of all that is kept. */
  #isDriftProven(): boolean {
    let lowNs = -Infinity;
    let highNs = Infinity;
    for (const { point } of this.#best) {
      lowNs = Math.max(lowNs, point.offsetNs - point.halfNs);
      highNs = Math.min(highNs, point.offsetNs + point.halfNs);
    }
    return lowNs > highNs;
  }

  /** Least squares through the best reading of each second, each weighing by how narrow its bound is; null where they prove no drift. */
  #lineAt(atNs: number): number | null {
    if (this.#best.length < LINE_SECONDS_MIN || !this.#isDriftProven()) return null;
    let [weights, meanX, meanY] = [0, 0, 0];
    for (const { point } of this.#best) {
      const weight = weightOf(point);
      weights += weight;
      meanX += weight * point.atNs;
      meanY += weight * point.offsetNs;
    }
    meanX /= weights;
    meanY /= weights;
    let [covered, spread] = [0, 0];
    for (const { point } of this.#best) {
      const weight = weightOf(point);
      covered += weight * (point.atNs - meanX) * (point.offsetNs - meanY);
      spread += weight * (point.atNs - meanX) ** 2;
    }
    const slope = spread > 0 ? Math.max(-DRIFT_MAX, Math.min(DRIFT_MAX, covered / spread)) : 0;
    return meanY + slope * (atNs - meanX);
  }
}

function weightOf({ halfNs }: Point): number {
  return 1 / (halfNs * halfNs);
}
