/** Merges the banks of all workers into seconds and a round. */
import { END_NS, HELD, IN_FLIGHT, IN_FLIGHT_PEAK, START_NS, WARMUP, type Bank } from './bank.ts';
import type { EncodedHistograms } from '../document/common.ts';
import type { LatencyHistogram } from './histogram.ts';
import { IntervalSeries, intervalLengthAt } from './interval-series.ts';
import type { Tally } from './tally.ts';

/** What was counted from one time to another. */
export interface Span<T> {
  readonly tally: T;
  /** Since the base clock of the run. */
  readonly startNs: number;
  readonly endNs: number;
  /** What was open, or under way, at the end. */
  readonly inFlight: number;
  /** The part of `inFlight` that is kept open after its exchange. */
  readonly held: number;
}

/** What the summary of a second was made from. The receiver owns it until it calls `release`, once. */
export interface SecondDetail<Clock extends string> {
  /** Since the base clock of the run. */
  readonly startNs: number;
  readonly latency: Readonly<Record<Clock, LatencyHistogram>>;
  /** Gives the histograms back, to be used for a later second: each second has more than a megabyte of them. */
  release(): void;
}

/** Encodes histograms for a result. `hdr-histogram.ts` has it; it is loaded only where a plan asks for histograms. */
export type EncodeHistograms = (latency: Readonly<Record<string, LatencyHistogram>>) => EncodedHistograms;

/** How a kind of round is counted and told. */
export interface SecondsKind<T, Interval> {
  readonly workers: number;
  /** The end of the warm-up, where second 0 begins. */
  readonly measureNs: number;
  readonly makeTally: () => T;
  readonly intervalOf: (startSec: number, span: Span<T>) => Interval;
  /** Present where the intervals of the result have their histograms. A millisecond of the main thread for each clock. */
  readonly encode?: EncodeHistograms | undefined;
}

export type OnSecond<Clock extends string, Interval> = (
  interval: Interval,
  warmup: boolean,
  detail: SecondDetail<Clock>,
) => void;

/** Told a bank of a worker, before it is given back. */
export type OnBank = (bank: Bank, worker: number) => void;

interface OpenSecond<T> {
  readonly tally: T;
  readonly isWarmup: boolean;
  readonly startNs: number;
  endNs: number;
  /** The state of each worker as of its last bank. */
  readonly inFlight: Float64Array;
  readonly held: Float64Array;
  /** By worker, and their sum. */
  readonly peaks: Float64Array;
  peak: number;
}

/**
 * Merges the banks of all workers into seconds and into the round. A second is closed when every worker has reported past
 * it, so a reader gets each once, in order.
 */
export class Seconds<Clock extends string, T extends Tally<Clock>, Interval> {
  /** The sum of the whole round, without its warm-up. */
  readonly total: T;
  readonly #kind: SecondsKind<T, Interval>;
  readonly #onSecond: OnSecond<Clock, Interval>;
  readonly #open = new Map<number, OpenSecond<T>>();
  readonly #series: IntervalSeries<Span<T>, Interval>;
  /** Empty ones, to be used again: each has more than a megabyte. */
  readonly #tallies: T[] = [];
  readonly #reachedNs: Float64Array;
  /** The worker that is behind all others. */
  #last = 0;
  #inFlightPeak = 0;
  #onBank: OnBank | undefined;

