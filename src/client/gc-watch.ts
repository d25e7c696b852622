import { PerformanceObserver, performance } from 'node:perf_hooks';

/** What the garbage collection of one thread took. */
export interface GcUse {
  readonly gc_pauses: number;
  readonly gc_usec: number;
  readonly gc_longest_usec: number;
}

interface Pause {
  /** The time of the collection, on this thread's `performance.now()`. */
  readonly startTime: number;
  readonly duration: number;
}

/**
 * Collects how long garbage collection stopped this thread. Node notes each pause (about two a second at 20 000 connections/s) and
 * hands them over when the thread is back in its event loop, so nothing of ours runs in a round.
 */
export class GcWatch {
  #pauses: Pause[] = [];
  readonly #observer: PerformanceObserver;

  constructor() {
    this.#observer = new PerformanceObserver((list) => this.#keep(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** The pauses of the last `sinceMs` milliseconds; those before are forgotten. Call from the event loop. */
  take(sinceMs: number): GcUse {
    this.#keep(this.#observer.takeRecords());
    const fromMs = performance.now() - sinceMs;
    const durations = this.#pauses.filter(({ startTime }) => startTime >= fromMs).map(({ duration }) => duration);
    this.#pauses = [];
    return {
      gc_pauses: durations.length,
      gc_usec: Math.round(durations.reduce((sum, ms) => sum + ms, 0) * 1e3),
      gc_longest_usec: Math.round(durations.reduce((longest, ms) => Math.max(longest, ms), 0) * 1e3),
    };
  }

  /** One by one: a round of days has more pauses than a call can take arguments. */
  #keep(pauses: readonly Pause[]): void {
    for (const pause of pauses) this.#pauses.push(pause);
  }

  stop(): void {
    this.#observer.disconnect();
  }
}
