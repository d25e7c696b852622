import type { Schedule } from './schedule.ts';
import type { Turns } from './turns.ts';

const INTERVAL_NS = 1e9;
/** What is due but this late when the round is over counts as missed, not as started after the end. */
const GRACE_NS = 100e6;

/** Above this rate one wake-up serves several starts, see `batchNsOf`. */
const BATCH_ABOVE_PER_SEC = 15000;
const BATCH_NS = 400e3;
/** For an engine whose wake-ups cost little: two or three starts at 50 000/s, which wake the peer together too. */
const SHORT_BATCH_NS = 40e3;
/** Below, such an engine gathers nothing: a start alone is due only after the time for which it would. */
const SHORT_BATCH_ABOVE_PER_SEC = 25_000;

/**
 * At a low rate each start is a wake-up of its own, which is the most even. Near what a core can do the wake-ups themselves
 * tip it over, for us and for the target, so starts are then gathered for a moment. `ratePerSec`: of all workers, null for
 * closed loop. `wakesCheaply` is a trait of the engine: it gathers for a tenth of the time, and from a higher rate on.
 */
export function batchNsOf(ratePerSec: number | null, workers: number, wakesCheaply: boolean): number {
  const above = wakesCheaply ? SHORT_BATCH_ABOVE_PER_SEC : BATCH_ABOVE_PER_SEC;
  if (ratePerSec === null || ratePerSec / workers <= above) return 0;
  return wakesCheaply ? SHORT_BATCH_NS : BATCH_NS;
}

/** Starts in one wake-up: bursts this small do not show in what counts connections. */
const BURST_STARTS = 4;
/** Timers are late by so much on any machine. */
const LAG_FLOOR_NS = 500e3;

/** How late a start may be where an even load matters more than that every attempt is made. */
export function evenLagNs(ratePerSec: number): number {
  return Math.max(LAG_FLOOR_NS, (BURST_STARTS * 1e9) / ratePerSec);
}

export interface PacerOptions {
  /** Null is closed loop: as many as there is room for, until the end. */
  readonly schedule: Schedule | null;
  /** Which attempts are this worker's; the pacer takes them. */
  readonly turns: Turns;
  /** The start of the round on the run's clock, warm-up included. */
  readonly baseNs: number;
  readonly warmupNs: number;
  readonly durationNs: number;
  /**
   * Where attempts are counted: on a schedule, how many of the whole schedule are measured, whatever rounding makes of the duration; in
   * closed loop, how many this worker starts. Null or left out where only the time counts.
   */
  readonly count?: number | null;
  /** How long the schedule goes on after the measured part, while the rate falls; 0 if left out. */
  readonly tailNs?: number;
  /** How late a start may be woken so that one wake-up serves several; 0 wakes for each. */
  readonly batchNs: number;
  /** What is later than this is missed, not started: a burst would be another load. Infinity if left out. */
  readonly maxLagNs?: number;
}

/**
 * One worker's part of a round: which attempt is next and when, where the warm-up ends, and the seconds that reports go by.
 *
 * Due times can be shifted while the round goes on, where the clock of this machine and that of the schedule drift apart. What is
 * counted stays the same: attempts are measured by their number, and the warm-up and the seconds end when they would without.
 */
export class Pacer {
  readonly baseNs: number;
  /** End of the warm-up. */
  readonly measureNs: number;
  /** What is later than this is given up. */
  readonly maxLagNs: number;
  readonly isClosedLoop: boolean;
  /** When the current second is over. */
  intervalEndNs = -Infinity;
  readonly #schedule: Schedule | null;
  readonly #turns: Turns;
  readonly #batchNs: number;
  /** Attempts below this index belong to the warm-up. */
  readonly #firstMeasured: number;
  /** Attempts from here on belong to the tail. */
  readonly #measuredEnd: number;
  readonly #count: number;
  /** The end of the measured part, and of the round with what is allowed beyond it, without a shift. */
  readonly #unshiftedEndNs: number;
  readonly #unshiftedOverdueNs: number;
  /** Attempt 0 is due so long after 0. */
  #originNs = Infinity;
  #endNs = Infinity;
  #overdueNs = Infinity;
  /** Closed loop: measured starts that are left; -1 where they are not counted. */
  #left = -1;
  #nextNs = Infinity;
  /** Infinity once nothing more will be started. */
  #wakeNs = Infinity;

