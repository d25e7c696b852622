/** Figures added up over banks: of one second over the workers, or of a whole round. The same for connections and pings. */
import { OUTCOMES } from '../document/outcome.ts';
import { errnoName } from '../kernel/errno.ts';
import { FIRST_SUM, type Bank, type BankLayout } from './bank.ts';
import { LatencyHistogram } from './histogram.ts';

/** A layout whose clocks have names that the compiler knows. */
export interface NamedLayout<Clock extends string> extends BankLayout {
  readonly clocks: readonly Clock[];
}

/** The sums of a layout's counters, outcomes, errors, responses and latencies. */
export class Tally<Clock extends string = string> {
  readonly outcomes = new Float64Array(OUTCOMES.length);
  readonly errnos = new Map<number, number>();
  readonly responses = new Map<number, number>();
  /** The histograms, by index of the clock. */
  readonly latency: readonly LatencyHistogram[];
  readonly #clocks: readonly Clock[];
  readonly #counters: Float64Array;

  constructor({ counters, clocks }: NamedLayout<Clock>) {
    this.#clocks = clocks;
    this.#counters = new Float64Array(counters);
    this.latency = clocks.map(() => new LatencyHistogram());
  }

  add(bank: Bank): void {
    this.#addSums(bank.counters, bank.outcomes);
    addCounts(this.errnos, bank.errnos);
    addCounts(this.responses, bank.responses);
    for (const [clock, histogram] of this.latency.entries())
      histogram.add(bank.counts[clock]!, bank.stats[clock]!, bank.filled?.[clock]);
  }

  /** Adds all that another tally of the same layout holds. */
  join(other: Tally<Clock>): void {
    this.#addSums(other.#counters, other.outcomes);
    for (const [errno, count] of other.errnos) addCount(this.errnos, errno, count);
    for (const [index, count] of other.responses) addCount(this.responses, index, count);
    for (const [clock, histogram] of this.latency.entries()) histogram.join(other.latency[clock]!);
  }

  reset(): void {
    this.#counters.fill(0);
    this.outcomes.fill(0);
    this.errnos.clear();
    this.responses.clear();
    for (const histogram of this.latency) histogram.reset();
  }

  /** Returns the sum of a counter, by its index in a bank. */
  get(counter: number): number {
    return this.#counters[counter]!;
  }

  /** Whether nothing was counted. */
  get isEmpty(): boolean {
    return this.#counters.every((count) => count === 0) && this.outcomes.every((count) => count === 0);
  }

  /** Returns the histograms themselves, by the names of their clocks. */
  latencyByClock(): Record<Clock, LatencyHistogram> {
    const entries = this.#clocks.map((name, clock) => [name, this.latency[clock]!]);
    return Object.fromEntries(entries) as Record<Clock, LatencyHistogram>;
  }

  errnoCounts(): Record<string, number> {
    return errorCounts(this.errnos);
  }

  #addSums(counters: Float64Array, outcomes: Float64Array): void {
    for (let counter = FIRST_SUM; counter < counters.length; counter++) this.#counters[counter]! += counters[counter]!;
    for (let outcome = 0; outcome < outcomes.length; outcome++) this.outcomes[outcome]! += outcomes[outcome]!;
  }
}

/** Returns counts by the name of the error; what has no error number is a connection that the peer ended. */
export function errorCounts(errnos: ReadonlyMap<number, number>): Record<string, number> {
  return Object.fromEntries(
    [...errnos].map(([errno, count]) => [errno === 0 ? 'closed_by_peer' : errnoName(errno), count]),
  );
}

/** Adds the counts by index that are not 0. */
function addCounts(to: Map<number, number>, counts: Float64Array): void {
  for (let index = 0; index < counts.length; index++) if (counts[index]! > 0) addCount(to, index, counts[index]!);
}

function addCount(to: Map<number, number>, index: number, count: number): void {
  to.set(index, (to.get(index) ?? 0) + count);
}
