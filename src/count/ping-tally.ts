/** Counters and clocks of pings: how a bank of the recorder is laid out for them, and how banks become seconds and a round. */
import { errnoName } from '../kernel/errno.ts';
import { LatencyHistogram } from './histogram.ts';
import { IntervalSeries } from './interval-series.ts';
import { END_NS, IN_FLIGHT, IN_FLIGHT_MAX, SCHEDULED, START_NS, WARMUP } from './recorder.ts';
import type { Bank, BankLayout } from './recorder.ts';
import type { PingCounts, RttInterval, RttLatencies } from '../document/rtt.ts';

/** Index of a counter in a bank of pings, beside those that every bank has. */
export const PINGS_DUE = SCHEDULED;
export const PINGS_SENT = 4;
export const PINGS_MISSED = 5;
export const PINGS_RECEIVED = 6;
export const PINGS_LOST = 7;
export const PINGS_ABORTED = 8;
export const OUT_OF_ORDER = 12;
export const LATE = 13;
export const DUPLICATES = 14;
/** Connections that broke. */
export const CONNECTIONS_LOST = 15;
/** Of those missed: due when every connection was lost. */
export const PINGS_UNSENDABLE = 16;

/** Index of a clock in a bank of pings. */
export const PING_LAG = 0;
export const RTT = 1;
export const CORRECTED_RTT = 2;

/** The clocks of a ping, as results name them. */
export type PingClockName = 'rtt' | 'corrected_rtt' | 'schedule_lag';

export const PING_BANK: BankLayout = { counters: 17, responses: 0, clocks: 3 };

/** Figures of pings, added up over banks. */
export class PingTally {
  readonly #counters = new Float64Array(PING_BANK.counters);
  readonly #latency = Array.from({ length: PING_BANK.clocks }, () => new LatencyHistogram());
  readonly #errnos = new Map<number, number>();

