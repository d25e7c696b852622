/** The results of `conngen client` and `conngen server`: what JSON output holds. Every report is a function of one. */
import type { KernelEvidence } from './kernel-evidence.ts';
import type { OutcomeName, OwnerCounts } from './outcome.ts';

/** The clocks of an attempt, in the order of results. */
export const CLOCKS = ['schedule_lag', 'connect', 'first_byte', 'total', 'corrected_total'] as const;
export type ClockName = (typeof CLOCKS)[number];

/** A latency distribution in nanoseconds. All zero when `count` is 0. */
export interface LatencySummary {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p99_9: number;
  readonly max: number;
}

export type VerdictStatus = 'valid' | 'generator_limited' | 'invalid';

export interface VerdictReason {
  readonly code: string;
  /** What it means and what to do. */
  readonly message: string;
  /** The figures that it rests on, with their units in the names. */
  readonly evidence?: Evidence;
}

export type Evidence = Readonly<Record<string, number | readonly number[]>>;

/** What a run shows of the target, the network or the kernel, beside the verdict on the generator. */
export interface Finding {
  readonly code: string;
  /** What it means and what to do. */
  readonly message: string;
  readonly evidence: Evidence;
}

/** One pacing thread over the scheduled part of a round. */
export interface WorkerResult {
  readonly started: number;
  readonly missed: number;
  /** On a core, of `elapsed_usec`. Absent where the kernel does not tell. */
  readonly cpu_usec?: number;
  /** Ready to run while no core was free for it. Absent where the kernel does not tell. */
  readonly run_queue_wait_usec?: number;
  readonly elapsed_usec?: number;
  /** How often and how long garbage collection stopped the thread while it was measured. Absent of one that died. */
  readonly gc_pauses?: number;
  readonly gc_usec?: number;
  readonly gc_longest_usec?: number;
}

export interface Verdict {
  readonly status: VerdictStatus;
  readonly reasons: readonly VerdictReason[];
}

/** Of a criterion's limit and of what it is compared with. A `percent` of 0.1 is one in a thousand. */
export type CriterionUnit = 'ns' | 'percent' | 'count' | 'per_sec';

/** One `--fail-if` and what a round had to say to it. */
export interface ThresholdResult {
  /** As the user wrote it. */
  readonly expression: string;
  /** In `unit`; null where nothing of the kind was measured, and then it is not met. */
  readonly value: number | null;
  readonly unit: CriterionUnit;
  /** The threshold is met: what the expression says is not so. The same as a `status` of `pass`. */
  readonly met: boolean;
  /** `fail`: the expression is true, which fails the run. `not_measured` fails it too. */
  readonly status: 'pass' | 'fail' | 'not_measured';
}

export interface Attempts {
  readonly scheduled: number;
  readonly started: number;
  readonly missed: number;
  readonly in_flight_max: number;
}

/** Round trips of an established connection beside the load (`--probe`). */
export interface ProbeResult {
  readonly sent: number;
  readonly received: number;
  /** Not back within `--timeout`, or under way when the connection broke. */
  readonly lost: number;
  readonly rtt_ns: LatencySummary;
  /** Of a round, where its connection broke: by name. */
  readonly errno?: Readonly<Record<string, number>>;
}

/**
 * What happened in an interval of a round, by the time it happened: one second, or several (see `intervalLengthAt`). The sums over a
 * round's intervals are its totals.
 */
export interface IntervalResult {
  readonly start_sec: number;
  readonly length_sec: number;
  readonly scheduled: number;
  readonly started: number;
  readonly missed: number;
  readonly established: number;
  readonly ok: number;
  readonly failed: number;
  /** Left out where there are none. */
  readonly empty_responses?: number;
  /** Open at the end of the interval, held ones included. */
  readonly in_flight: number;
  /** Of these, kept open after their exchange (`--hold`). */
  readonly held: number;
  readonly bytes: { readonly sent: number; readonly received: number };
  readonly latency_ns: Readonly<Record<ClockName, LatencySummary>>;
  /** With `--probe` only. */
  readonly probe?: ProbeResult;
}

export interface RoundResult {
  /** Null for `max`. */
  readonly offered_rate_per_sec: number | null;
  /** With `--ramp` only: where the rate began and ended; `offered_rate_per_sec` is its mean. */
  readonly ramp?: { readonly from_per_sec: number; readonly to_per_sec: number };
  readonly duration_sec: number;
  readonly attempts: Attempts;
  readonly outcomes: Readonly<Record<OutcomeName, number>>;
  readonly owners: OwnerCounts;
  /** By name, only those that happened. */
  readonly errno: Readonly<Record<string, number>>;
  readonly rate_per_sec: { readonly started: number; readonly established: number; readonly completed: number };
  readonly latency_ns: Readonly<Record<ClockName, LatencySummary>>;
  readonly bytes: { readonly sent: number; readonly received: number };
  /** Where a payload is sent: exchanges that came to their end without a byte of answer, whatever the outcome. */
  readonly empty_responses?: number;
  /**
   * Where the payload is an HTTP request, or a status is expected: how many of the established connections were answered with each
   * status. `not_http`: bytes came that do not begin with a whole status line; `none`: no byte came.
   */
  readonly responses?: Readonly<Record<string, number>>;
  /** With `--first-byte-timeout` only: of the exchange timeouts, those without a first byte in time. */
  readonly timeouts?: { readonly first_byte: number };
  /** With a `--sink` that keeps them: responses that were kept whole, and of these those that went from memory to a file. */
  readonly bodies?: { readonly kept: number; readonly kept_bytes: number; readonly spilled: number };
  /** With a `--sink-strategy` other than direct only: the jobs that keeping them took, warm-up included. */
  readonly sink_work?: WorkResult;
  /** In a round in stages only (trials of a search): all are opened, then there is an exchange on each, then all are closed. */
  readonly stages?: {
    /** Exchanges begun a second, and connections closed. */
    readonly exchange_rate_per_sec: number;
    /** Exchanges that this machine began 10 ms late or more. */
    readonly late: number;
  };
  /** With `--hold`, or in stages: held connections that the peer ended before their time. */
  readonly held?: { readonly lost: number };
  /** With `--probe` only. */
  readonly probe?: ProbeResult;
  readonly cpu: { readonly user_usec: number; readonly system_usec: number; readonly usec_per_connection: number };
  readonly workers: readonly WorkerResult[];
  /** On Linux. */
  readonly kernel?: KernelEvidence;
  readonly intervals: readonly IntervalResult[];
  readonly verdict: Verdict;
  /** With `--fail-if` only. */
  readonly thresholds?: readonly ThresholdResult[];
  readonly findings: readonly Finding[];
}

