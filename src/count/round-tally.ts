import { errnoName } from '../kernel/errno.ts';
import { LatencyHistogram, STATS } from './histogram.ts';
import { IntervalSeries } from './interval-series.ts';
import { ABORTED, OUTCOMES } from '../document/outcome.ts';
import type { OutcomeName } from '../document/outcome.ts';
import {
  BODIES_KEPT,
  BODIES_SPILLED,
  BODY_BYTES_KEPT,
  BYTES_RECEIVED,
  BYTES_SENT,
  COUNTERS,
  EMPTY_RESPONSES,
  END_NS,
  ESTABLISHED,
  EXCHANGES_LATE,
  FIRST_BYTE_TIMEOUTS,
  HELD,
  HELD_LOST,
  IN_FLIGHT,
  IN_FLIGHT_MAX,
  MISSED,
  MISSED_FULL,
  NO_RESPONSE,
  NOT_HTTP,
  SCHEDULED,
  START_NS,
  STARTED,
  TIMEOUTS_ANSWERED,
  WARMUP,
} from './recorder.ts';
import type { Bank } from './recorder.ts';
import { CLOCKS } from '../document/client.ts';
import type { ClockName, IntervalResult } from '../document/client.ts';
import type { LatencySummary } from '../document/common.ts';

/** The plain figures of a `Tally`. */
const SUMS = [
  'scheduled',
  'started',
  'missed',
  'missedFull',
  'established',
  'bytesSent',
  'bytesReceived',
  'heldLost',
  'firstByteTimeouts',
  'emptyResponses',
  'timeoutsAnswered',
  'bodiesKept',
  'bodyBytesKept',
  'bodiesSpilled',
  'exchangesLate',
] as const satisfies readonly (keyof Tally)[];

/** Figures added up over banks: of one second over the workers, or of a whole round. */
export class Tally {
  scheduled = 0;
  started = 0;
  missed = 0;
  /** Of the missed: because as many were open as may be. */
  missedFull = 0;
  established = 0;
  bytesSent = 0;
  bytesReceived = 0;
  heldLost = 0;
  firstByteTimeouts = 0;
  emptyResponses = 0;
  timeoutsAnswered = 0;
  bodiesKept = 0;
  bodyBytesKept = 0;
  bodiesSpilled = 0;
  exchangesLate = 0;
  readonly outcomes = new Float64Array(OUTCOMES.length);
  readonly errnos = new Map<number, number>();
  readonly responses = new Map<number, number>();
  readonly latency: readonly LatencyHistogram[] = CLOCKS.map(() => new LatencyHistogram());

  add(bank: Bank): void {
    const { counters } = bank;
    this.scheduled += counters[SCHEDULED]!;
    this.started += counters[STARTED]!;
    this.missed += counters[MISSED]!;
    this.missedFull += counters[MISSED_FULL]!;
    this.established += counters[ESTABLISHED]!;
    this.bytesSent += counters[BYTES_SENT]!;
    this.bytesReceived += counters[BYTES_RECEIVED]!;
    this.heldLost += counters[HELD_LOST]!;
    this.firstByteTimeouts += counters[FIRST_BYTE_TIMEOUTS]!;
    this.emptyResponses += counters[EMPTY_RESPONSES]!;
    this.timeoutsAnswered += counters[TIMEOUTS_ANSWERED]!;
    this.bodiesKept += counters[BODIES_KEPT]!;
    this.bodyBytesKept += counters[BODY_BYTES_KEPT]!;
    this.bodiesSpilled += counters[BODIES_SPILLED]!;
    this.exchangesLate += counters[EXCHANGES_LATE]!;
    this.#addOutcomes(bank.outcomes);
    addCounts(this.errnos, bank.errnos);
    addCounts(this.responses, bank.responses);
    for (let clock = 0; clock < CLOCKS.length; clock++)
      this.latency[clock]!.add(bank.counts[clock]!, bank.stats[clock]!);
  }

  /** Adds all that another one holds. */
  join(other: Tally): void {
    for (const name of SUMS) this[name] += other[name];
    this.#addOutcomes(other.outcomes);
    for (const [errno, count] of other.errnos) addCount(this.errnos, errno, count);
    for (const [index, count] of other.responses) addCount(this.responses, index, count);
    for (const [clock, histogram] of this.latency.entries()) histogram.join(other.latency[clock]!);
  }

  reset(): void {
    for (const name of SUMS) this[name] = 0;
    this.outcomes.fill(0);
    this.errnos.clear();
    this.responses.clear();
    for (const histogram of this.latency) histogram.reset();
  }

