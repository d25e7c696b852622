/** The results of `conngen saturate` and `conngen search`: the documents `conngen.saturate/1` and `conngen.search/1`. */
import type { CriterionUnit, RoundResult } from './client.ts';
import type { RunFailure, Verdict } from './common.ts';
import type { FleetUse } from './fleet.ts';
import type { QuantityName, SaturateConfig, SearchConfig } from './config.ts';
import type { LoadSystem } from './system.ts';

/** What the results of both commands have. */
interface LimitHead {
  /** The version of conngen. */
  readonly conngen: string;
  /** When the run began, in ISO 8601, UTC. */
  readonly started_at: string;
  /** How long the run took, in seconds. */
  readonly duration_sec: number;
  /** The machine, the engine and the pacing threads. */
  readonly system: LoadSystem;
  /** The fleet that it was measured with. Only there with `--fleet`. */
  readonly fleet?: FleetUse;
  /** True where a signal ended the run early. Only there then. */
  readonly interrupted?: boolean;
  /** Why the run broke off. Only there where a worker died. */
  readonly error?: RunFailure;
  /**
   * Whether every threshold was met in every trial that gives an answer, every answer has such a trial, and none is limited by this
   * machine unless that is allowed. The figures are in the `thresholds` of these trials. Only there with `--fail-if`.
   */
  readonly thresholds_met?: boolean;
}

/** How busy one processor was. */
export interface BusyProcessor {
  /** The number of the processor. */
  readonly core: number;
  /** The share of the time that it was busy, in per cent. */
  readonly busy_percent: number;
}

/** Another process that used the processors. */
export interface NeighbourResult {
  /** The process id. */
  readonly pid: number;
  /** The name of the process. */
  readonly name: string;
  /** What it used, in per cent of one processor. */
  readonly percent: number;
}

/** Why this machine was the limit of a trial, and how busy its processors were. */
export interface LimitedByResult {
  /** The code of a reason of a verdict, or of the finding `cores_busy`. */
  readonly code: string;
  /** The message says why, in a sentence. */
  readonly message: string;
  /** The busiest processor; null where the kernel does not tell. */
  readonly processor: BusyProcessor | null;
  /** What this process used, all its threads together, in per cent of one processor; null where it is not known, as of a fleet whose agents did not tell. */
  readonly own_percent: number | null;
  /** Other processes, the busiest first. */
  readonly shared_with: readonly NeighbourResult[];
}

/** The goal of a saturation, held against a step. */
export interface StepGoalResult {
  /** The figure, in `unit`; null where it was not measured. */
  readonly value: number | null;
  /** The unit of `value`. */
  readonly unit: CriterionUnit;
  /** Whether the step met the goal. */
  readonly met: boolean;
}

/** One step of a saturation. */
export interface SaturateStepResult {
  /** The rate of the step, per second. */
  readonly rate_per_sec: number;
  /** The 90th percentile of `total`, in nanoseconds; null where too few exchanges ended. */
  readonly p90_ns: number | null;
  /** Attempts that were started and not ok. */
  readonly failures: number;
  /** The goal, held against this step. What this machine did not start is no loss of the target's. */
  readonly goal: StepGoalResult;
  /** Whether the figures are those of the target. */
  readonly verdict: Verdict;
  /** True where the rate of the step before was run once more, because that step would have ended the run. */
  readonly repeat: boolean;
  /** The whole result of the step. */
  readonly result: RoundResult;
}

/** The step that others are compared with. */
export interface SaturateBase {
  /** The rate of the step, per second. */
  readonly rate_per_sec: number;
  /** The 90th percentile of `total`, in nanoseconds. */
  readonly p90_ns: number;
}

