/** The result of a run, as CONTRACT and README describe it: what JSON output holds and every report is a function of. */
import type { OutcomeName } from './outcome.ts';

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
  readonly p99: number;
  readonly p99_9: number;
  readonly max: number;
}

export type VerdictStatus = 'valid' | 'generator_limited' | 'invalid';

export interface VerdictReason {
  readonly code: string;
  /** What it means and what to do. */
  readonly message: string;
}

export interface Verdict {
  readonly status: VerdictStatus;
  readonly reasons: readonly VerdictReason[];
}

export interface Attempts {
  readonly scheduled: number;
  readonly started: number;
  readonly missed: number;
  readonly in_flight_max: number;
}

/** What happened in one second of a round, by the time it happened. The sums over a round's intervals are its totals. */
export interface IntervalResult {
  readonly start_sec: number;
  readonly length_sec: number;
  readonly scheduled: number;
  readonly started: number;
  readonly missed: number;
  readonly established: number;
  readonly ok: number;
  readonly failed: number;
  /** Open at the end of the interval, held ones included. */
  readonly in_flight: number;
  /** Of these, kept open after their exchange (`--hold`). */
  readonly held: number;
  readonly bytes: { readonly sent: number; readonly received: number };
  readonly latency_ns: Readonly<Record<ClockName, LatencySummary>>;
}

export interface RoundResult {
  /** Null for `max`. */
  readonly offered_rate_per_sec: number | null;
  readonly duration_sec: number;
  readonly attempts: Attempts;
  readonly outcomes: Readonly<Record<OutcomeName, number>>;
  /** By name, only those that happened. */
  readonly errno: Readonly<Record<string, number>>;
  readonly rate_per_sec: { readonly started: number; readonly established: number; readonly completed: number };
  readonly latency_ns: Readonly<Record<ClockName, LatencySummary>>;
  readonly bytes: { readonly sent: number; readonly received: number };
  /** With `--hold` only: held connections that the peer ended before their time. */
  readonly held?: { readonly lost: number };
  readonly cpu: { readonly user_usec: number; readonly system_usec: number; readonly usec_per_connection: number };
  readonly intervals: readonly IntervalResult[];
  readonly verdict: Verdict;
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
    readonly workers: number;
  };
  readonly config: Readonly<Record<string, unknown>>;
  /** Present and true when a signal ended the run early. */
  readonly interrupted?: boolean;
  /** Present when a worker died or the run could not go on: what the others measured stands. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly rounds: readonly RoundResult[];
}

export interface ServerResult {
  readonly schema: 'conngen.server/1';
  readonly conngen: string;
  readonly started_at: string;
  readonly duration_sec: number;
  readonly system: { readonly kernel: string; readonly node: string; readonly cpus: number; readonly engine: string };
  readonly config: Readonly<Record<string, unknown>>;
  readonly accepted: number;
  /** Closed in the way the mode intends. */
  readonly completed: number;
  /** Beyond --max-connections: accepted and closed at once. Not in `accepted`. */
  readonly rejected: number;
  readonly idle_closed: number;
  /** Open when the drain at the end ran out of time. */
  readonly aborted: number;
  readonly listeners: readonly { readonly accepted: number; readonly completed: number; readonly rejected: number }[];
  readonly bytes: { readonly received: number; readonly sent: number };
  /** By class, only those that happened: `accept_EMFILE`, `reset`, `other_EPIPE` … */
  readonly errors: Readonly<Record<string, number>>;
  readonly cpu: { readonly user_usec: number; readonly system_usec: number; readonly usec_per_connection: number };
}
