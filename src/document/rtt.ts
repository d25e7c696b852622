/** The result of `conngen rtt`: the document `conngen.rtt/1`. */
import type {
  BusyResult,
  ByteCounts,
  CpuTimes,
  EncodedHistograms,
  ErrorCounts,
  LatencySummary,
  RunFailure,
  Verdict,
} from './common.ts';
import type { RttConfig } from './config.ts';
import type { AgentRound, FleetPart, FleetUse } from './fleet.ts';
import type { EngineSystem } from './system.ts';

/** The pings of a round or an interval. In a round `sent = received + lost + aborted` and `scheduled = sent + missed`. */
export interface PingCounts {
  /** Pings that were due on the schedule; with rate `max`, pings that were sent. */
  readonly scheduled: number;
  /** Pings sent. */
  readonly sent: number;
  /** Pings that came back within the timeout. */
  readonly received: number;
  /** Pings that did not come back within the timeout, or were on a connection that broke. */
  readonly lost: number;
  /** Pings that were due and not sent, because too many were under way or this machine was too slow. */
  readonly missed: number;
  /** Pings under way when a signal ended the run. */
  readonly aborted: number;
  /** Replies that came after the reply to a later ping of the same connection. */
  readonly out_of_order: number;
  /** Replies that came after the timeout. They are counted as lost as well. */
  readonly late: number;
  /** Replies that came once more. */
  readonly duplicates: number;
}

/** The latencies of pings, in nanoseconds. */
export interface RttLatencies {
  /** From the send to the reply. */
  readonly rtt_ns: LatencySummary;
  /** From the moment the ping was due to the reply. */
  readonly corrected_rtt_ns: LatencySummary;
  /** From the moment the ping was due to its send. */
  readonly schedule_lag_ns: LatencySummary;
}

/** An interval of a round, by the time at which things happened: one second, or several in a long round. */
export interface RttInterval extends PingCounts, RttLatencies {
  /** When the interval begins, in seconds since the end of the warm-up. */
  readonly start_sec: number;
  /** How long the interval is, in seconds. */
  readonly length_sec: number;
  /** Pings under way at the end of the interval. */
  readonly in_flight: number;
  /** The histograms of the latencies by clock: `rtt`, `corrected_rtt` and `schedule_lag`. Only there with `--histograms`. */
  readonly histograms?: EncodedHistograms;
}

/** Single round trips, one of `every` so many, in the order of the replies. */
export interface RttSamples {
  /** One round trip of so many was kept. */
  readonly every: number;
  /** When each reply came, in seconds since the end of the warm-up. */
  readonly at_sec: readonly number[];
  /** The round trips, in nanoseconds. */
  readonly rtt_ns: readonly number[];
}

/** The connections that pings were sent on. */
export interface PingConnections {
  /** Connections that were established before the round began. */
  readonly established: number;
  /** Connections that could not be established. */
  readonly failed: number;
  /** Connections that the peer or the network broke in the round. */
  readonly lost: number;
}

/** Processor time of the whole process, and its share for each ping. */
export interface PingCpu extends CpuTimes {
  /** Microseconds for each ping; 0 where none was sent. With `--fleet` of the agents that told their time; 0 where none did. */
  readonly usec_per_ping: number;
}

/** One round of pings. */
export interface RttRound extends PingCounts, RttLatencies {
  /** The pings per second that were asked for; null for `max`. */
  readonly offered_rate_per_sec: number | null;
  /** Pings sent per second of the round. */
  readonly achieved_rate_per_sec: number;
  /** How long the measured part was, in seconds. */
  readonly duration_sec: number;
  /** The histograms of the latencies by clock: `rtt`, `corrected_rtt` and `schedule_lag`. Only there with `--histograms`. */
  readonly histograms?: EncodedHistograms;
  /** The most pings under way at a time. */
  readonly in_flight_max: number;
  /** The connections. */
  readonly connections: PingConnections;
  /** Errors by name: of connections, and of datagrams that were not delivered. */
  readonly errno: ErrorCounts;
  /** Bytes of messages. */
  readonly bytes: ByteCounts;
  /** Processor time of the whole process. */
  readonly cpu: PingCpu;
  /** The busy tasks of the loop that pings, in this round. Only there with `--busy-tasks`. */
  readonly busy?: BusyResult;
  /** Single round trips. Only there with `--samples`. */
  readonly samples?: RttSamples;
  /** The agents of the fleet, in the order of their turns. Only there with `--fleet`. */
  readonly agents?: readonly AgentRound[];
  /** The round by the time at which things happened, without its warm-up. */
  readonly intervals: readonly RttInterval[];
  /** Whether the figures are those of the target. */
  readonly verdict: Verdict;
}

/** The result of `conngen rtt`. */
export interface RttResult {
  /** The kind of document and its version. */
  readonly schema: 'conngen.rtt/1';
  /** The version of conngen. */
  readonly conngen: string;
  /** When the run began, in ISO 8601, UTC. */
  readonly started_at: string;
  /** The machine and the engine. */
  readonly system: EngineSystem;
  /** The fleet that it was measured with. Only there with `--fleet`. */
  readonly fleet?: FleetUse;
  /** Which part of a fleet's run it is. Only there in a file of `conngen agent --keep`. */
  readonly fleet_part?: FleetPart;
  /** Every option as it took effect. */
  readonly config: RttConfig;
  /** True where a signal ended the run early. Only there then. */
  readonly interrupted?: boolean;
  /** Why the run broke off; what was measured until then stands. */
  readonly error?: RunFailure;
  /** The rounds that were begun, in order. */
  readonly rounds: readonly RttRound[];
}