  add(bank: Bank): void {
    for (let counter = SCHEDULED; counter < PING_BANK.counters; counter++) {
      if (counter === IN_FLIGHT_MAX) continue;
      this.#counters[counter]! += bank.counters[counter]!;
    }
    this.#counters[IN_FLIGHT_MAX] = Math.max(this.#counters[IN_FLIGHT_MAX]!, bank.counters[IN_FLIGHT_MAX]!);
    this.#counters[IN_FLIGHT] = bank.counters[IN_FLIGHT]!;
    const { errnos } = bank;
    for (let errno = 0; errno < errnos.length; errno++) {
      if (errnos[errno]! > 0) this.#errnos.set(errno, (this.#errnos.get(errno) ?? 0) + errnos[errno]!);
    }
    for (const [clock, histogram] of this.#latency.entries()) histogram.add(bank.counts[clock]!, bank.stats[clock]!);
  }

  /** Adds all that another one holds, which is later. */
  join(later: PingTally): void {
    for (let counter = SCHEDULED; counter < PING_BANK.counters; counter++) {
      if (counter !== IN_FLIGHT_MAX) this.#counters[counter]! += later.#counters[counter]!;
    }
    this.#counters[IN_FLIGHT_MAX] = Math.max(this.#counters[IN_FLIGHT_MAX]!, later.#counters[IN_FLIGHT_MAX]!);
    this.#counters[IN_FLIGHT] = later.#counters[IN_FLIGHT]!;
    for (const [errno, count] of later.#errnos) this.#errnos.set(errno, (this.#errnos.get(errno) ?? 0) + count);
    for (const [clock, histogram] of this.#latency.entries()) histogram.join(later.#latency[clock]!);
  }

  reset(): void {
    this.#counters.fill(0);
    this.#errnos.clear();
    for (const histogram of this.#latency) histogram.reset();
  }

  get(counter: number): number {
    return this.#counters[counter]!;
  }

  get isEmpty(): boolean {
    return this.#counters.every((count) => count === 0);
  }

  counts(): PingCounts {
    return {
      scheduled: this.get(PINGS_DUE),
      sent: this.get(PINGS_SENT),
      received: this.get(PINGS_RECEIVED),
      lost: this.get(PINGS_LOST),
      missed: this.get(PINGS_MISSED),
      aborted: this.get(PINGS_ABORTED),
      out_of_order: this.get(OUT_OF_ORDER),
      late: this.get(LATE),
      duplicates: this.get(DUPLICATES),
    };
  }

  /** The histograms themselves, by the names of their clocks. */
  latencyByClock(): Record<PingClockName, LatencyHistogram> {
    const [lag, rtt, correctedRtt] = this.#latency;
    return { rtt: rtt!, corrected_rtt: correctedRtt!, schedule_lag: lag! };
  }

  latencies(): RttLatencies {
    return {
      rtt_ns: this.#latency[RTT]!.summary(),
      corrected_rtt_ns: this.#latency[CORRECTED_RTT]!.summary(),
      schedule_lag_ns: this.#latency[PING_LAG]!.summary(),
    };
  }

  errnoCounts(): Record<string, number> {
    return errorCounts(this.#errnos);
  }
}

/** By name; what has no error number is a connection that the peer ended. */
export function errorCounts(errnos: ReadonlyMap<number, number>): Record<string, number> {
  return Object.fromEntries(
    [...errnos].map(([errno, count]) => [errno === 0 ? 'closed_by_peer' : errnoName(errno), count]),
  );
}

interface PingSpan {
  readonly tally: PingTally;
  readonly startNs: number;
  readonly endNs: number;
}

/** What a second's summary was made from. Valid during the call. */
export interface PingSecondDetail {
  /** Since the run's base clock. */
  readonly startNs: number;
  readonly latency: Readonly<Record<PingClockName, LatencyHistogram>>;
}

type OnPingSecond = (interval: RttInterval, warmup: boolean, detail: PingSecondDetail) => void;

/** The banks of the one thread that pings, made into seconds and a round. Each second is told once, in order. */
export class PingRound {
  readonly total = new PingTally();
  readonly #series = new IntervalSeries<PingSpan, RttInterval>({ intervalOf: rttInterval, join: joinSpans });
  readonly #measureNs: number;
  readonly #onSecond: OnPingSecond;
  readonly #tally = new PingTally();
  #startNs = 0;
  #endNs = 0;
  #second = -Infinity;
  #isWarmup = false;

  /** `measureNs`: the end of the warm-up, where second 0 begins. */
  constructor(measureNs: number, onSecond: OnPingSecond) {
    this.#measureNs = measureNs;
    this.#onSecond = onSecond;
  }

  /** Without the warm-up; complete after `finish`. In a long round most have several seconds (see `intervalLengthAt`). */
  get intervals(): readonly RttInterval[] {
    return this.#series.intervals;
  }

  add(bank: Bank): void {
    const startNs = bank.counters[START_NS]!;
    const second = Math.floor((startNs - this.#measureNs) / 1e9);
    if (second !== this.#second) {
      this.#close();
      this.#second = second;
      this.#startNs = startNs;
      this.#isWarmup = bank.counters[WARMUP] === 1;
    }
    this.#tally.add(bank);
    this.#endNs = bank.counters[END_NS]!;
    if (!this.#isWarmup) this.total.add(bank);
    // A bank that ends with its second is all there is of it.
    if (this.#endNs >= this.#measureNs + (second + 1) * 1e9) this.#close();
  }

  /** The last bank of a thread that died: nobody will know what would have become of the pings under way. */
  addLast(bank: Bank): void {
    const settled = (tally: (counter: number) => number): number =>
      tally(PINGS_RECEIVED) + tally(PINGS_LOST) + tally(PINGS_ABORTED);
    const before = this.total.get(PINGS_SENT) - settled((counter) => this.total.get(counter));
    const here = bank.counters[PINGS_SENT]! - settled((counter) => bank.counters[counter]!);
    bank.counters[PINGS_ABORTED]! += before + here;
    this.add(bank);
  }

  /** Closes what is left when the thread has ended the round. */
  finish(): void {
    this.#close();
    this.#series.finish();
  }

  #close(): void {
    const second = this.#second;
    if (second === -Infinity) return;
    this.#second = -Infinity;
    const tally = this.#tally;
    // A round whose connections break before it begins ends before its start.
    const span = { tally, startNs: this.#startNs, endNs: Math.max(this.#startNs, this.#endNs) };
    // A round that ends on the second leaves an interval of some µs behind in which nothing happened.
    if (this.#isWarmup || !tally.isEmpty || span.endNs - span.startNs >= 0.5e9) {
      const interval = rttInterval(second, span);
      if (!this.#isWarmup) this.#series.add(second, span, interval);
      this.#onSecond(interval, this.#isWarmup, { startNs: span.startNs, latency: tally.latencyByClock() });
    }
    tally.reset();
  }
}

function rttInterval(startSec: number, { tally, startNs, endNs }: PingSpan): RttInterval {
  return {
    start_sec: startSec,
    length_sec: Math.round((endNs - startNs) / 1e6) / 1e3,
    ...tally.counts(),
    in_flight: tally.get(IN_FLIGHT),
    ...tally.latencies(),
  };
}

function joinSpans(joined: PingSpan | undefined, next: PingSpan): PingSpan {
  const tally = joined?.tally ?? new PingTally();
  tally.join(next.tally);
  return { tally, startNs: joined?.startNs ?? next.startNs, endNs: next.endNs };
}
