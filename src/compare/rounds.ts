/** Rounds of connections or pings, compared: figures and shift functions of what both sides offered. */
import type { ClientResult } from '../document/client.ts';
import type { CompareBasis, CompareRound, ShiftFunction, ShiftPoint } from '../document/compare.ts';
import type { RttResult } from '../document/rtt.ts';
import { quantile as quantileOf } from '../units/statistics.ts';
import { DistributionSum, hasHistogram } from './distribution-sum.ts';
import { bare, onScale, overRuns, overSeconds, RUNS_MIN, type Estimate, type Spread } from './estimate.ts';
import { clocksOf, figuresOf, STORED, valueOf, type FigureSpec, type RoundsKind } from './figures.ts';
import { measuredRounds, type MeasuredRound } from './measured.ts';
import { RunSeconds } from './seconds.ts';
import type { Unjudged } from './verdict.ts';

/** The quantiles of a shift function: the deciles and the tail. */
const SHIFT_SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999] as const;

/** What a comparison of rounds is given. */
export interface RoundsInput {
  readonly base: readonly (ClientResult | RttResult)[];
  readonly next: readonly (ClientResult | RttResult)[];
  readonly confidence: number;
  /** The names of the figures that are tested; empty for those that are by default. */
  readonly tested: readonly string[];
}

/** What it makes of them. */
export interface ComparedRounds {
  readonly basis: CompareBasis;
  readonly rounds: readonly CompareRound[];
  readonly figures: readonly Unjudged[];
  readonly shifts: readonly ShiftFunction[];
  /** What was left out, a sentence each. */
  readonly warnings: readonly string[];
}

/** One load, in every run. */
interface Pair {
  readonly load: string;
  readonly offeredPerSec: number | null;
  readonly base: readonly MeasuredRound[];
  readonly next: readonly MeasuredRound[];
}

/** Compares round by round, by the load that was offered. */
export function compareRounds(input: RoundsInput): ComparedRounds {
  const kind: RoundsKind = input.base[0]?.schema === 'conngen.rtt/1' ? 'rtt' : 'client';
  const { pairs, warnings } = pairsOf(input);
  const basis: CompareBasis = input.base.length === 1 && input.next.length === 1 ? 'seconds' : 'runs';
  const compared = pairs.map((pair, index) => new RoundComparison(kind, pair, index, basis, input));
  return {
    basis,
    rounds: compared.map((each) => each.round),
    figures: compared.flatMap((each) => each.figures()),
    shifts: compared.flatMap((each) => each.shifts()),
    warnings,
  };
}

/** Rounds of the same load, the first with the first where a load is there several times. */
function pairsOf({ base, next }: RoundsInput): { readonly pairs: Pair[]; readonly warnings: string[] } {
  const [ours, theirs] = [base, next].map((side) => side.map((result) => byLoad(measuredRounds(result))));
  const all = [...ours!, ...theirs!];
  const loads = [...new Set(all.flatMap((rounds) => [...rounds.keys()]))];
  const pairs: Pair[] = [];
  const warnings: string[] = [];
  for (const key of loads) {
    const without = all.filter((rounds) => !rounds.has(key)).length;
    const first = all.find((rounds) => rounds.has(key))!.get(key)!;
    if (without > 0) {
      warnings.push(`the round at ${first.load} is left out: ${without} of ${all.length} runs do not have it`);
      continue;
    }
    const of = (side: typeof all): MeasuredRound[] => side.map((rounds) => rounds.get(key)!);
    pairs.push({ load: first.load, offeredPerSec: first.offeredPerSec, base: of(ours!), next: of(theirs!) });
  }
  return { pairs, warnings };
}

function byLoad(rounds: readonly MeasuredRound[]): Map<string, MeasuredRound> {
  const found = new Map<string, MeasuredRound>();
  for (const round of rounds) {
    let turn = 0;
    while (found.has(`${turn} ${round.load}`)) turn++;
    found.set(`${turn} ${round.load}`, round);
  }
  return found;
}

/** One load, compared. */
class RoundComparison {
  readonly #kind: RoundsKind;
  readonly #pair: Pair;
  readonly #index: number;
  readonly #input: RoundsInput;
  /** The seconds of both runs, where they are the basis and enough. */
  readonly #seconds: { readonly base: RunSeconds; readonly next: RunSeconds; readonly blockSec: number } | null;
  readonly #isOverSeconds: boolean;

  constructor(kind: RoundsKind, pair: Pair, index: number, basis: CompareBasis, input: RoundsInput) {
    this.#kind = kind;
    this.#pair = pair;
    this.#index = index;
    this.#input = input;
    this.#isOverSeconds = basis === 'seconds';
    this.#seconds = this.#isOverSeconds ? this.#drawn() : null;
  }

  get round(): CompareRound {
    const { load, offeredPerSec } = this.#pair;
    const block = this.#seconds === null ? {} : { block_sec: Math.round(this.#seconds.blockSec * 1e3) / 1e3 };
    return { load, offered_rate_per_sec: offeredPerSec, ...block };
  }

