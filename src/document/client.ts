/** The result of `conngen client`: the document `conngen.client/1`. The rounds of searches and saturations are the same. */
import type {
  ByteCounts,
  ConnectionCpu,
  EncodedHistograms,
  ErrorCounts,
  Finding,
  LatencySummary,
  RunFailure,
  Verdict,
  WorkResult,
} from './common.ts';
import type { ClientConfig } from './config.ts';
import type { AgentRound, FleetPart, FleetUse } from './fleet.ts';
import type { KernelEvidence } from './kernel-evidence.ts';
import type { PacketEvidence } from './packet-evidence.ts';
import type { OutcomeName, OwnerCounts } from './outcome.ts';
import type { LoadSystem } from './system.ts';

/** The clocks of an attempt, in the order of results. */
export const CLOCKS = ['schedule_lag', 'connect', 'first_byte', 'total', 'corrected_total'] as const;
export type ClockName = (typeof CLOCKS)[number];

/** The latencies of attempts, by clock. */
export interface ClockLatencies extends Readonly<Record<ClockName, LatencySummary>> {
  /** From the moment an attempt was due to its start, of every attempt that was started. */
  readonly schedule_lag: LatencySummary;
  /** From the start (the SYN) to the established connection (the SYN-ACK), of every connection that was established. */
  readonly connect: LatencySummary;
  /** From the start to the first byte of the response. */
  readonly first_byte: LatencySummary;
  /** From the start to the end of the exchange, of the attempts that were ok or timed out. */
  readonly total: LatencySummary;
  /** From the moment the attempt was due to the end of the exchange, of the same attempts as `total`. */
  readonly corrected_total: LatencySummary;
}

/** One pacing thread over the scheduled part of a round. */
export interface WorkerResult {
  /** The agent whose thread it is. Only there with `--fleet`. */
  readonly agent?: string;
  /** Attempts that the thread started. */
  readonly started: number;
  /** Attempts that were due on the thread and were not started. */
  readonly missed: number;
  /** Microseconds on a core, of `elapsed_usec`. Left out where the kernel does not tell. */
  readonly cpu_usec?: number;
  /** Microseconds ready to run while no core was free. Left out where the kernel does not tell. */
  readonly run_queue_wait_usec?: number;
  /** Microseconds that the other times are part of. Left out where the kernel does not tell. */
  readonly elapsed_usec?: number;
  /** How often garbage collection stopped the thread while it was measured. Left out of a thread that died. */
  readonly gc_pauses?: number;
  /** Microseconds that garbage collection stopped the thread for. Left out of a thread that died. */
  readonly gc_usec?: number;
  /** The longest of these pauses, in microseconds. Left out of a thread that died. */
  readonly gc_longest_usec?: number;
}

/** The unit of a criterion's limit and of the figure it is compared with. A `percent` of 0.1 is one in a thousand. */
export type CriterionUnit = 'ns' | 'percent' | 'count' | 'per_sec';

/** One expression of `--fail-if`, held against a round. */
export interface ThresholdResult {
  /** The expression as the user wrote it. */
  readonly expression: string;
  /** The figure, in `unit`; null where it was not measured, and then the threshold is not met. */
  readonly value: number | null;
  /** The unit of `value`. */
  readonly unit: CriterionUnit;
  /** True where what the expression says is not so: the same as a `status` of `pass`. */
  readonly met: boolean;
  /** `fail` means that the expression is true, which fails the run; `not_measured` fails it too. */
  readonly status: 'pass' | 'fail' | 'not_measured';
}

/** The attempts of a round. `scheduled = started + missed`. */
export interface Attempts {
  /** Attempts that were due on the schedule; with rate `max`, attempts that were started. */
  readonly scheduled: number;
  /** Attempts that were started. */
  readonly started: number;
  /** Attempts that were due and were not started. */
  readonly missed: number;
  /** The most connections that were open at the same time; with several workers an upper bound. */
  readonly in_flight_max: number;
}

