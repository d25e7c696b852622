/** The result of `conngen rtt`: `conngen.rtt/1`. */
import type { BusyResult, LatencySummary, Verdict } from './client.ts';

/** What became of pings: `sent = received + lost + aborted`, `scheduled = sent + missed`. */
export interface PingCounts {
  /** Due on the schedule; with rate `max`, sent. */
  readonly scheduled: number;
  readonly sent: number;
  /** Came back within the timeout. */
  readonly received: number;
  /** Did not come back within the timeout, or were on a connection that broke. */
  readonly lost: number;
  /** Due and not sent, because too many were under way or this machine was too slow. */
  readonly missed: number;
  /** Under way when a signal ended the run. */
  readonly aborted: number;
  /** Received after one that had been sent later on the same connection. */
  readonly out_of_order: number;
  /** Came back after the timeout; counted as lost as well. */
  readonly late: number;
  /** Came back once more. */
  readonly duplicates: number;
}

export interface RttLatencies {
  /** From the send to the reply. */
  readonly rtt_ns: LatencySummary;
  /** From the moment the ping was due to the reply. */
  readonly corrected_rtt_ns: LatencySummary;
  /** From the moment the ping was due to its send. */
  readonly schedule_lag_ns: LatencySummary;
}

/** An interval of a round, by the time things happened: one second, or several (see `intervalLengthAt`). */
export interface RttInterval extends PingCounts, RttLatencies {
  readonly start_sec: number;
  readonly length_sec: number;
  /** Under way at the end of the interval. */
  readonly in_flight: number;
}

/** Single round trips, one of `every` so many, in the order in which the replies came. */
export interface RttSamples {
  readonly every: number;
  /** When the reply came, since the end of the warm-up. */
  readonly at_sec: readonly number[];
  readonly rtt_ns: readonly number[];
}

export interface RttRound extends PingCounts, RttLatencies {
  /** Null for `max`. */
  readonly offered_rate_per_sec: number | null;
  /** Pings sent per second of the round. */
  readonly achieved_rate_per_sec: number;
  readonly duration_sec: number;
  readonly in_flight_max: number;
  readonly connections: {
    /** Established before the round began. */
    readonly established: number;
    /** That could not be established. */
    readonly failed: number;
    /** Broken by the peer or the network in the round. */
    readonly lost: number;
  };
  /** By name, only those that happened: of connections, and of datagrams that were not delivered. */
  readonly errno: Readonly<Record<string, number>>;
  readonly bytes: { readonly sent: number; readonly received: number };
  readonly cpu: { readonly user_usec: number; readonly system_usec: number; readonly usec_per_ping: number };
  /** With busy tasks only: those of the loop that pings, in this round. */
  readonly busy?: BusyResult;
  /** With `--samples` only. */
  readonly samples?: RttSamples;
  readonly intervals: readonly RttInterval[];
  readonly verdict: Verdict;
}

export interface RttResult {
  readonly schema: 'conngen.rtt/1';
  readonly conngen: string;
  readonly started_at: string;
  readonly system: {
    readonly kernel: string;
    readonly node: string;
    readonly cpus: number;
    readonly engine: string;
    /** Why better engines were passed over, where they were. */
    readonly engine_notes?: readonly string[];
  };
  readonly config: Readonly<Record<string, unknown>>;
  /** Present and true when a signal ended the run early. */
  readonly interrupted?: boolean;
  /** Present when the run could not go on: what was measured until then stands. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly rounds: readonly RttRound[];
}