  constructor(kind: SecondsKind<T, Interval>, onSecond: OnSecond<Clock, Interval>) {
    this.#kind = kind;
    this.#onSecond = onSecond;
    this.total = kind.makeTally();
    this.#reachedNs = new Float64Array(kind.workers).fill(-Infinity);
    this.#series = new IntervalSeries({
      intervalOf: (startSec, joined) => {
        const interval = this.#withHistograms(kind.intervalOf(startSec, joined), joined.tally);
        this.#release(joined.tally);
        return interval;
      },
      join: (joined, next) => {
        const tally = joined?.tally ?? this.#emptyTally();
        tally.join(next.tally);
        return { ...next, tally, startNs: joined?.startNs ?? next.startNs };
      },
    });
  }

  /** The intervals without the warm-up; complete after `finish`. In a long round most have several seconds (see `intervalLengthAt`). */
  get intervals(): readonly Interval[] {
    return this.#series.intervals;
  }

  /** The most connections that were open at a time. The peaks of the workers within one second are added: an upper bound, exact with one worker. */
  get inFlightPeak(): number {
    return this.#inFlightPeak;
  }

  /** The histograms of the whole round, where they are asked for. */
  get histograms(): EncodedHistograms | undefined {
    return this.#kind.encode?.(this.total.latencyByClock());
  }

  /** Tells `onBank` every bank that is added from now on, with what is abandoned: their sum is that of the round. */
  listen(onBank: OnBank | undefined): void {
    this.#onBank = onBank;
  }

  /** Takes over what a bank holds, and closes the seconds that every worker has reported past. */
  add(bank: Bank, worker = 0): void {
    this.#onBank?.(bank, worker);
    const { counters } = bank;
    const startNs = counters[START_NS]!;
    const endNs = counters[END_NS]!;
    const index = Math.floor((startNs - this.#kind.measureNs) / 1e9);
    const second = this.#open.get(index) ?? this.#begin(index, startNs, counters[WARMUP] === 1);
    second.tally.add(bank);
    second.endNs = Math.max(second.endNs, endNs);
    second.inFlight[worker] = counters[IN_FLIGHT]!;
    second.held[worker] = counters[HELD]!;
    if (counters[WARMUP] !== 1) {
      this.total.add(bank);
      const more = counters[IN_FLIGHT_PEAK]! - second.peaks[worker]!;
      if (more > 0) {
        second.peaks[worker]! += more;
        second.peak += more;
        this.#inFlightPeak = Math.max(this.#inFlightPeak, second.peak);
      }
    }
    this.#reach(worker, endNs);
  }

  /** Waits for no more banks of a worker. */
  leaveOut(worker: number): void {
    this.#reach(worker, Infinity);
  }

  /** Closes what is left when every worker has ended. */
  finish(): void {
    this.#reachedNs.fill(Infinity);
    this.#closeBefore(Infinity);
    this.#series.finish();
  }

  #begin(index: number, startNs: number, isWarmup: boolean): OpenSecond<T> {
    const byWorker = (): Float64Array => new Float64Array(this.#kind.workers);
    const levels = { inFlight: byWorker(), held: byWorker(), peaks: byWorker() };
    const second = { tally: this.#emptyTally(), isWarmup, startNs, endNs: startNs, peak: 0, ...levels };
    this.#open.set(index, second);
    return second;
  }

  #reach(worker: number, endNs: number): void {
    this.#reachedNs[worker] = endNs;
    if (worker === this.#last) this.#findLast();
    else if (endNs < this.#reachedNs[this.#last]!) this.#last = worker;
    this.#closeBefore(this.#reachedNs[this.#last]!);
  }

  /** Finds the worker that is behind all others. A fleet has thousands, so all are looked at only where that one has moved. */
  #findLast(): void {
    const reachedNs = this.#reachedNs;
    const { length } = reachedNs;
    const from = this.#last;
    for (let step = 1; step < length; step++) {
      const worker = (from + step) % length;
      if (reachedNs[worker]! < reachedNs[this.#last]!) this.#last = worker;
      // None is further behind than one that has not begun.
      if (reachedNs[worker] === -Infinity) return;
    }
  }

  #closeBefore(reachedNs: number): void {
    for (const index of [...this.#open.keys()].sort((a, b) => a - b)) {
      if (reachedNs < this.#kind.measureNs + (index + 1) * 1e9) return;
      const second = this.#open.get(index)!;
      this.#open.delete(index);
      this.#close(index, second);
    }
  }

  #close(index: number, { tally, isWarmup, startNs, endNs, inFlight, held }: OpenSecond<T>): void {
    // A round that ends on the second leaves an empty interval of some µs.
    if (!isWarmup && tally.isEmpty && endNs - startNs < 0.5e9) {
      this.#release(tally);
      return;
    }
    const span = { tally, startNs, endNs, inFlight: sumOf(inFlight), held: sumOf(held) };
    const interval = this.#kind.intervalOf(index, span);
    if (!isWarmup)
      this.#series.add(index, span, intervalLengthAt(index) === 1 ? this.#withHistograms(interval, tally) : interval);
    const release = (): void => this.#release(tally);
    this.#onSecond(interval, isWarmup, { startNs, latency: tally.latencyByClock(), release });
  }

  /** Events do without them: who listens has the histograms themselves. */
  #withHistograms(interval: Interval, tally: T): Interval {
    const { encode } = this.#kind;
    return encode === undefined ? interval : { ...interval, histograms: encode(tally.latencyByClock()) };
  }

  #emptyTally(): T {
    return this.#tallies.pop() ?? this.#kind.makeTally();
  }

  #release(tally: T): void {
    tally.reset();
    this.#tallies.push(tally);
  }
}

/** How long a span is, in seconds, as results have it. */
export function lengthSecOf({ startNs, endNs }: Span<unknown>): number {
  return Math.round((endNs - startNs) / 1e6) / 1e3;
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