  #addOutcomes(outcomes: Float64Array): void {
    for (let outcome = 0; outcome < outcomes.length; outcome++) this.outcomes[outcome]! += outcomes[outcome]!;
  }

  get ok(): number {
    return this.outcomes[0]!;
  }

  get failed(): number {
    return this.outcomes.reduce((sum, count) => sum + count, 0) - this.ok;
  }

  /** The histograms themselves, by the names of their clocks. */
  latencyByClock(): Record<ClockName, LatencyHistogram> {
    return Object.fromEntries(CLOCKS.map((name, clock) => [name, this.latency[clock]!])) as Record<
      ClockName,
      LatencyHistogram
    >;
  }

  latencySummaries(): Record<ClockName, LatencySummary> {
    return Object.fromEntries(CLOCKS.map((name, clock) => [name, this.latency[clock]!.summary()])) as Record<
      ClockName,
      LatencySummary
    >;
  }

  outcomeCounts(): Record<OutcomeName, number> {
    return Object.fromEntries(OUTCOMES.map((name, index) => [name, this.outcomes[index]!])) as Record<
      OutcomeName,
      number
    >;
  }

  errnoCounts(): Record<string, number> {
    return Object.fromEntries([...this.errnos].map(([errno, count]) => [errnoName(errno), count]));
  }

  /** By HTTP status, `not_http` and `none`; only those that came. */
  responseCounts(): Record<string, number> {
    return Object.fromEntries([...this.responses].map(([index, count]) => [responseName(index), count]));
  }
}

/** Adds the counts by index that are not 0. */
function addCounts(to: Map<number, number>, counts: Float64Array): void {
  for (let index = 0; index < counts.length; index++) if (counts[index]! > 0) addCount(to, index, counts[index]!);
}

function addCount(to: Map<number, number>, index: number, count: number): void {
  to.set(index, (to.get(index) ?? 0) + count);
}

function responseName(index: number): string {
  return index === NO_RESPONSE ? 'none' : index === NOT_HTTP ? 'not_http' : String(index);
}

interface OpenInterval {
  readonly tally: Tally;
  readonly warmup: boolean;
  readonly startNs: number;
  endNs: number;
  inFlight: number;
  held: number;
}

/** What a second's summary was made from. Whoever is told it owns it until it calls `release`, once. */
export interface SecondDetail {
  /** Since the run's base clock. */
  readonly startNs: number;
  readonly latency: Readonly<Record<ClockName, LatencyHistogram>>;
  /** Gives the histograms back, to be used for a later second: each second has more than a megabyte of them. */
  release(): void;
}

type OnSecond = (interval: IntervalResult, warmup: boolean, detail: SecondDetail) => void;

/**
 * Merges the banks of all workers into seconds and into the round. A second is closed when every worker has reported past
 * it, so a reader sees each once, in order.
 */