/** Round trips of an established connection beside the load (`--probe`). With `--fleet` each agent has one, and the agents share the pings. */
export interface ProbeResult {
  /** Pings sent. */
  readonly sent: number;
  /** Pings that came back within `--timeout`. */
  readonly received: number;
  /** Pings that did not come back within `--timeout`, or were under way when the connection broke. */
  readonly lost: number;
  /** Round trips, in nanoseconds. */
  readonly rtt_ns: LatencySummary;
  /** Errors by name. Only there of a round in which the connection of the probe broke. */
  readonly errno?: ErrorCounts;
}

/** Failed attempts by outcome. */
export type FailureCounts = Readonly<Partial<Record<Exclude<OutcomeName, 'ok'>, number>>>;

/**
 * An interval of a round, by the time at which things happened: one second, or several in a long round. The sums over the intervals of
 * a round are its totals.
 */
export interface IntervalResult {
  /** When the interval begins, in seconds since the end of the warm-up. */
  readonly start_sec: number;
  /** How long the interval is, in seconds. */
  readonly length_sec: number;
  /** Attempts that were due. */
  readonly scheduled: number;
  /** Attempts that were started. */
  readonly started: number;
  /** Attempts that were due and were not started. */
  readonly missed: number;
  /** Connections that were established. */
  readonly established: number;
  /** Attempts that ended well. */
  readonly ok: number;
  /** Attempts that ended with another outcome. */
  readonly failed: number;
  /** The failed attempts by outcome, those that occurred. Left out where none failed. */
  readonly outcomes?: FailureCounts;
  /** Exchanges that ended without a byte of answer. Left out where there are none. */
  readonly empty_responses?: number;
  /** Exchanges that were ok with the HTTP status of an error. Left out where there are none. */
  readonly error_responses?: number;
  /** Connections open at the end of the interval, held ones included. */
  readonly in_flight: number;
  /** Connections kept open after their exchange (`--hold`), at the end of the interval. */
  readonly held: number;
  /** Bytes of payload. */
  readonly bytes: ByteCounts;
  /** Latencies by clock, in nanoseconds. */
  readonly latency_ns: ClockLatencies;
  /** The histograms behind `latency_ns`, with a probe its round trips as `probe`. Only there with `--histograms`. */
  readonly histograms?: EncodedHistograms;
  /** The probe. Only there with `--probe`. */
  readonly probe?: ProbeResult;
}

/** The rates of a ramp. */
export interface RampRates {
  /** The rate at the beginning, per second. */
  readonly from_per_sec: number;
  /** The rate at the end, per second. */
  readonly to_per_sec: number;
}

/** The rates that a round achieved, per second of its duration. */
export interface AchievedRates {
  /** Attempts started per second. */
  readonly started: number;
  /** Connections established per second. */
  readonly established: number;
  /** Attempts that ended well, per second. */
  readonly completed: number;
}

/** Exchange timeouts that are told apart. */
export interface Timeouts {
  /** Exchange timeouts because no first byte came within `--first-byte-timeout`. */
  readonly first_byte: number;
}

/** Responses that the sink kept. */
export interface Bodies {
  /** Responses that were kept whole. */
  readonly kept: number;
  /** The bytes of these responses. */
  readonly kept_bytes: number;
  /** Kept responses that went from memory to a file. */
  readonly spilled: number;
}

/** A round in stages: all connections are opened, then there is an exchange on each, then all are closed. */
export interface Stages {
  /** Exchanges begun per second, and connections closed per second. */
  readonly exchange_rate_per_sec: number;
  /** Exchanges that this machine began 10 ms late or more. */
  readonly late: number;
}

/** Connections that were kept open. */
export interface Held {
  /** Connections that the peer ended before their time. */
  readonly lost: number;
}