  constructor(options: PacerOptions) {
    this.#schedule = options.schedule;
    this.#turns = options.turns;
    this.#batchNs = options.batchNs;
    this.maxLagNs = options.maxLagNs ?? Infinity;
    this.baseNs = options.baseNs;
    this.measureNs = options.baseNs + options.warmupNs;
    this.isClosedLoop = options.schedule === null;
    this.#firstMeasured = options.schedule?.countBefore(options.warmupNs) ?? 0;
    const tailNs = options.tailNs ?? 0;
    this.#unshiftedEndNs = this.measureNs + options.durationNs;
    this.#unshiftedOverdueNs = this.#unshiftedEndNs + tailNs + (this.isClosedLoop ? 0 : GRACE_NS);
    this.#placeAt(0);
    const measuredNs = options.warmupNs + options.durationNs;
    const count = options.count ?? null;
    this.#measuredEnd = count === null ? (options.schedule?.countBefore(measuredNs) ?? 0) : this.#firstMeasured + count;
    this.#count = tailNs > 0 ? (options.schedule?.countBefore(measuredNs + tailNs) ?? 0) : this.#measuredEnd;
    if (this.isClosedLoop) {
      this.#left = count ?? -1;
      this.#wakeNs = count === 0 ? Infinity : this.#endNs;
    }
    this.nextInterval(options.baseNs);
    this.#computeNext();
  }

  #placeAt(shiftNs: number): void {
    this.#originNs = this.baseNs + shiftNs;
    this.#endNs = this.#unshiftedEndNs + shiftNs;
    this.#overdueNs = this.#unshiftedOverdueNs + shiftNs;
  }

  #computeNext(): void {
    const { next } = this.#turns;
    // Not one expression: where V8 has seen one branch only, it would make an object of the double, to be safe from the other.
    if (this.#schedule === null || next >= this.#count) this.#nextNs = Infinity;
    else this.#nextNs = this.#originNs + this.#schedule.dueNs(next);
    // A shift must not move what is measured into the warm-up, where it would not be counted.
    if (next >= this.#firstMeasured && this.#nextNs < this.measureNs) this.#nextNs = this.measureNs;
    if (!this.isClosedLoop) this.#wakeNs = this.#nextNs + this.#batchNs;
  }

  /** Has every attempt due so much later than at the begin of the round, and the round end so much later. A later call replaces it. */
  shift(shiftNs: number): void {
    if (this.isDone || this.#originNs === this.baseNs + shiftNs) return;
    this.#placeAt(shiftNs);
    if (this.isClosedLoop) this.#wakeNs = this.#endNs;
    this.#computeNext();
  }

  /** The end of the measured part. */
  get endNs(): number {
    return this.#endNs;
  }

  /** The time at which starts that are still due are given up, since the round has long been over. */
  get overdueNs(): number {
    return this.#overdueNs;
  }

  /** The index of the attempt that `take` returns next. */
  get nextIndex(): number {
    return this.#turns.next;
  }

  /** How many attempts were taken. */
  get taken(): number {
    return this.#turns.taken;
  }

  /** When the next attempt is due; Infinity if none is left (or in closed loop). */
  get dueNs(): number {
    return this.#nextNs;
  }

  /** When to wake for it; in closed loop, for the end. */
  get wakeNs(): number {
    return this.#wakeNs;
  }

  take(): number {
    const index = this.#turns.take();
    this.#computeNext();
    return index;
  }

  /** Closed loop: one that is measured was started. After the last of them nothing more will be. */
  countStart(): void {
    if (this.#left > 0 && --this.#left === 0) this.#wakeNs = Infinity;
  }

  /** Whether attempt n of a schedule is part of what is measured. In closed loop, what starts from `measureNs` on is. */
  measures(index: number): boolean {
    return index >= this.#firstMeasured && index < this.#measuredEnd;
  }

  /** Whether the schedule has ended: no more attempts will start. */
  get isDone(): boolean {
    return this.#wakeNs === Infinity;
  }

  /** Gives up the rest. Returns how many measured attempts were due by `nowNs` and had not been taken. */
  giveUp(nowNs: number): number {
    let late = 0;
    if (this.#schedule !== null) {
      const dueCount = Math.min(this.#measuredEnd, this.#schedule.countBefore(Math.max(0, nowNs - this.#originNs)));
      // Those of the warm-up among them are not part of the result.
      const unmeasured = Math.min(dueCount, this.#firstMeasured);
      late = this.#turns.countUntaken(dueCount) - this.#turns.countUntaken(unmeasured);
    }
    this.#nextNs = Infinity;
    this.#wakeNs = Infinity;
    return late;
  }

  /** Moves `intervalEndNs` past `nowNs`; seconds count from the end of the warm-up. */
  nextInterval(nowNs: number): void {
    this.intervalEndNs = this.measureNs + (Math.floor((nowNs - this.measureNs) / INTERVAL_NS) + 1) * INTERVAL_NS;
  }
}