export interface ClientResult {
  readonly schema: 'conngen.client/1';
  readonly conngen: string;
  readonly started_at: string;
  readonly system: {
    readonly kernel: string;
    readonly node: string;
    readonly cpus: number;
    readonly engine: string;
    /** Why `--engine auto` passed better engines over, a line each; left out where there is nothing to say. */
    readonly engine_notes?: readonly string[];
    readonly workers: number;
  };
  readonly config: Readonly<Record<string, unknown>>;
  /** Present and true when a signal ended the run early. */
  readonly interrupted?: boolean;
  /** Present when a worker died or the run could not go on: what the others measured stands. */
  readonly error?: { readonly code: string; readonly message: string };
  /** With `--fail-if` only: each was met in every round, and no round was limited by this machine unless that is allowed. */
  readonly thresholds_met?: boolean;
  readonly rounds: readonly RoundResult[];
}

/** Tasks that wake every millisecond on a loop and compute. */
export interface BusyResult {
  /** On each loop. */
  readonly tasks: number;
  /** Ticks that were run, and those that came too late to be, on all loops. */
  readonly ticks: number;
  readonly skipped: number;
}

/** The work of connections, a job each. jobs = done + unfinished; where nothing is unfinished, jobs = on_loop + on_threads. */
export interface WorkResult {
  readonly jobs: number;
  readonly done: number;
  /** Not done when the drain at the end ran out of time. */
  readonly unfinished: number;
  /** Done on a listener's loop, `caller_runs` included. */
  readonly on_loop: number;
  readonly on_threads: number;
  /** Had to wait for a permit. */
  readonly waited: number;
  readonly queue_full: number;
  /** Done on a loop because the queue was full. */
  readonly caller_runs: number;
  /** The most that ran at the same time; null for the runtime's own pool, which does not tell. */
  readonly running_max: number | null;
  /** What ran in the place of the work where that cannot run. */
  readonly stand_in?: string;
}

/** What an echo of datagrams received, and what became of it. */
export interface DatagramCounts {
  readonly received: number;
  readonly sent: number;
  /** Received and not answered, so that two echoes do not answer each other without end. Present where there are any. */
  readonly dropped?: {
    /** Replies of an echo to pings. */
    readonly replies: number;
    /** From a port on which servers send (echo, chargen …), or from this server's own. */
    readonly server_ports: number;
    /** Beyond --datagram-rate. */
    readonly over_rate: number;
  };
}

export interface ServerResult {
  readonly schema: 'conngen.server/1';
  readonly conngen: string;
  readonly started_at: string;
  readonly duration_sec: number;
  readonly system: {
    readonly kernel: string;
    readonly node: string;
    readonly cpus: number;
    readonly engine: string;
    /** As in `ClientResult`. */
    readonly engine_notes?: readonly string[];
  };
  readonly config: Readonly<Record<string, unknown>>;
  readonly accepted: number;
  /** From the first connection that was accepted to the last; left out below 0.1 s. */
  readonly accepting?: { readonly duration_sec: number; readonly rate_per_sec: number };
  /** Closed in the way the mode intends. */
  readonly completed: number;
  /** Beyond --max-connections: accepted and closed at once. Not in `accepted`. */
  readonly rejected: number;
  readonly idle_closed: number;
  /** Open when the drain at the end ran out of time. */
  readonly aborted: number;
  readonly listeners: readonly { readonly accepted: number; readonly completed: number; readonly rejected: number }[];
  /** Echoed one by one; with `--protocol udp` or `both` only. */
  readonly datagrams?: DatagramCounts;
  /** Of connections and datagrams. */
  readonly bytes: { readonly received: number; readonly sent: number };
  /** With `--work` or `--work-strategy`. */
  readonly work?: WorkResult;
  /** With `--busy-tasks`. */
  readonly busy?: BusyResult;
  /** By class, only those that happened: `accept_EMFILE`, `reset`, `other_EPIPE` … */
  readonly errors: Readonly<Record<string, number>>;
  /** Present when a listener died, and the server stopped for that. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly cpu: { readonly user_usec: number; readonly system_usec: number; readonly usec_per_connection: number };
  /** On Linux. */
  readonly kernel?: KernelEvidence;
  readonly findings: readonly Finding[];
}
