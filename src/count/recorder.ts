/**
 * Counters and histograms of one worker, in shared memory. The worker counts into one bank and hands it over when its second is
 * up; the main thread adds it up, clears it and gives it back. No message is sent and nothing is copied on the pacing thread.
 */
import { BUCKETS, STATS, STAT_COUNT, STAT_MAX, STAT_MIN, STAT_SUM, bucketOf } from './histogram.ts';
import { OUTCOMES } from '../document/outcome.ts';
import { CLOCKS } from '../document/client.ts';

/** Index of a clock, in the order of `CLOCKS`. */
export const SCHEDULE_LAG = 0;
export const CONNECT = 1;
export const FIRST_BYTE = 2;
export const TOTAL = 3;
export const CORRECTED_TOTAL = 4;

/** Index of a counter in a bank. */
export const START_NS = 0;
export const END_NS = 1;
/** 1 in a bank of the warm-up, which is shown but not part of a result. */
export const WARMUP = 2;
export const SCHEDULED = 3;
export const STARTED = 4;
export const MISSED = 5;
export const ESTABLISHED = 6;
export const BYTES_SENT = 7;
export const BYTES_RECEIVED = 8;
/** Open now, held ones included; of these, held. */
export const IN_FLIGHT = 9;
export const HELD = 10;
export const IN_FLIGHT_MAX = 11;
/** Held connections that the peer ended before their time. */
export const HELD_LOST = 12;
/** Of the missed: due while as many were open as may be. */
export const MISSED_FULL = 13;
/** Of the exchange timeouts: no first byte within `--first-byte-timeout`. */
export const FIRST_BYTE_TIMEOUTS = 14;
/** Responses that the sink took whole, and their bytes; of these, moved from memory to a file. */
export const BODIES_KEPT = 15;
export const BODY_BYTES_KEPT = 16;
export const BODIES_SPILLED = 17;
/** In a round in stages: exchanges that began too late to be at the rate that was asked for. */
export const EXCHANGES_LATE = 18;
/** Exchanges with a payload that came to their end without a byte of answer, whatever the outcome. */
export const EMPTY_RESPONSES = 19;
/** Of the exchange timeouts: bytes had come, and only the peer's end was missing. */
export const TIMEOUTS_ANSWERED = 20;
/** How many counters a bank has. */
export const COUNTERS = 21;

/** Errno numbers are counted by index; Linux ends at 133. */
export const ERRNOS = 256;

/** Responses are counted by their HTTP status, 100 to 999. Below 100: established, and not a byte came; bytes without a whole status line. */
export const NO_RESPONSE = 0;
export const NOT_HTTP = 1;
export const RESPONSES = 1000;

/**
 * A worker runs ahead of the main thread by this many seconds at most before intervals become longer; nothing is lost then
 * either.
 */
const BANKS = 4;

const FREE = 0;
const FULL = 1;

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
}

/** The last reading of a clock, in ns. */
interface Now {
  readonly nowNs: number;
}

/** How much a bank holds: what is counted and which clocks there are differs from command to command. */
export interface BankLayout {
  readonly counters: number;
  readonly responses: number;
  readonly clocks: number;
}

/** Of a client's worker. */
const CLIENT_BANK: BankLayout = { counters: COUNTERS, responses: RESPONSES, clocks: CLOCKS.length };
const HEADER_BYTES = 64;

function bankBytes({ counters, responses, clocks }: BankLayout): number {
  const doubles = counters + OUTCOMES.length + ERRNOS + responses + clocks * STATS;
  return Math.ceil((doubles * 8 + clocks * BUCKETS * 4) / 64) * 64;
}

/** The shared memory of one worker's recorder. */
export function createRecorderMemory(layout = CLIENT_BANK): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + BANKS * bankBytes(layout));
}

function bankAt(memory: SharedArrayBuffer, index: number, layout: BankLayout): Bank {
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
  const stats = Array.from({ length: layout.clocks }, () => doubles(STATS));
  const counts = Array.from({ length: layout.clocks }, () => {
    const view = new Uint32Array(memory, offset, BUCKETS);
    offset += BUCKETS * 4;
    return view;
  });
  return { counters, outcomes, errnos, responses, stats, counts };
}

/** The worker's side. Its calls take no doubles on the hot path: handed over, each would be an object. */
export class Recorder {
  readonly #clock: Now;
  readonly #states: Int32Array;
  readonly #banks: readonly Bank[];
  #index = 0;
  #bank: Bank;

  constructor(memory: SharedArrayBuffer, clock: Now, layout = CLIENT_BANK) {
    this.#clock = clock;
    this.#states = new Int32Array(memory, 0, BANKS);
    this.#banks = Array.from({ length: BANKS }, (_, index) => bankAt(memory, index, layout));
    this.#bank = this.#banks[0]!;
  }