/** One round of a client, or one trial of a search. */
export interface RoundResult {
  /** The rate that was asked for, per second; of a ramp the mean; null for `max`. */
  readonly offered_rate_per_sec: number | null;
  /** The rates of a ramp. Only there with `--ramp`. */
  readonly ramp?: RampRates;
  /** How long the measured part was, in seconds; shorter than asked for after a signal. */
  readonly duration_sec: number;
  /** The attempts. */
  readonly attempts: Attempts;
  /** Attempts by their outcome. */
  readonly outcomes: Readonly<Record<OutcomeName, number>>;
  /** Failures by the side that caused them. */
  readonly owners: OwnerCounts;
  /** Failures by the name of their error, such as `ECONNREFUSED`. */
  readonly errno: ErrorCounts;
  /** The rates that were achieved. */
  readonly rate_per_sec: AchievedRates;
  /** Latencies by clock, in nanoseconds. */
  readonly latency_ns: ClockLatencies;
  /** The histograms behind `latency_ns`, with a probe its round trips as `probe`. Only there with `--histograms`. */
  readonly histograms?: EncodedHistograms;
  /** Bytes of payload. */
  readonly bytes: ByteCounts;
  /** Exchanges that ended without a byte of answer, whatever their outcome. Only there where a payload is sent. */
  readonly empty_responses?: number;
  /** Exchanges that were `ok` though the HTTP status of their answer is 4xx or 5xx, which no option forbids. Only there where there were any. */
  readonly error_responses?: number;
  /**
   * Established connections by the HTTP status of their answer. `not_http` counts answers that do not begin with a whole status line,
   * `none` those without a byte. Only there where the payload is an HTTP request, or with `--expect-status`.
   */
  readonly responses?: Readonly<Record<string, number>>;
  /** Exchange timeouts that are told apart. Only there with `--first-byte-timeout`. */
  readonly timeouts?: Timeouts;
  /** Responses that were kept. Only there with a `--sink` that keeps them. */
  readonly bodies?: Bodies;
  /** The jobs that keeping responses took, those of the warm-up included. Only there with a `--sink-strategy` other than direct. */
  readonly sink_work?: WorkResult;
  /** The stages. Only there in a round in stages. */
  readonly stages?: Stages;
  /** Connections that were kept open. Only there with `--hold`, or in stages. */
  readonly held?: Held;
  /** The probe. Only there with `--probe`. */
  readonly probe?: ProbeResult;
  /** Processor time of the whole process. */
  readonly cpu: ConnectionCpu;
  /** The pacing threads. */
  readonly workers: readonly WorkerResult[];
  /** The agents of the fleet, in the order of their turns. Only there with `--fleet`. */
  readonly agents?: readonly AgentRound[];
  /**
   * What this machine's kernel counted. Only there on Linux; with `--engine packet` only what it counts of the machine. With `--fleet` the
   * sums over the kernels of the agents.
   */
  readonly kernel?: KernelEvidence;
  /** What the packet engine counted. Only there with `--engine packet`. */
  readonly packet?: PacketEvidence;
  /** The round by the time at which things happened, without its warm-up. */
  readonly intervals: readonly IntervalResult[];
  /** Whether the figures are those of the target. */
  readonly verdict: Verdict;
  /** The expressions of `--fail-if`, held against this round. Only there with `--fail-if`. */
  readonly thresholds?: readonly ThresholdResult[];
  /** What the round shows of the target, the network or the kernel. */
  readonly findings: readonly Finding[];
}

/** The result of `conngen client`. */
export interface ClientResult {
  /** The kind of document and its version. */
  readonly schema: 'conngen.client/1';
  /** The version of conngen. */
  readonly conngen: string;
  /** When the run began, in ISO 8601, UTC. */
  readonly started_at: string;
  /** The machine, the engine and the pacing threads. */
  readonly system: LoadSystem;
  /** The fleet that it was measured with. Only there with `--fleet`. */
  readonly fleet?: FleetUse;
  /** Which part of a fleet's run it is. Only there in a file of `conngen agent --keep`. */
  readonly fleet_part?: FleetPart;
  /** Every option as it took effect. */
  readonly config: ClientConfig;
  /** True where a signal ended the run early. Only there then. */
  readonly interrupted?: boolean;
  /** Why the run broke off. Only there where a worker died or the run could not go on; what was measured until then stands. */
  readonly error?: RunFailure;
  /** Whether every threshold was met in every round, and no round was limited by this machine unless that is allowed. Only there with `--fail-if`. */
  readonly thresholds_met?: boolean;
  /** The rounds that were begun, in order. */
  readonly rounds: readonly RoundResult[];
}
