import { BUSY_PERIOD_NS } from '../plan/work.ts';
import { BUSY_SKIPPED, BUSY_TICKS, type WorkCounters } from './counters.ts';
import { xorshift32 } from './xorshift.ts';

/** What one tick computes: so many steps of a xorshift generator on the task's own word, about 0.1 µs. */
const STEPS = 64;

/**
 * Tasks that wake every millisecond and compute, on the loop that calls `run`: what else a busy process does on its loop. They wake
 * together on whole milliseconds, as the timers of event loops have it. A millisecond that the loop was too busy for is skipped and counted.
 */
export class BusyTasks {
  readonly #states: Uint32Array;
  readonly #counters: WorkCounters;
  #dueNs: number;

  constructor(count: number, nowNs: number, counters: WorkCounters) {
    this.#states = Uint32Array.from({ length: count }, (_, task) => task + 1);
    this.#counters = counters;
    this.#dueNs = (Math.floor(nowNs / BUSY_PERIOD_NS) + 1) * BUSY_PERIOD_NS;
  }

  /** Runs what is due; returns when the next is, in nanoseconds on the clock of `nowNs`. */
  run(nowNs: number): number {
    if (nowNs < this.#dueNs) return this.#dueNs;
    const states = this.#states;
    for (let task = 0; task < states.length; task++) {
      let state = states[task]! | 0;
      for (let step = 0; step < STEPS; step++) state = xorshift32(state);
      states[task] = state;
    }
    const lateMs = Math.floor((nowNs - this.#dueNs) / BUSY_PERIOD_NS);
    this.#counters.add(BUSY_TICKS, states.length);
    this.#counters.add(BUSY_SKIPPED, lateMs * states.length);
    this.#dueNs += (lateMs + 1) * BUSY_PERIOD_NS;
    return this.#dueNs;
  }
}
