/** The results of `conngen saturate` and `conngen search`. */
import type { ClientResult, RoundResult, Verdict } from './client.ts';

interface LimitResult {
  readonly conngen: string;
  readonly started_at: string;
  readonly duration_sec: number;
  readonly system: ClientResult['system'];
  readonly config: Readonly<Record<string, unknown>>;
  /** Present and true when a signal ended the run early. */
  readonly interrupted?: boolean;
  /** Present when a worker died. */
  readonly error?: { readonly code: string; readonly message: string };
  /**
   * With `--fail-if` only: each was met in every trial that gives an answer, every answer has such a trial, and none is limited by
   * this machine unless that is allowed. The figures are in the `thresholds` of those trials' results.
   */
  readonly thresholds_met?: boolean;
}

/** Why this machine was the limit of a trial, and what its processors did meanwhile. */
export interface LimitedByResult {
  /** A reason of a verdict, or `cores_busy`: the processors that the target shares had no time left. */
  readonly code: string;
  readonly message: string;
  /** The busiest one; null where the kernel does not tell. */
  readonly processor: { readonly core: number; readonly busy_percent: number } | null;
  /** Of one processor: what this process used, all its threads together. */
  readonly own_percent: number;
  /** Other processes, the most first, in per cent of one processor. */
  readonly shared_with: readonly { readonly pid: number; readonly name: string; readonly percent: number }[];
}

export interface SaturateStepResult {
  readonly rate_per_sec: number;
  /** Of `total`; null where too few exchanges ended. */
  readonly p90_ns: number | null;
  /** Attempts that were started and not ok. */
  readonly failures: number;
  readonly verdict: Verdict;
  /** The rate of the step before once more, because that would have ended the run. */
  readonly repeat: boolean;
  readonly result: RoundResult;
}

export interface SaturateResult extends LimitResult {
  readonly schema: 'conngen.saturate/1';
  readonly steps: readonly SaturateStepResult[];
  /** What the last step was compared with. */
  readonly base: { readonly rate_per_sec: number; readonly p90_ns: number } | null;
  /** The first rate that was too slow or failed too often, twice; null where none was. */
  readonly saturated_at: number | null;
  /** The highest rate that was neither. */
  readonly sustained_per_sec: number | null;
  /** Null unless `stopped_by` is `generator_limited`. */
  readonly limited_by: LimitedByResult | null;
  readonly stopped_by:
    | 'slowdown'
    | 'failures'
    | 'fails_at_start'
    | 'generator_limited'
    | 'max_rate'
    | 'max_time'
    | 'interrupted'
    | 'error';
}

export type GoalStatusName =
  'found' | 'range' | 'at_max_rate' | 'fails_at_min_rate' | 'generator_limited' | 'unfinished';

/** What is searched for, see `search/quantity.ts`. */
export type QuantityName = 'rate' | 'connections' | 'teardown';

interface LatencyRange {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** What RFC 9411 section 7.2 asks to be reported, of the last trial that confirmed an answer. */
export interface KpiResult {
  /** Established, on average. */
  readonly connections_per_sec: number;
  /** Payloads in both directions. */
  readonly throughput_bits_per_sec: number;
  /** From the start of a connection; null where there was none. */
  readonly time_to_first_byte_ns: LatencyRange | null;
  readonly time_to_last_byte_ns: LatencyRange | null;
  /** The furthest that a sample of 2 s was from the mean: of what was established, and of what was open. Null where that cannot be told. */
  readonly rate_deviation_percent: number | null;
  readonly concurrency_deviation_percent: number | null;
}

/** With `connections` as the quantity, the rates are null; else the numbers of connections are. */
export interface GoalResult {
  readonly goal: string;
  readonly quantity: QuantityName;
  /** Present where a run has several payloads. */
  readonly payload_file?: string | null;
  /** How many connections open at once meet the goal; null unless `status` is `found` or `at_max_rate`. */
  readonly connections: number | null;
  readonly lower_connections: number | null;
  readonly upper_connections: number | null;
  /** The highest rate that meets the goal, of tear-downs with `teardown`; null unless `status` is `found` or `at_max_rate`. */
  readonly rate_per_sec: number | null;
  /** What was asked of the trials that confirm it; `rate_per_sec` is what they started, which may be less. */
  readonly trial_rate_per_sec: number | null;
  readonly lower_per_sec: number | null;
  readonly upper_per_sec: number | null;
  readonly status: GoalStatusName;
  /** Full-length trials at the answer. */
  readonly confirmed: { readonly passed: number; readonly of: number } | null;
  /** The lowest rate, or number of connections, that this machine could not offer. */
  readonly generator_limit_per_sec: number | null;
  readonly generator_limit_connections: number | null;
  /** Why this machine was the limit, where it was. */
  readonly reason: string | null;
  /** The same with its figures; null unless `status` is `generator_limited`. */
  readonly limited_by: LimitedByResult | null;
  /** What the lower bound rests on: the trials at that load, full-length ones where there were any. Null where there is no bound. */
  readonly lower_trials: {
    readonly passed: number;
    readonly of: number;
    readonly length: 'exploratory' | 'final';
    readonly duration_sec: number;
  } | null;
  /** Of trials that take a time, where one confirmed the answer; else null. */
  readonly kpi: KpiResult | null;
}

export interface TrialResult {
  readonly quantity: QuantityName;
  readonly payload_file?: string | null;
  /** Attempts per second. */
  readonly rate_per_sec: number;
  /** In stages: connections of the trial; else null. */
  readonly connections: number | null;
  /** In stages: exchanges begun (of `teardown`, tear-downs) per second; else null. */
  readonly exchange_rate_per_sec: number | null;
  readonly length: 'exploratory' | 'final';
  readonly why: string;
  /** By goal; null where this machine was the limit. */
  readonly passed: Readonly<Record<string, boolean | null>>;
  /** By goal, in the unit of its limit. */
  readonly values: Readonly<Record<string, number | null>>;
  readonly standing: 'valid' | 'generator_limited' | 'nothing_established';
  readonly served_per_sec: number | null;
  readonly result: RoundResult;
}

export interface SearchResult extends LimitResult {
  readonly schema: 'conngen.search/1';
  /** The recipe that was followed, or null. */
  readonly profile: string | null;
  /** Where the run differs from the recipe. */
  readonly deviations: readonly string[];
  readonly goals: readonly GoalResult[];
  readonly stopped_by: 'answered' | 'target_gone' | 'too_many_trials' | 'max_time' | 'interrupted' | 'error';
  readonly trials: readonly TrialResult[];
}
