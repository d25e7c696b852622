import { JOB_OWNER, JOB_TICKET, JOB_TURN, JOB_WORDS } from './executor.ts';
import { SharedRing } from '../runtime/shared/ring.ts';
import type { Wakers } from '../runtime/shared/wakers.ts';

/** A result: in the place of the owner the result itself, then ticket and turn. */
const RESULT_WORDS = 3;

/** Counts up with each job, so that a thread which found none sleeps only if none has come since. */
const SIGNAL = 0;
const SLEEPERS = 1;
const CLOSED = 2;
/** Always 0: what is waited on for a time. */
const PAUSE = 3;
const PAUSE_MS = 0.05;
const SIGNAL_WORDS = 4;

export interface DispatchMemory {
  readonly jobs: SharedArrayBuffer;
  readonly signal: SharedArrayBuffer;
  /** Rings for results, by owner. */
  readonly results: readonly SharedArrayBuffer[];
  readonly queue: number;
  readonly resultsOfOwner: number;
}

/** The queue between loops and the threads of a pool, and the way back. Used at both ends. */
export class DispatchQueue {
  readonly wakers: Wakers;
  /** The most jobs that one loop may have outstanding. */
  readonly resultsOfOwner: number;
  readonly #jobs: SharedRing;
  readonly #results: readonly SharedRing[];
  readonly #signal: Int32Array;
  readonly #result = new Int32Array(RESULT_WORDS);

  constructor(memory: DispatchMemory, wakers: Wakers) {
    this.wakers = wakers;
    this.resultsOfOwner = memory.resultsOfOwner;
    this.#jobs = new SharedRing(memory.jobs, memory.queue, JOB_WORDS);
    this.#results = memory.results.map((each) => new SharedRing(each, memory.resultsOfOwner, RESULT_WORDS));
    this.#signal = new Int32Array(memory.signal);
  }

  /** `tickets` is the most jobs of one loop that can be open at the same time. */
  static createMemory(owners: number, queue: number, tickets: number): DispatchMemory {
    return {
      jobs: SharedRing.createMemory(queue, JOB_WORDS),
      signal: new SharedArrayBuffer(SIGNAL_WORDS * Int32Array.BYTES_PER_ELEMENT),
      results: Array.from({ length: owners }, () => SharedRing.createMemory(tickets, RESULT_WORDS)),
      queue,
      resultsOfOwner: tickets,
    };
  }

  /** False if the queue is full. */
  push(job: Int32Array): boolean {
    if (!this.#jobs.push(job, 0)) return false;
    Atomics.add(this.#signal, SIGNAL, 1);
    if (Atomics.load(this.#signal, SLEEPERS) > 0) Atomics.notify(this.#signal, SIGNAL, 1);
    return true;
  }

  pop(job: Int32Array): boolean {
    return this.#jobs.pop(job, 0);
  }

  /** Blocks until there is a job and takes it; false if the queue was closed. For the threads of the pool. */
  take(job: Int32Array): boolean {
    const signal = this.#signal;
    while (Atomics.load(signal, CLOSED) === 0) {
      if (this.#jobs.pop(job, 0)) return true;
      Atomics.add(signal, SLEEPERS, 1);
      const seen = Atomics.load(signal, SIGNAL);
      if (this.#jobs.length === 0 && Atomics.load(signal, CLOSED) === 0) Atomics.wait(signal, SIGNAL, seen);
      Atomics.sub(signal, SLEEPERS, 1);
    }
    return false;
  }

  /** Ends every `take`. */
  close(): void {
    Atomics.store(this.#signal, CLOSED, 1);
    Atomics.add(this.#signal, SIGNAL, 1);
    Atomics.notify(this.#signal, SIGNAL);
  }

  /** Tells the job's owner that it is done, and wakes it if it sleeps. */
  finish(job: Int32Array, result: number): void {
    const owner = job[JOB_OWNER]!;
    this.#result[JOB_OWNER] = result;
    this.#result[JOB_TICKET] = job[JOB_TICKET]!;
    this.#result[JOB_TURN] = job[JOB_TURN]!;
    const results = this.#results[owner]!;
    // There is room for all that may be outstanding; only an owner that is just reading stands in the way, for some instructions.
    while (!results.push(this.#result, 0)) Atomics.wait(this.#signal, PAUSE, 0, PAUSE_MS);
    this.wakers.wake(owner);
  }

  /** How many results wait for the owner, or are just being written. */
  resultCount(owner: number): number {
    return this.#results[owner]!.length;
  }

  takeResult(owner: number, result: Int32Array): boolean {
    return this.#results[owner]!.pop(result, 0);
  }
}
