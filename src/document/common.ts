/** What the results of several commands have in common: latencies, verdicts, findings, errors, work beside a loop. */

/** A latency distribution in nanoseconds. Every figure is 0 where `count` is 0. */
export interface LatencySummary {
  /** The number of samples. */
  readonly count: number;
  /** The smallest sample, in nanoseconds. */
  readonly min: number;
  /** The mean, in nanoseconds. */
  readonly mean: number;
  /** The median, in nanoseconds. */
  readonly p50: number;
  /** The 75th percentile, in nanoseconds. */
  readonly p75: number;
  /** The 90th percentile, in nanoseconds. */
  readonly p90: number;
  /** The 95th percentile, in nanoseconds. */
  readonly p95: number;
  /** The 99th percentile, in nanoseconds. */
  readonly p99: number;
  /** The 99.9th percentile, in nanoseconds. */
  readonly p99_9: number;
  /** The largest sample, in nanoseconds. */
  readonly max: number;
}

/**
 * The histogram of each clock, values in nanoseconds, as a V2 compressed HdrHistogram in base64. Lines of `--stream` have the same ones.
 */
export type EncodedHistograms = Readonly<Record<string, string>>;

/** How far the figures of a round can be taken for those of the target. */
export type VerdictStatus = 'valid' | 'generator_limited' | 'invalid';

/** One reason why a round is not valid, or something to know about a valid one. */
export interface VerdictReason {
  /** The code is stable and in snake_case. */
  readonly code: string;
  /** The message says what the reason means and what to do, in a sentence. */
  readonly message: string;
  /** The figures that the reason rests on, with their units in the names. */
  readonly evidence?: Evidence;
}

/** Figures with their units in the names: a number each, or a list of numbers. */
export type Evidence = Readonly<Record<string, number | readonly number[]>>;

/** Whether a round shows the target, or the limit of the machine that measured it. */
export interface Verdict {
  /** The status is the worst of the rules that apply; `generator_limited` means that this machine was the bottleneck. */
  readonly status: VerdictStatus;
  /** Every reason that applies, in the order of the reference page. */
  readonly reasons: readonly VerdictReason[];
}

/** What a run shows of the target, the network or the kernel. A finding changes no verdict. */
export interface Finding {
  /** The code is stable and in snake_case. */
  readonly code: string;
  /** The message says what the finding means and what to do. */
  readonly message: string;
  /** The figures that the finding rests on, with their units in the names. */
  readonly evidence: Evidence;
}

/** Why a run broke off. */
export interface RunFailure {
  /** The code is stable and in snake_case. */
  readonly code: string;
  /** The message says what happened. */
  readonly message: string;
}

/** Bytes of payload, in both directions. */
export interface ByteCounts {
  /** Bytes handed to the kernel to be sent. */
  readonly sent: number;
  /** Bytes received. */
  readonly received: number;
}

/** Processor time of the whole process. */
export interface CpuTimes {
  /** Microseconds in user mode. */
  readonly user_usec: number;
  /** Microseconds in the kernel. */
  readonly system_usec: number;
}

/** Processor time of the whole process, and its share for each connection. */
export interface ConnectionCpu extends CpuTimes {
  /** Microseconds for each connection; 0 where there was none. With `--fleet` of the agents that told their time; 0 where none did. */
  readonly usec_per_connection: number;
}

/** Counts by the name of an error, such as `ECONNREFUSED`. Only errors that happened are there. */
export type ErrorCounts = Readonly<Record<string, number>>;

/** The ticks of busy tasks: tasks that wake every millisecond on a loop and compute. */
export interface BusyResult {
  /** Busy tasks on each loop. */
  readonly tasks: number;
  /** Ticks that were run, on all loops. */
  readonly ticks: number;
  /** Ticks that came too late to be run, on all loops. */
  readonly skipped: number;
}

/** The jobs of connections. `jobs = done + unfinished`; where nothing is unfinished, `jobs = on_loop + on_threads`. */
export interface WorkResult {
  /** Jobs that were handed over, one for each connection. */
  readonly jobs: number;
  /** Jobs that were done. */
  readonly done: number;
  /** Jobs that were not done when the drain at the end ran out of time. */
  readonly unfinished: number;
  /** Jobs done on a loop, `caller_runs` included. */
  readonly on_loop: number;
  /** Jobs done on threads beside the loops. */
  readonly on_threads: number;
  /** Jobs that had to wait for a permit. */
  readonly waited: number;
  /** How often the queue was full. */
  readonly queue_full: number;
  /** Jobs done on a loop because the queue was full. */
  readonly caller_runs: number;
  /** The most jobs that ran at the same time; null for the pool of the runtime, which does not tell. */
  readonly running_max: number | null;
  /** What ran in the place of the work, where the work itself cannot run. */
  readonly stand_in?: string;
}
