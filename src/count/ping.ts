/**
 * What is counted of pings: the counters and clocks of the pinging thread's bank, and how they become seconds and a round. A new
 * counter is a constant here, and the key of the result that it goes to.
 */
import type { PingCounts, RttInterval, RttLatencies } from '../document/rtt.ts';
import { FIRST_SUM, type Bank } from './bank.ts';
import type { LatencyHistogram } from './histogram.ts';
import { Seconds, lengthSecOf, type EncodeHistograms, type Span } from './seconds.ts';
import { Tally, type NamedLayout } from './tally.ts';

/** Index of a counter in a bank of pings, beside those that every bank has. */
export const PINGS_DUE = FIRST_SUM;
export const PINGS_SENT = FIRST_SUM + 1;
export const PINGS_MISSED = FIRST_SUM + 2;
export const PINGS_RECEIVED = FIRST_SUM + 3;
export const PINGS_LOST = FIRST_SUM + 4;
export const PINGS_ABORTED = FIRST_SUM + 5;
export const OUT_OF_ORDER = FIRST_SUM + 6;
export const LATE = FIRST_SUM + 7;
export const DUPLICATES = FIRST_SUM + 8;
/** Connections that broke. */
export const CONNECTIONS_LOST = FIRST_SUM + 9;
/** The part of the missed pings that was due when every connection was lost. */
export const PINGS_UNSENDABLE = FIRST_SUM + 10;
const COUNTERS = FIRST_SUM + 11;

/** Index of a clock in a bank of pings. */
export const PING_LAG = 0;
export const RTT = 1;
export const CORRECTED_RTT = 2;

/** The clocks of a ping, as results name them. */
const PING_CLOCKS = ['schedule_lag', 'rtt', 'corrected_rtt'] as const;
export type PingClockName = (typeof PING_CLOCKS)[number];

/** The bank of the thread that pings. */
export const PING_BANK: NamedLayout<PingClockName> = { counters: COUNTERS, responses: 0, clocks: PING_CLOCKS };

/** Figures of pings, added up over banks. */
export class PingTally extends Tally<PingClockName> {
  constructor() {
    super(PING_BANK);
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

  latencies(): RttLatencies {
    return {
      rtt_ns: this.latency[RTT]!.summary(),
      corrected_rtt_ns: this.latency[CORRECTED_RTT]!.summary(),
      schedule_lag_ns: this.latency[PING_LAG]!.summary(),
    };
  }
}

/** What a second's summary was made from. Valid during the call. */
export interface PingSecondDetail {
  /** Since the run's base clock. */
  readonly startNs: number;
  readonly latency: Readonly<Record<PingClockName, LatencyHistogram>>;
}

type OnPingSecond = (interval: RttInterval, warmup: boolean, detail: PingSecondDetail) => void;

/** The banks of the threads that ping, one on each machine, made into the seconds of a round and its total. */
export class PingRound extends Seconds<PingClockName, PingTally, RttInterval> {
  /** `measureNs`: the end of the warm-up, where second 0 begins. `encode`: where the result has histograms. */
  constructor(measureNs: number, onSecond: OnPingSecond, encode?: EncodeHistograms, workers = 1) {
    super({ workers, measureNs, makeTally: () => new PingTally(), intervalOf: rttInterval, encode }, (...second) => {
      onSecond(...second);
      second[2].release();
    });
  }

  /** Takes the last bank of a thread that died: how the pings under way would have ended is unknown. */
  addLast(bank: Bank): void {
    const settled = (countOf: (counter: number) => number): number =>
      countOf(PINGS_RECEIVED) + countOf(PINGS_LOST) + countOf(PINGS_ABORTED);
    const before = this.total.get(PINGS_SENT) - settled((counter) => this.total.get(counter));
    const here = bank.counters[PINGS_SENT]! - settled((counter) => bank.counters[counter]!);
    bank.counters[PINGS_ABORTED]! += before + here;
    this.add(bank);
  }
}

function rttInterval(startSec: number, span: Span<PingTally>): RttInterval {
  return {
    start_sec: startSec,
    length_sec: lengthSecOf(span),
    ...span.tally.counts(),
    in_flight: span.inFlight,
    ...span.tally.latencies(),
  };
}
