/**
 * A round in stages, in which all connections do the same together: all are opened, then there is an exchange on each, then
 * all are closed. Every worker waits at the end of a stage until the others are there too.
 */

export const STAGE_OPENING = 0;
export const STAGE_EXCHANGING = 1;
export const STAGE_CLOSING = 2;

/** The index in the control memory of a round at which workers count the stages they have finished; the stop flag is before it. */
const ARRIVALS = 1;
/** Words of control memory: the stop flag, and the stages that have an end to wait for. */
export const CONTROL_WORDS = 3;
/** More than there are workers. */
const EVERYBODY = 1 << 20;

/** A worker that waits for the others looks this often. */
const MEET_POLL_NS = 1e6;

export interface StagesOptions {
  /** Int32 [1], [2]: how many workers are done with each stage. Zero when the round begins. */
  readonly control: Int32Array;
  readonly worker: number;
  readonly workers: number;
  /** Exchanges begun a second, and connections closed, over all workers. */
  readonly ratePerSec: number;
  /** The time from the end of the last exchange to the first close. */
  readonly holdNs: number;
}

/** The stage of one worker, and when its next connection is due in it. Opening follows the pacer's schedule instead. */
export class Stages {
  stage = STAGE_OPENING;
  readonly #o: StagesOptions;
  #hasArrived = false;
  #beginNs = 0;
  #taken = 0;

  constructor(options: StagesOptions) {
    this.#o = options;
  }

  /** When the next turn of this worker is due. */
  get dueNs(): number {
    const { worker, workers, ratePerSec } = this.#o;
    return this.#beginNs + ((this.#taken * workers + worker) * 1e9) / ratePerSec;
  }

  /** Takes a turn. Returns when it was due. */
  take(): number {
    const { dueNs } = this;
    this.#taken++;
    return dueNs;
  }

  /** This worker is done with the stage. True once all are: the next one begins now. May be asked again and again. */
  arrive(nowNs: number): boolean {
    const { control, workers, holdNs } = this.#o;
    const at = ARRIVALS + this.stage;
    if (!this.#hasArrived) Atomics.add(control, at, 1);
    this.#hasArrived = true;
    if (Atomics.load(control, at) < workers) return false;
    this.#hasArrived = false;
    this.#taken = 0;
    this.stage++;
    this.#beginNs = this.stage === STAGE_CLOSING ? nowNs + holdNs : nowNs;
    return true;
  }

  /** When to look again. Of this worker's connections: whether one is still to have its exchange, and whether one is held. */
  wakeNs(nowNs: number, hasWaiting: boolean, hasHeld: boolean): number {
    if (this.#hasArrived) return nowNs + MEET_POLL_NS;
    const hasTurns = (this.stage === STAGE_EXCHANGING && hasWaiting) || (this.stage === STAGE_CLOSING && hasHeld);
    return hasTurns ? this.dueNs : Infinity;
  }

  /** This worker takes no part any more: the others do not wait for it. */
  leave(): void {
    for (let { stage } = this; stage < STAGE_CLOSING; stage++) {
      if (!this.#hasArrived) Atomics.add(this.#o.control, ARRIVALS + stage, 1);
      this.#hasArrived = false;
    }
  }
}

/** Resets the counts before a round. */
export function resetStages(control: Int32Array): void {
  for (let at = ARRIVALS; at < CONTROL_WORDS; at++) Atomics.store(control, at, 0);
}

/** Lets all workers go on without waiting for each other, because one has died. */
export function openStages(control: Int32Array): void {
  for (let at = ARRIVALS; at < CONTROL_WORDS; at++) Atomics.store(control, at, EVERYBODY);
}
