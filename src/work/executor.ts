/**
 * The seam between a loop and the blocking work it has done: one executor a loop and strategy. A job is a few integers, so
 * that it crosses threads through shared memory and nothing is made for it.
 */

/** The words of a job: its owner, its ticket and turn, and the order for the runner. */
export const JOB_OWNER = 0;
/** The ticket and the turn come back with the result: a slot, and which of its connections it was. */
export const JOB_TICKET = 1;
export const JOB_TURN = 2;
/** The first word of the runner's own. */
export const JOB_ARGUMENTS = 3;
export const JOB_WORDS = 8;

/** Does the job that `job` describes, blocking the thread, and returns its result: 32 bits. Never throws. */
export type JobRunner = (job: Int32Array) => number;

/** Has the runtime do the job on its own threads and calls `done` on the event loop; keeps nothing of `job`. */
export type AsyncJobRunner = (job: Int32Array, done: (result: number) => void) => void;

/** A module whose jobs executors run: given to threads by its URL, with `data` that can be cloned. */
export interface JobModule {
  createRunner(data: unknown): JobRunner;
}

export interface JobHandler {
  /** A job has been done, on whatever thread. Called on the loop's thread, from `submit` or `step`, or the event loop. */
  jobDone(ticket: number, turn: number, result: number): void;
}

export interface Executor {
  /** What `submit` takes: written by the caller, from JOB_TICKET on. */
  readonly job: Int32Array;
  /** Has `job` done, now or later. `jobDone` may come before this returns. No job is ever dropped. */
  submit(): void;
  /** Called between waits: takes up what other threads have done or handed over. */
  step(): void;
  /** Called last before a wait. False if there is something to take up: then wait for nothing and step again. */
  maySleep(): boolean;
}

/** A first-in first-out list of jobs that wait on their loop. */
export class JobFifo {
  readonly #words: Int32Array;
  readonly #capacity: number;
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#words = new Int32Array(capacity * JOB_WORDS);
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#capacity;
  }

  push(job: Int32Array): void {
    const at = ((this.#head + this.#length++) % this.#capacity) * JOB_WORDS;
    for (let i = 0; i < JOB_WORDS; i++) this.#words[at + i] = job[i]!;
  }

  /** Takes the oldest to `job`. There must be one. */
  shift(job: Int32Array): void {
    const at = this.#head * JOB_WORDS;
    for (let i = 0; i < JOB_WORDS; i++) job[i] = this.#words[at + i]!;
    this.#head = (this.#head + 1) % this.#capacity;
    this.#length--;
  }
}
