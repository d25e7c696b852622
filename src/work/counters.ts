import { SharedCounters } from '../runtime/shared/counters.ts';

/** What one thread counts of the jobs it hands out or runs, by place in its memory. */
/** Handed to the executor. */
export const JOBS = 0;
/** Done, and told to the loop. */
export const JOBS_DONE = 1;
/** Run on the thread that counts: a loop, or a thread of the pool. */
export const JOBS_RUN = 2;
/** Jobs that did not start immediately, because no permit was free. */
export const JOBS_WAITED = 3;
/** The queue was found full: at least as often as a loop runs a job because of it. */
export const QUEUE_FULL = 4;
/** Run on a loop because of that. */
export const CALLER_RUNS = 5;
/** Ticks of busy tasks, and those that came too late to be run. */
export const BUSY_TICKS = 6;
export const BUSY_SKIPPED = 7;
const COUNTERS = 8;

const RUNNING = 0;
const RUNNING_MAX = 1;

/** Those of a thread. */
export class WorkCounters extends SharedCounters {
  static createMemory(): SharedArrayBuffer {
    return SharedCounters.memoryFor(COUNTERS);
  }
}

/** How many jobs run at this moment on all threads, and the most that ever did. */
export class RunningGauge {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  static createMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  }

  enter(): void {
    const words = this.#words;
    const running = Atomics.add(words, RUNNING, 1) + 1;
    for (let most = Atomics.load(words, RUNNING_MAX); running > most; most = Atomics.load(words, RUNNING_MAX)) {
      Atomics.compareExchange(words, RUNNING_MAX, most, running);
    }
  }

  leave(): void {
    Atomics.sub(this.#words, RUNNING, 1);
  }

  get max(): number {
    return Atomics.load(this.#words, RUNNING_MAX);
  }
}