/** The result of `conngen saturate`. */
export interface SaturateResult extends LimitHead {
  /** The kind of document and its version. */
  readonly schema: 'conngen.saturate/1';
  /** Every option as it took effect. */
  readonly config: SaturateConfig;
  /** The steps, in order. */
  readonly steps: readonly SaturateStepResult[];
  /** What the last step was compared with; null where there was nothing to compare it with. */
  readonly base: SaturateBase | null;
  /** The first rate that was too slow or failed too often, twice, per second; null where none was. */
  readonly saturated_at: number | null;
  /** The highest rate that was neither, per second; null where none was. */
  readonly sustained_per_sec: number | null;
  /** Why this machine was the limit; null unless `stopped_by` is `generator_limited`. */
  readonly limited_by: LimitedByResult | null;
  /** Why there were no more steps. */
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

/** What became known of a goal. */
export type GoalStatusName =
  'found' | 'range' | 'at_max_rate' | 'fails_at_min_rate' | 'generator_limited' | 'unfinished';

/** The smallest, the mean and the largest of latencies. */
export interface LatencyRange {
  /** The smallest, in nanoseconds. */
  readonly min: number;
  /** The mean, in nanoseconds. */
  readonly mean: number;
  /** The largest, in nanoseconds. */
  readonly max: number;
}

/** What RFC 9411, section 7.2, asks to be reported, of the last trial that confirmed an answer. */
export interface KpiResult {
  /** Connections established per second, on average. */
  readonly connections_per_sec: number;
  /** Payload in both directions, in bits per second. */
  readonly throughput_bits_per_sec: number;
  /** From the start of a connection to the first byte; null where none came. */
  readonly time_to_first_byte_ns: LatencyRange | null;
  /** From the start of a connection to the last byte; null where none came. */
  readonly time_to_last_byte_ns: LatencyRange | null;
  /** The furthest that 2 s of established connections were from their mean, in per cent; null where that cannot be told. */
  readonly rate_deviation_percent: number | null;
  /** The furthest that 2 s of open connections were from their mean, in per cent; null where that cannot be told. */
  readonly concurrency_deviation_percent: number | null;
}

/** Trials that confirmed an answer. */
export interface Confirmed {
  /** Trials that met the goal. */
  readonly passed: number;
  /** All trials at that load. */
  readonly of: number;
}

/** The length of a trial: a short one that explores, or a full one that confirms. */
export type TrialLength = 'exploratory' | 'final';

/** The trials that a lower bound rests on. */
export interface LowerTrials extends Confirmed {
  /** Their length. */
  readonly length: TrialLength;
  /** How long each was, in seconds. */
  readonly duration_sec: number;
}

/** The answer for one goal. Where connections are searched for, the rates are null; otherwise the numbers of connections are. */
export interface GoalResult {
  /** The goal as the user wrote it. */
  readonly goal: string;
  /** What was searched for. */
  readonly quantity: QuantityName;
  /** The payload of this search; null for none. Only there where a run has several payloads. */
  readonly payload_file?: string | null;
  /** How many open connections meet the goal; null unless `status` is `found` or `at_max_rate`. */
  readonly connections: number | null;
  /** The most connections that met the goal; null where none did. */
  readonly lower_connections: number | null;
  /** The fewest connections that did not meet it; null where none are known. */
  readonly upper_connections: number | null;
  /** The highest rate that meets the goal, per second; with `teardown`, of tear-downs. Null unless `status` is `found` or `at_max_rate`. */
  readonly rate_per_sec: number | null;
  /** The rate that the confirming trials were asked for, per second; `rate_per_sec` is what they started, which may be less. */
  readonly trial_rate_per_sec: number | null;
  /** The highest rate that met the goal, per second; null where none did. */
  readonly lower_per_sec: number | null;
  /** The lowest rate that did not meet it, per second; null where none is known. */
  readonly upper_per_sec: number | null;
  /** What became known. */
  readonly status: GoalStatusName;
  /** The full-length trials at the answer; null where there is no answer. */
  readonly confirmed: Confirmed | null;
  /** The lowest rate that this machine could not offer, per second; null where there was none. */
  readonly generator_limit_per_sec: number | null;
  /** The fewest connections that this machine could not offer; null where there were none. */
  readonly generator_limit_connections: number | null;
  /** Why this machine was the limit, in a sentence; null where it was not. */
  readonly reason: string | null;
  /** The same with its figures; null unless `status` is `generator_limited`. */
  readonly limited_by: LimitedByResult | null;
  /** The trials that the lower bound rests on, full-length ones where there were any; null where there is no bound. */
  readonly lower_trials: LowerTrials | null;
  /** The figures of RFC 9411; null where no trial with a duration confirmed the answer. */
  readonly kpi: KpiResult | null;
}

/** One trial of a search. */
export interface TrialResult {
  /** What is searched for. */
  readonly quantity: QuantityName;
  /** The payload of this trial; null for none. Only there where a run has several payloads. */
  readonly payload_file?: string | null;
  /** Attempts per second. */
  readonly rate_per_sec: number;
  /** The connections of a trial in stages; null without stages. */
  readonly connections: number | null;
  /** Exchanges begun per second in stages, or tear-downs; null without stages. */
  readonly exchange_rate_per_sec: number | null;
  /** The length of the trial. */
  readonly length: TrialLength;
  /** Why the trial was made. */
  readonly why: string;
  /** Whether the trial met each goal; null where this machine was the limit. */
  readonly passed: Readonly<Record<string, boolean | null>>;
  /** The figure of each goal, in the unit of its limit; null where it was not measured. */
  readonly values: Readonly<Record<string, number | null>>;
  /** Whether the trial says something about the target. */
  readonly standing: 'valid' | 'generator_limited' | 'nothing_established' | 'nothing_completed';
  /** What the target served, per second; null where that is unknown or no rate is searched for. */
  readonly served_per_sec: number | null;
  /** The whole result of the trial. */
  readonly result: RoundResult;
}

/** The result of `conngen search`. */
export interface SearchResult extends LimitHead {
  /** The kind of document and its version. */
  readonly schema: 'conngen.search/1';
  /** Every option as it took effect. */
  readonly config: SearchConfig;
  /** The profile that was followed (`--profile`); null without one. */
  readonly profile: string | null;
  /** The differences of the run from the profile, a line each. */
  readonly deviations: readonly string[];
  /** The answers, one for each goal, quantity and payload. */
  readonly goals: readonly GoalResult[];
  /** Why there were no more trials. */
  readonly stopped_by: 'answered' | 'target_gone' | 'too_many_trials' | 'max_time' | 'interrupted' | 'error';
  /** The trials, in order. */
  readonly trials: readonly TrialResult[];
}

/** The result of a command that looks for a limit. */
export type LimitResult = SearchResult | SaturateResult;
