import { performance } from 'node:perf_hooks';
import type { Clock } from './engine.ts';

/** CLOCK_MONOTONIC now, as hrtime counts it. The base of a run is one such reading, shared by its workers. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

/**
 * CLOCK_MONOTONIC in nanoseconds since `baseNs`.
 *
 * `performance.now()` reads the same kernel clock without making a bigint, but its origin differs in every thread. So the
 * offset to the base is measured once a thread, by the tightest of a few bracketed readings (good to about 100 ns).
 */
export class MonotonicClock implements Clock {
  nowNs = 0;
  readonly #offsetNs: number;

  constructor(baseNs: bigint) {
    let bestSpanNs = Infinity;
    let offsetNs = 0;
    for (let i = 0; i < 16; i++) {
      const beforeNs = Number(monotonicNs() - baseNs);
      const hereNs = performance.now() * 1e6;
      const spanNs = Number(monotonicNs() - baseNs) - beforeNs;
      if (spanNs >= bestSpanNs) continue;
      bestSpanNs = spanNs;
      offsetNs = beforeNs + spanNs / 2 - hereNs;
    }
    this.#offsetNs = offsetNs;
    this.tick();
  }

  tick(): number {
    this.nowNs = performance.now() * 1e6 + this.#offsetNs;
    return this.nowNs;
  }
}
