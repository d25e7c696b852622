/**
 * Counters and histograms of one worker, in shared memory. The worker counts into one bank and hands it over when its second is
 * up; the main thread adds it up, clears it and gives it back. No message is sent and nothing is copied on the pacing thread.
 */
import {
  BANKS,
  END_NS,
  ERRNOS,
  HELD,
  IN_FLIGHT,
  IN_FLIGHT_PEAK,
  START_NS,
  WARMUP,
  bankAt,
  type Bank,
  type BankLayout,
} from './bank.ts';
import { STAT_COUNT, STAT_MAX, STAT_MIN, STAT_SUM, bucketOf } from './histogram.ts';

const FREE = 0;
const FULL = 1;

/** The last reading of a clock, in ns. */
interface Now {
  readonly nowNs: number;
}

/** The worker's side. Its calls take no doubles on the hot path: handed over, each would be an object. */
export class Recorder {
  readonly #clock: Now;
  readonly #states: Int32Array;
  readonly #banks: readonly Bank[];
  /** What a bank is once its interval is over. */
  readonly #ended: number;
  #index = 0;
  #bank: Bank;

  /** Without a reader a bank is free again immediately, and its counts are of no use: nothing waits for it. */
  constructor(memory: SharedArrayBuffer, clock: Now, layout: BankLayout, hasReader = true) {
    this.#ended = hasReader ? FULL : FREE;
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
   * Ends the interval and hands its bank over. Does nothing where the next bank has not come back yet: the interval then goes on. The
   * time is the end of the interval; `inFlight` and `held` are what is open; `warmup` says what the next interval is part of.
   */
  handOver(nowNs: number, inFlight: number, held: number, warmup: boolean): void {
    if (Atomics.load(this.#states, this.#next) === FREE) this.#pass(nowNs, inFlight, held, warmup);
  }

  /** Does the same, and waits until the next bank has come back: at the end of a warm-up and of a round the interval must end. */
  handOverAndWait(nowNs: number, inFlight: number, held: number, warmup: boolean): void {
    const next = this.#next;
    while (Atomics.load(this.#states, next) !== FREE) Atomics.wait(this.#states, next, FULL, 1000);
    this.#pass(nowNs, inFlight, held, warmup);
  }

  /** The index of the bank after the current one. */
  get #next(): number {
    return (this.#index + 1) % BANKS;
  }

  #pass(nowNs: number, inFlight: number, held: number, warmup: boolean): void {
    const next = this.#next;
    const { counters } = this.#bank;
    counters[END_NS] = nowNs;
    counters[IN_FLIGHT] = inFlight;
    counters[HELD] = held;
    Atomics.store(this.#states, this.#index, this.#ended);
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
    if (open > counters[IN_FLIGHT_PEAK]!) counters[IN_FLIGHT_PEAK] = open;
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

  constructor(memory: SharedArrayBuffer, layout: BankLayout) {
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
