/** The result of `conngen compare`: the document `conngen.compare/1`. */
import type { CriterionUnit } from './client.ts';
import type { VerdictStatus } from './common.ts';
import type { MachineSystem } from './system.ts';

/** What a figure of the new side is, compared with the base; `faster` is better in the direction of the figure. */
export type CompareVerdict = 'faster' | 'slower' | 'same' | 'unclear';

/** What the figures are compared by: whole runs, or the seconds of one run on each side. */
export type CompareBasis = 'runs' | 'seconds';

/**
 * How the interval of a figure was made. `mann_whitney`: Hodges-Lehmann estimate over runs with the exact Mann-Whitney interval.
 * `bootstrap`: blocks of seconds. `answer`: from the bounds of the answers of a search. `none`: there is no interval.
 */
export type CompareMethod = 'mann_whitney' | 'bootstrap' | 'answer' | 'none';

/** One figure, compared. */
export interface CompareFigure {
  /** The figure as a criterion spells it: `rate(completed)`, `p99(total)`, `cpu`, `failures`, `answer(loss<=0.1%)`. */
  readonly name: string;
  /** The round that the figure is of: its place in `rounds`. */
  readonly round: number;
  /** The unit of `base`, `new` and the values. */
  readonly unit: CriterionUnit;
  /** Which direction is better. */
  readonly better: 'higher' | 'lower';
  /** True where the figure is one of those that a verdict is given for; the p-values of these are adjusted for their number. */
  readonly tested: boolean;
  /** The figure of the base: the median over its runs. Null where it was not measured. */
  readonly base: number | null;
  /** The figure of the new side: the median over its runs. Null where it was not measured. */
  readonly new: number | null;
  /** The figure of each run of the base, in the order of `sides.base.runs`. */
  readonly base_values: readonly (number | null)[];
  /** The figure of each run of the new side, in the order of `sides.new.runs`. */
  readonly new_values: readonly (number | null)[];
  /** What was estimated, with `low` and `high` as its interval: `ratio` is new divided by base, `difference` new less base. */
  readonly change: 'ratio' | 'difference';
  /** The estimate of new divided by base; null where `change` is `difference`, or a value is 0 or was not measured. */
  readonly ratio: number | null;
  /** The estimate of new less base, in `unit`. Only there where `change` is `difference`. */
  readonly difference?: number | null;
  /** The lower end of the interval; null where there is none, or it is open. */
  readonly low: number | null;
  /** The upper end of the interval; null where there is none, or it is open. */
  readonly high: number | null;
  /** How the interval was made. */
  readonly method: CompareMethod;
  /** The confidence of this interval, in per cent: an exact one can have certain levels only, and has at least what was asked for. */
  readonly confidence_percent: number | null;
  /** The p-value, two-sided, of no difference between the sides; null where there is no test. */
  readonly p: number | null;
  /** The p-value adjusted for the number of tested figures (Holm). Only there where `tested`. */
  readonly p_adjusted?: number | null;
  /** What the figure shows. Always `unclear` where `tested` is false. */
  readonly verdict: CompareVerdict;
  /** Why there is no verdict, or what to know about it, in a sentence. Only there where there is something to say. */
  readonly note?: string;
}

/** One point of a shift function: a quantile on both sides. */
export interface ShiftPoint {
  /** The quantile, between 0 and 1. */
  readonly quantile: number;
  /** The latency of the base at this quantile, in nanoseconds: the median over its runs. */
  readonly base_ns: number;
  /** The latency of the new side at this quantile, in nanoseconds. */
  readonly new_ns: number;
  /** The estimate of new divided by base; null where one of them is 0. */
  readonly ratio: number | null;
  /** The lower end of the interval of `ratio`; null where there is none. */
  readonly low: number | null;
  /** The upper end of the interval of `ratio`; null where there is none. */
  readonly high: number | null;
}

/** How a whole distribution has moved: its deciles, p95, p99 and p99.9. */
export interface ShiftFunction {
  /** The round, as its place in `rounds`. */
  readonly round: number;
  /** The clock, such as `total` or `rtt`. */
  readonly clock: string;
  /** Where the quantiles come from: the histograms of the files, or a distribution that was rebuilt from stored percentiles. */
  readonly quantiles_from: 'histograms' | 'percentiles';
  /** The quantiles, the smallest first. */
  readonly points: readonly ShiftPoint[];
}

/** A round, a search or a saturation that was compared: what both sides have at this place. */
export interface CompareRound {
  /** What it offered, in words: `1,000/s`, `max`, `100 to 5,000/s`. For searches and saturations: `search`, `saturate`. */
  readonly load: string;
  /** The rate that was offered, per second; null for `max`, searches and saturations. */
  readonly offered_rate_per_sec: number | null;
  /** The length of a block of seconds in the bootstrap, in seconds. Only there where the basis is seconds. */
  readonly block_sec?: number;
}

