import { clockReading } from './clock-reading.ts';

/** CLOCK_MONOTONIC now, as hrtime counts it. The base of a run is one such reading, shared by its workers. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

/**
 * CLOCK_MONOTONIC in nanoseconds since `baseNs`.
 *
 * What reads the kernel's clock without making a bigint may have an origin of its own in every thread. So the offset to the
 * base is measured once a thread, by the tightest of a few bracketed readings (good to about 100 ns).
 */
export class MonotonicClock implements Clock {
  nowNs = -Infinity;
  readonly #read: () => void;
  /** The result of `#read`. */
  readonly #readNs: Float64Array;
  readonly #offsetNs: number;

  constructor(baseNs: bigint) {
    const { read, ns } = clockReading();
    this.#read = read;
    this.#readNs = ns;
    let bestSpanNs = Infinity;
    let offsetNs = 0;
    for (let i = 0; i < 16; i++) {
      const beforeNs = Number(monotonicNs() - baseNs);
      read();
      const spanNs = Number(monotonicNs() - baseNs) - beforeNs;
      if (spanNs >= bestSpanNs) continue;
      bestSpanNs = spanNs;
      offsetNs = beforeNs + spanNs / 2 - ns[0]!;
    }
    this.#offsetNs = offsetNs;
    this.tick();
  }

  tick(): void {
    this.#read();
    this.nowNs = this.#readNs[0]! + this.#offsetNs;
  }

  now(): number {
    this.tick();
    return this.nowNs;
  }
}

/** CLOCK_MONOTONIC in nanoseconds since the base of the run: one origin for every worker. */
export interface Clock {
  /** The last reading, in nanoseconds. */
  readonly nowNs: number;
  /** Reads the clock. About 40 ns. */
  tick(): void;
  /** Reads the clock and returns the new `nowNs`, for cold code: where V8 does not inline it, the double is an object. */
  now(): number;
}