  /** Begins an interval in the current bank, which is clear. */
  begin(nowNs: number, warmup: boolean): void {
    this.#bank.counters[START_NS] = nowNs;
    this.#bank.counters[WARMUP] = warmup ? 1 : 0;
  }

  /**
   * Ends the interval and hands its bank over. Unless `must`, does nothing when the next bank has not come back yet: the
   * interval then goes on. With `must` it waits for it, which is at the end of a warm-up and of a round.
   */
  handOver(nowNs: number, inFlight: number, held: number, warmup: boolean, must: boolean): void {
    const next = (this.#index + 1) % BANKS;
    if (Atomics.load(this.#states, next) !== FREE) {
      if (!must) return;
      while (Atomics.load(this.#states, next) !== FREE) Atomics.wait(this.#states, next, FULL, 1000);
    }
    const { counters } = this.#bank;
    counters[END_NS] = nowNs;
    counters[IN_FLIGHT] = inFlight;
    counters[HELD] = held;
    Atomics.store(this.#states, this.#index, FULL);
    this.#index = next;
    this.#bank = this.#banks[next]!;
    this.begin(nowNs, warmup);
    // What is open goes on into the next interval.
    this.inFlight(inFlight);
  }

  /** Adds to a counter. */
  count(counter: number, by: number): void {
    this.#bank.counters[counter]! += by;
  }

  outcome(outcome: number, errno: number): void {
    this.#bank.outcomes[outcome]! += 1;
    if (errno !== 0) this.#bank.errnos[errno & (ERRNOS - 1)]! += 1;
  }

  /** The response of a connection that was established, by its index. */
  response(index: number): void {
    this.#bank.responses[index]! += 1;
  }

  /** An error that ends no attempt. */
  error(errno: number): void {
    this.#bank.errnos[errno & (ERRNOS - 1)]! += 1;
  }

  inFlight(open: number): void {
    const { counters } = this.#bank;
    if (open > counters[IN_FLIGHT_MAX]!) counters[IN_FLIGHT_MAX] = open;
  }

  /** Counts how long it is since the time at `index`, by the clock's last reading. */
  recordSince(clock: number, timesNs: Float64Array, index: number): void {
    this.record(clock, this.#clock.nowNs - timesNs[index]!);
  }

  /** Counts one latency. Times before the clock's resolution can come out negative by some ns; they count as 0. */
  record(clock: number, valueNs: number): void {
    const value = Math.max(valueNs, 0);
    const stats = this.#bank.stats[clock]!;
    if (stats[STAT_COUNT] === 0 || value < stats[STAT_MIN]!) stats[STAT_MIN] = value;
    if (value > stats[STAT_MAX]!) stats[STAT_MAX] = value;
    stats[STAT_COUNT]! += 1;
    stats[STAT_SUM]! += value;
    this.#bank.counts[clock]![bucketOf(value)]! += 1;
  }
}

/** The main thread's side. */
export class RecorderReader {
  readonly #states: Int32Array;
  readonly #banks: readonly Bank[];
  #index = 0;

  constructor(memory: SharedArrayBuffer, layout = CLIENT_BANK) {
    this.#states = new Int32Array(memory, 0, BANKS);
    this.#banks = Array.from({ length: BANKS }, (_, index) => bankAt(memory, index, layout));
  }

  /** Gives every bank that was handed over to `use`, in order, then clears it and gives it back. */
  drain(use: (bank: Bank) => void): void {
    while (Atomics.load(this.#states, this.#index) === FULL) this.#take(use);
  }

  /** What a worker that died had counted and not handed over. Ends at `nowNs`. */
  salvage(nowNs: number, use: (bank: Bank) => void): void {
    this.drain(use);
    this.#banks[this.#index]!.counters[END_NS] = nowNs;
    this.#take(use);
  }

  #take(use: (bank: Bank) => void): void {
    const bank = this.#banks[this.#index]!;
    use(bank);
    bank.counters.fill(0);
    bank.outcomes.fill(0);
    bank.errnos.fill(0);
    bank.responses.fill(0);
    for (const [clock, stats] of bank.stats.entries()) {
      if (stats[STAT_COUNT]! > 0)
        bank.counts[clock]!.fill(0, bucketOf(stats[STAT_MIN]!), bucketOf(stats[STAT_MAX]!) + 1);
      stats.fill(0);
    }
    Atomics.store(this.#states, this.#index, FREE);
    Atomics.notify(this.#states, this.#index);
    this.#index = (this.#index + 1) % BANKS;
  }
}