  figures(): Unjudged[] {
    const { tested } = this.#input;
    return figuresOf(this.#kind).flatMap((spec) => {
      const figure = this.#figure(spec, tested.length === 0 ? spec.isPrimary : tested.includes(spec.name));
      // What no run has measured, such as first bytes where nothing is answered, is no figure.
      return figure.base === null && figure.new === null && !figure.tested ? [] : [figure];
    });
  }

  #figure(spec: FigureSpec, tested: boolean): Unjudged {
    const { name, unit, better, change, source } = spec;
    const baseValues = this.#pair.base.map((round) => valueOf(source, round));
    const nextValues = this.#pair.next.map((round) => valueOf(source, round));
    const isRatio = change === 'ratio';
    const estimate = this.#estimate(
      baseValues,
      nextValues,
      isRatio,
      (seconds) => seconds.varianceOf(source, isRatio),
      source.kind === 'cpu' ? 'processor time is that of a whole run, and one run has no interval' : undefined,
    );
    const back = (value: number | null): number | null => (value === null ? null : isRatio ? Math.exp(value) : value);
    return {
      name,
      round: this.#index,
      unit,
      better,
      tested,
      base: medianOf(baseValues),
      new: medianOf(nextValues),
      base_values: baseValues,
      new_values: nextValues,
      change,
      ratio: isRatio ? back(estimate.change) : null,
      ...(isRatio ? {} : { difference: estimate.change }),
      low: back(estimate.low),
      high: back(estimate.high),
      method: estimate.method,
      confidence_percent: estimate.confidence === null ? null : Math.round(estimate.confidence * 1e5) / 1e3,
      p: estimate.p,
      ...(estimate.note === undefined ? {} : { note: estimate.note }),
    };
  }

  #estimate(
    base: readonly (number | null)[],
    next: readonly (number | null)[],
    isRatio: boolean,
    varianceOf: (seconds: RunSeconds) => number | null,
    unvaried?: string,
  ): Estimate {
    const [ours, theirs] = [onScale(base, isRatio), onScale(next, isRatio)];
    if (ours === null || theirs === null) {
      return bare(null, isRatio ? 'it is 0 or was not measured in some runs' : 'it was not measured in some runs');
    }
    if (!this.#isOverSeconds) return overRuns(ours, theirs, this.#input.confidence);
    const spread = (value: number, seconds: RunSeconds | undefined): Spread => ({
      value,
      variance: seconds === undefined ? null : varianceOf(seconds),
      blocks: seconds?.blocks ?? 0,
    });
    const [baseSpread, nextSpread] = [spread(ours[0]!, this.#seconds?.base), spread(theirs[0]!, this.#seconds?.next)];
    const estimate = overSeconds(baseSpread, nextSpread, this.#input.confidence);
    return estimate.method === 'none' && unvaried !== undefined ? { ...estimate, note: unvaried } : estimate;
  }

  #drawn(): { readonly base: RunSeconds; readonly next: RunSeconds; readonly blockSec: number } | null {
    const [clock = ''] = clocksOf(this.#kind);
    const rate = this.#kind === 'rtt' ? 'received' : 'completed';
    const base = new RunSeconds(this.#pair.base[0]!, clock, rate);
    const next = new RunSeconds(this.#pair.next[0]!, clock, rate);
    const [baseSec, nextSec] = [base.wantedBlockSec, next.wantedBlockSec];
    if (baseSec === null || nextSec === null) return null;
    const blockSec = Math.max(baseSec, nextSec);
    base.draw(blockSec);
    next.draw(blockSec);
    return { base, next, blockSec };
  }

  shifts(): ShiftFunction[] {
    return clocksOf(this.#kind).flatMap((clock) => this.#shift(clock) ?? []);
  }

  #shift(clock: string): ShiftFunction | null {
    const all = [...this.#pair.base, ...this.#pair.next];
    if (all.some((round) => (round.latency[clock]?.count ?? 0) === 0)) return null;
    const hasAll = all.every((round) => hasHistogram(round, clock));
    const sums = hasAll ? new Map(all.map((round) => [round, DistributionSum.of([[round]], clock)])) : null;
    const shares = hasAll ? SHIFT_SHARES : STORED.map(({ share }) => share);
    const valueAt = (round: MeasuredRound, share: number): number | null => {
      // The stored quantiles are those that everything else shows.
      const stored = STORED.find((each) => each.share === share);
      if (stored !== undefined) return round.latency[clock]?.[stored.key] ?? null;
      return sums?.get(round)?.quantile(share, [1]) ?? null;
    };
    const points = shares.flatMap((share) => this.#shiftPoint(clock, share, valueAt) ?? []);
    const from = hasAll ? 'histograms' : 'percentiles';
    return { round: this.#index, clock, quantiles_from: from, points };
  }

  #shiftPoint(
    clock: string,
    share: number,
    valueAt: (round: MeasuredRound, share: number) => number | null,
  ): ShiftPoint | null {
    const base = this.#pair.base.map((round) => valueAt(round, share));
    const next = this.#pair.next.map((round) => valueAt(round, share));
    const { change, low, high } = this.#estimate(base, next, true, (seconds) => seconds.quantileVariance(clock, share));
    const [baseNs, newNs] = [medianOf(base), medianOf(next)];
    if (baseNs === null || newNs === null) return null;
    const back = (value: number | null): number | null => (value === null ? null : Math.exp(value));
    return { quantile: share, base_ns: baseNs, new_ns: newNs, ratio: back(change), low: back(low), high: back(high) };
  }
}

/** The median of what was measured; null where nothing was. */
export function medianOf(values: readonly (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null).sort((a, b) => a - b);
  return measured.length === 0 ? null : quantileOf(measured, 0.5);
}

/** Whether both sides have the runs that an interval over runs needs. */
export function hasEnoughRuns(base: readonly unknown[], next: readonly unknown[]): boolean {
  return Math.min(base.length, next.length) >= RUNS_MIN;
}
