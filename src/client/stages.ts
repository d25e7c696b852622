/**
 * A round in stages, in which all connections do the same together: all are opened, then there is an exchange on each, then
 * all are closed. Every worker waits at the end of a stage until the others are there too. Where several machines have one schedule,
 * the workers of each then wait until they are told when the next stage begins.
 */
import { ROUND_WORDS } from '../runtime/round-control.ts';
import { Turns, type TurnsOptions } from '../schedule/turns.ts';

export const STAGE_OPENING = 0;
export const STAGE_EXCHANGING = 1;
export const STAGE_CLOSING = 2;

/** The stages that have an end to wait for. */
const MEETINGS = 2;
/** The index in the control memory of a round at which workers count the stages they have finished. */
const ARRIVALS = ROUND_WORDS;
/** The word that says that the time is known at which the stage after a meeting begins, where a leader says when. */
const TOLD = ARRIVALS + MEETINGS;
/** Those times follow, in ns on the run's clock, as doubles. */
const TIMES_BYTES = 4 * (TOLD + MEETINGS);
/** Words of control memory: those of every round, and the meetings. */
export const CONTROL_WORDS = TOLD + MEETINGS + 2 * MEETINGS;
/** More than there are workers. */
const EVERYBODY = 1 << 20;

/** A worker that waits for the others looks this often. */
const MEET_POLL_NS = 1e6;

export interface StagesOptions extends TurnsOptions {
  /** `CONTROL_WORDS`, which say how many workers are done with each stage. Reset when the round begins. */
  readonly control: Int32Array;
  /** Exchanges begun a second, and connections closed, over all workers of all machines. */
  readonly ratePerSec: number;
  /** The time from the end of the last exchange to the first close. */
  readonly holdNs: number;
  /** Whether a leader says when a stage begins (`beginStage`); if not, it begins when all workers here are done with the one before. */
  readonly isLed?: boolean;
}

/** The stage of one worker, and when its next connection is due in it. Opening follows the pacer's schedule instead. */
export class Stages {
  stage = STAGE_OPENING;
  readonly #o: StagesOptions;
  readonly #timesNs: Float64Array;
  #hasArrived = false;
  #beginNs = 0;
  #turns: Turns;

  constructor(options: StagesOptions) {
    this.#o = options;
    this.#timesNs = timesOf(options.control);
    this.#turns = new Turns(options);
  }

  /** When the next turn of this worker is due. */
  get dueNs(): number {
    return this.#beginNs + (this.#turns.next * 1e9) / this.#o.ratePerSec;
  }

  /** Takes a turn. Returns when it was due. */
  take(): number {
    const { dueNs } = this;
    this.#turns.take();
    return dueNs;
  }

  /** This worker is done with the stage. True once all are, and the next one begins. May be asked again and again. */
  arrive(nowNs: number): boolean {
    const { control, workers, holdNs, isLed = false } = this.#o;
    const { stage } = this;
    if (!this.#hasArrived) Atomics.add(control, ARRIVALS + stage, 1);
    this.#hasArrived = true;
    if (Atomics.load(control, ARRIVALS + stage) < workers) return false;
    if (isLed && Atomics.load(control, TOLD + stage) === 0) return false;
    const beginNs = isLed ? this.#timesNs[stage]! : nowNs;
    this.#hasArrived = false;
    this.#turns = new Turns(this.#o);
    this.stage++;
    this.#beginNs = this.stage === STAGE_CLOSING ? beginNs + holdNs : beginNs;
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

function timesOf({ buffer, byteOffset }: Int32Array): Float64Array {
  return new Float64Array(buffer, byteOffset + TIMES_BYTES, MEETINGS);
}

/** Resets the counts before a round. */
export function resetStages(control: Int32Array): void {
  for (let at = ARRIVALS; at < TOLD + MEETINGS; at++) Atomics.store(control, at, 0);
}

/** Lets all workers go on without waiting for each other, because one has died. */
export function openStages(control: Int32Array): void {
  for (let at = ARRIVALS; at < TOLD; at++) Atomics.store(control, at, EVERYBODY);
}

/** Returns how many stages all of `workers` are done with. The last stage has no end that is waited for. */
export function stagesEnded(control: Int32Array, workers: number): number {
  let ended = 0;
  while (ended < MEETINGS && Atomics.load(control, ARRIVALS + ended) >= workers) ended++;
  return ended;
}

/** Lets the stage after `stage` begin at `beginNs` of the run's clock, in a round whose stages a leader begins. */
export function beginStage(control: Int32Array, stage: number, beginNs: number): void {
  timesOf(control)[stage] = beginNs;
  Atomics.store(control, TOLD + stage, 1);
}
