/** Banks in shared memory: what a worker counts in an interval, laid out for its command. */
import { OUTCOMES } from '../document/outcome.ts';
import { BUCKETS, STATS, type FilledBuckets } from './histogram.ts';

/** Index of a counter that every bank has. */
export const START_NS = 0;
export const END_NS = 1;
/** 1 in a bank of the warm-up, which is shown but not part of a result. */
export const WARMUP = 2;
/** Open or under way now, held ones included; of these, held. */
export const IN_FLIGHT = 3;
export const HELD = 4;
/** The most connections that were open at a time. */
export const IN_FLIGHT_PEAK = 5;
/** The first counter that is a sum; what it counts is up to the command. */
export const FIRST_SUM = 6;

/** Errno numbers are counted by index; Linux ends at 133. */
export const ERRNOS = 256;

/**
 * A worker runs ahead of the main thread by this many seconds at most before intervals become longer; nothing is lost then
 * either.
 */
export const BANKS = 4;

/** One interval's figures of one worker. */
export interface Bank {
  readonly counters: Float64Array;
  readonly outcomes: Float64Array;
  readonly errnos: Float64Array;
  /** Empty where nothing is read of responses. */
  readonly responses: Float64Array;
  /** `STATS` doubles for each clock. */
  readonly stats: readonly Float64Array[];
  readonly counts: readonly Uint32Array[];
  /** By clock, in which buckets of `counts` there is something. Absent where it is not known: between the smallest and the largest value. */
  readonly filled?: readonly FilledBuckets[];
}

/** What a bank holds. Counters and clocks differ from command to command. */
export interface BankLayout {
  /** Those that every bank has are among them. */
  readonly counters: number;
  readonly responses: number;
  /** The names in results, by index. */
  readonly clocks: readonly string[];
}

/** The states of the banks stand before them. */
const HEADER_BYTES = 64;

function bankBytes({ counters, responses, clocks }: BankLayout): number {
  const doubles = counters + OUTCOMES.length + ERRNOS + responses + clocks.length * STATS;
  return Math.ceil((doubles * 8 + clocks.length * BUCKETS * 4) / 64) * 64;
}

/** The shared memory of one worker's recorder. */
export function createRecorderMemory(layout: BankLayout): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + BANKS * bankBytes(layout));
}

/** Returns a view of one of the banks in the memory. */
export function bankAt(memory: SharedArrayBuffer, index: number, layout: BankLayout): Bank {
  let offset = HEADER_BYTES + index * bankBytes(layout);
  const doubles = (length: number): Float64Array => {
    const view = new Float64Array(memory, offset, length);
    offset += length * 8;
    return view;
  };
  const counters = doubles(layout.counters);
  const outcomes = doubles(OUTCOMES.length);
  const errnos = doubles(ERRNOS);
  const responses = doubles(layout.responses);
  const stats = layout.clocks.map(() => doubles(STATS));
  const counts = layout.clocks.map(() => {
    const view = new Uint32Array(memory, offset, BUCKETS);
    offset += BUCKETS * 4;
    return view;
  });
  return { counters, outcomes, errnos, responses, stats, counts };
}

/** Returns a bank of an interval in which nothing was counted, to be given sums by hand. It has no room for latencies. */
export function emptyBank({ counters, clocks }: BankLayout, startNs: number, endNs: number): Bank {
  const bank = {
    counters: new Float64Array(counters),
    outcomes: new Float64Array(OUTCOMES.length),
    errnos: new Float64Array(0),
    responses: new Float64Array(0),
    stats: clocks.map(() => new Float64Array(STATS)),
    counts: clocks.map(() => new Uint32Array(0)),
  };
  bank.counters[START_NS] = startNs;
  bank.counters[END_NS] = endNs;
  return bank;
}