/** One run of a side. */
export interface CompareRun {
  /** The file that the run was read from; what a program names it. */
  readonly file: string;
  /** When the run began, in ISO 8601, UTC. */
  readonly started_at: string;
  /** The version of conngen that measured it. */
  readonly conngen: string;
  /** The machine that measured it. */
  readonly system: MachineSystem;
  /** The worst verdict of the run's rounds; null where its kind of result has none. */
  readonly verdict: VerdictStatus | null;
}

/** One side of a comparison. */
export interface CompareSide {
  /** The runs, in the order in which they were given. */
  readonly runs: readonly CompareRun[];
  /** The configuration file that the runs were made from. Only there with `--run`. */
  readonly config_file?: string;
  /** The command that was run before each run of this side (`--before-base`, `--before-new`). Only there where it was given. */
  readonly before?: string;
}

/** The two sides of a comparison. */
export interface CompareSides {
  /** What the new side is compared with. */
  readonly base: CompareSide;
  /** The side that is judged. */
  readonly new: CompareSide;
}

/** One expression of `--fail-if`, held against the comparison. */
export interface CompareThreshold {
  /** The expression as the user wrote it. */
  readonly expression: string;
  /** The name of the figure that decided: of several answers the worst one. Null where no such figure was compared. */
  readonly figure: string | null;
  /** The round that decided: the one that is furthest beyond the limit, as its place in `rounds`. */
  readonly round: number;
  /** The change in per cent; of shares in percentage points. Null where it was not measured. */
  readonly change: number | null;
  /** The end of the interval that is nearer to the limit, like `change`; null where there is no interval. */
  readonly bound: number | null;
  /**
   * `fail` means that the whole interval is beyond the limit, `pass` that none of it is. `not_proven` means that the interval has
   * changes on both sides of the limit; that does not fail. `not_measured` means that there is no interval; that fails.
   */
  readonly status: 'pass' | 'fail' | 'not_proven' | 'not_measured';
}

/** A run that `--run` made and left out. */
export interface RunLeftOut {
  /** The file of its result; null where there is none. */
  readonly file: string | null;
  /** Why it was left out, in a sentence. */
  readonly reason: string;
}

/** What `--run` did. */
export interface CompareTaking {
  /** The directory that holds the results of all runs. */
  readonly directory: string;
  /** The order of the runs, `A` for the base and `B` for the new side, those that were left out included. */
  readonly order: string;
  /** The pause between runs, in seconds. */
  readonly pause_sec: number;
  /** Runs that failed or were limited by this machine, each of them repeated once at most. */
  readonly left_out: readonly RunLeftOut[];
}

/** The result of `conngen compare`: the runs of two sides, figure by figure. */
export interface CompareResult {
  /** The kind of document and its version. */
  readonly schema: 'conngen.compare/1';
  /** The version of conngen. */
  readonly conngen: string;
  /** When the comparison was made, in ISO 8601, UTC. */
  readonly started_at: string;
  /** The schema of the results that were compared. */
  readonly of: string;
  /** `runs` where runs were compared with each other, `seconds` where there was one run on each side. */
  readonly basis: CompareBasis;
  /** How the estimates, the intervals and the verdicts were made, a sentence each. */
  readonly how: readonly string[];
  /** Changes within this percentage count as none (`--margin`). */
  readonly margin_percent: number;
  /** The confidence that was asked for (`--confidence`), in per cent. */
  readonly confidence_percent: number;
  /** The runs that a side needs for a verdict of every tested figure. */
  readonly runs_needed: number;
  /** The machine that made the comparison. */
  readonly system: MachineSystem;
  /** The two sides. */
  readonly sides: CompareSides;
  /** What was compared, by the load that was offered. */
  readonly rounds: readonly CompareRound[];
  /** The figures, round by round. */
  readonly figures: readonly CompareFigure[];
  /** How the latencies have moved. */
  readonly shifts: readonly ShiftFunction[];
  /** What differs between the sides and is no reason to refuse the comparison, a sentence each. */
  readonly warnings: readonly string[];
  /** Reasons against the comparison, a sentence each. Only there with `--force`. */
  readonly forced?: readonly string[];
  /** The expressions of `--fail-if`. Only there with `--fail-if`. */
  readonly thresholds?: readonly CompareThreshold[];
  /** False where a threshold is `fail` or `not_measured`; the exit code is 99 then. Only there with `--fail-if`. */
  readonly thresholds_met?: boolean;
  /** The runs that were taken. Only there with `--run`. */
  readonly taking?: CompareTaking;
  /** True where a signal ended the taking of runs early. Only there then. */
  readonly interrupted?: boolean;
}