export class RoundMerger {
  readonly total = new Tally();
  inFlightMax = 0;
  /** What each worker started and missed. */
  readonly workers: readonly { started: number; missed: number }[];
  readonly #measureNs: number;
  readonly #open = new Map<number, OpenInterval>();
  readonly #series = new IntervalSeries<OpenInterval, IntervalResult>({
    intervalOf: (startSec, joined) => {
      const result = intervalResult(startSec, joined);
      this.#release(joined.tally);
      return result;
    },
    join: (joined, next) => {
      const tally = joined?.tally ?? this.#emptyTally();
      tally.join(next.tally);
      return { ...next, tally, startNs: joined?.startNs ?? next.startNs };
    },
  });
  /** Empty ones, to be used again: each has more than a megabyte. */
  readonly #tallies: Tally[] = [];
  readonly #reachedNs: Float64Array;
  /** Started and without an outcome so far, by worker. */
  readonly #unresolved: Float64Array;
  readonly #peaks = new Map<number, Float64Array>();
  readonly #onSecond: OnSecond;

  /** `measureNs`: the end of the warm-up, where second 0 begins. */
  constructor(workers: number, measureNs: number, onSecond: OnSecond) {
    this.#measureNs = measureNs;
    this.#reachedNs = new Float64Array(workers).fill(-Infinity);
    this.#unresolved = new Float64Array(workers);
    this.workers = Array.from({ length: workers }, () => ({ started: 0, missed: 0 }));
    this.#onSecond = onSecond;
  }

  /** Without the warm-up; complete after `finish`. In a long round most have several seconds (see `intervalLengthAt`). */
  get intervals(): readonly IntervalResult[] {
    return this.#series.intervals;
  }

  add(worker: number, bank: Bank): void {
    const startNs = bank.counters[START_NS]!;
    const endNs = bank.counters[END_NS]!;
    const warmup = bank.counters[WARMUP] === 1;
    const index = Math.floor((startNs - this.#measureNs) / 1e9);
    let interval = this.#open.get(index);
    if (interval === undefined) {
      interval = { tally: this.#emptyTally(), warmup, startNs, endNs, inFlight: 0, held: 0 };
      this.#open.set(index, interval);
    }
    interval.tally.add(bank);
    interval.endNs = Math.max(interval.endNs, endNs);
    interval.inFlight += bank.counters[IN_FLIGHT]!;
    interval.held += bank.counters[HELD]!;
    if (!warmup) {
      this.total.add(bank);
      this.workers[worker]!.started += bank.counters[STARTED]!;
      this.workers[worker]!.missed += bank.counters[MISSED]!;
      this.#unresolved[worker]! += bank.counters[STARTED]! - bank.outcomes.reduce((sum, count) => sum + count, 0);
      this.#addPeak(index, worker, bank.counters[IN_FLIGHT_MAX]!);
    }
    this.#reachedNs[worker] = endNs;
    this.#closeReached();
  }

  /** Accounts for what a worker that died at `nowNs` had under way: nobody will know how it would have ended. */
  abandon(worker: number, nowNs: number): void {
    const bank = emptyBank(nowNs);
    bank.outcomes[ABORTED] = this.#unresolved[worker]!;
    this.add(worker, bank);
    this.#reachedNs[worker] = Infinity;
  }

  /** The peaks of the workers within one second are added: an upper bound, exact with one worker. */
  #addPeak(index: number, worker: number, peak: number): void {
    let peaks = this.#peaks.get(index);
    if (peaks === undefined) this.#peaks.set(index, (peaks = new Float64Array(this.#reachedNs.length)));
    peaks[worker] = Math.max(peaks[worker]!, peak);
    this.inFlightMax = Math.max(
      this.inFlightMax,
      peaks.reduce((sum, value) => sum + value, 0),
    );
  }

  /** Closes what is left when every worker has ended. */
  finish(): void {
    this.#reachedNs.fill(Infinity);
    this.#closeReached();
    this.#series.finish();
  }

  #closeReached(): void {
    const reachedNs = Math.min(...this.#reachedNs);
    for (const index of [...this.#open.keys()].sort((a, b) => a - b)) {
      const interval = this.#open.get(index)!;
      if (reachedNs < this.#measureNs + (index + 1) * 1e9) return;
      this.#open.delete(index);
      this.#peaks.delete(index);
      this.#close(index, interval);
    }
  }

  #close(index: number, interval: OpenInterval): void {
    const { tally } = interval;
    // A round that ends on the second leaves an interval of some µs behind in which nothing happened.
    if (!interval.warmup && isEmpty(tally) && interval.endNs - interval.startNs < 0.5e9) {
      this.#release(tally);
      return;
    }
    const result = intervalResult(index, interval);
    if (!interval.warmup) this.#series.add(index, interval, result);
    this.#onSecond(result, interval.warmup, {
      startNs: interval.startNs,
      latency: tally.latencyByClock(),
      release: () => this.#release(tally),
    });
  }

  #emptyTally(): Tally {
    return this.#tallies.pop() ?? new Tally();
  }

  #release(tally: Tally): void {
    tally.reset();
    this.#tallies.push(tally);
  }
}

function intervalResult(startSec: number, { tally, startNs, endNs, inFlight, held }: OpenInterval): IntervalResult {
  return {
    start_sec: startSec,
    length_sec: Math.round((endNs - startNs) / 1e6) / 1e3,
    scheduled: tally.scheduled,
    started: tally.started,
    missed: tally.missed,
    established: tally.established,
    ok: tally.ok,
    failed: tally.failed,
    ...(tally.emptyResponses === 0 ? {} : { empty_responses: tally.emptyResponses }),
    in_flight: inFlight,
    held,
    bytes: { sent: tally.bytesSent, received: tally.bytesReceived },
    latency_ns: tally.latencySummaries(),
  };
}

function emptyBank(nowNs: number): Bank {
  const counters = new Float64Array(COUNTERS);
  counters[START_NS] = nowNs;
  counters[END_NS] = nowNs;
  return {
    counters,
    outcomes: new Float64Array(OUTCOMES.length),
    errnos: new Float64Array(0),
    responses: new Float64Array(0),
    stats: CLOCKS.map(() => new Float64Array(STATS)),
    counts: CLOCKS.map(() => new Uint32Array(0)),
  };
}

function isEmpty(tally: Tally): boolean {
  return tally.scheduled + tally.ok + tally.failed + tally.bytesSent + tally.bytesReceived + tally.established === 0;
}
