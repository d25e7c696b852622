import { IntervalSeries } from '../count/interval-series.ts';

/** What an interval added to counters, by their paths in results. */
export interface CounterInterval {
  readonly start_sec: number;
  readonly length_sec: number;
  readonly added: Readonly<Record<string, number>>;
}

/** The intervals of counters that are read about once a second. */
export class CounterIntervals {
  readonly #beganNs: number;
  #lastNs: number;
  readonly #series = new IntervalSeries<CounterInterval, CounterInterval>({
    intervalOf: (_, interval) => interval,
    join: joinIntervals,
  });

  /** `beganNs`: the time of the first reading. */
  constructor(beganNs: number) {
    this.#beganNs = beganNs;
    this.#lastNs = beganNs;
  }

  /** What was added since the reading before. */
  add(added: Readonly<Record<string, number>>, nowNs: number): void {
    const seconds = (ns: number): number => Math.round(ns / 1e6) / 1e3;
    const startSec = seconds(this.#lastNs - this.#beganNs);
    const interval = { start_sec: startSec, length_sec: seconds(nowNs - this.#lastNs), added };
    // Readings come some ms late.
    this.#series.add(Math.floor(startSec + 0.5), interval, interval);
    this.#lastNs = nowNs;
  }

  /** All intervals; none is added any more. */
  finish(): readonly CounterInterval[] {
    this.#series.finish();
    return this.#series.intervals;
  }
}

function joinIntervals(joined: CounterInterval | undefined, next: CounterInterval): CounterInterval {
  if (joined === undefined) return next;
  const added: Record<string, number> = { ...joined.added };
  for (const [key, count] of Object.entries(next.added)) added[key] = (added[key] ?? 0) + count;
  const lengthSec = Math.round((next.start_sec + next.length_sec - joined.start_sec) * 1e3) / 1e3;
  return { start_sec: joined.start_sec, length_sec: lengthSec, added };
}
