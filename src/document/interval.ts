/**
 * The lines of `--stream`: `conngen.interval/1`, a line for each second, `conngen.agent/1`, one for each agent of a fleet about once a
 * second, `conngen.server-second/1`, one for each second of a server, and `conngen.cell/1`, one for each cell of a lab.
 */
import type { IntervalResult } from './client.ts';
import type { EncodedHistograms, LatencySummary } from './common.ts';
import type { DoneCell, FailedCell } from './lab.ts';
import type { PingCounts } from './rtt.ts';
import type { ServerInterval } from './server.ts';

/** What every line of a second begins with. */
interface IntervalHead {
  /** The kind of line and its version. */
  readonly schema: 'conngen.interval/1';
  /** Of search and saturate only: the trial or step that the second belongs to, from 0. */
  readonly trial?: number;
  /** The round that the second belongs to, from 0. Always 0 in search and saturate: a trial has one round. */
  readonly round: number;
  /** Seconds since the end of the warm-up, in whole seconds; negative during the warm-up. */
  readonly second: number;
  /** True for seconds before the measured part of the round: the ramp up and the warm-up. They are in no result. */
  readonly warmup: boolean;
  /** When the second began, in seconds since the start of the run. */
  readonly elapsed_sec: number;
  /** What the round offers; null for `max`. */
  readonly offered_rate_per_sec: number | null;
  /**
   * The histogram of each clock, values in nanoseconds, as a V2 compressed HdrHistogram in base64. With a probe its round trips are
   * there as `probe`.
   */
  readonly histograms?: EncodedHistograms;
}

/** One second of connections that were opened. The sums over the seconds of a round without warm-up are the totals of the round. */
export interface LoadInterval extends IntervalHead, Omit<IntervalResult, 'start_sec'> {
  /** The command that was run. */
  readonly command: 'client' | 'search' | 'saturate';
}

/** The latencies of pings by clock, in nanoseconds. */
export interface PingLatencies {
  /** From the send to the reply. */
  readonly rtt: LatencySummary;
  /** From the moment the ping was due to the reply. */
  readonly corrected_rtt: LatencySummary;
  /** From the moment the ping was due to its send. */
  readonly schedule_lag: LatencySummary;
}

/** One second of round trips. The sums over the seconds of a round without warm-up are the totals of the round. */
export interface PingInterval extends IntervalHead, PingCounts {
  /** The command that was run. */
  readonly command: 'rtt';
  /** How long the second was: 1, and less where the warm-up or the round ended in it. */
  readonly length_sec: number;
  /** Pings under way at the end of the second. */
  readonly in_flight: number;
  /** Latencies by clock, in nanoseconds. */
  readonly latency_ns: PingLatencies;
}

/** One second of a run. */
export type Interval = LoadInterval | PingInterval;

/** What an agent of a fleet is doing, about once a second, and when its state changes. Only there with `--fleet`. */
export interface AgentLine {
  /** The kind of line and its version. */
  readonly schema: 'conngen.agent/1';
  /** The command that was run. */
  readonly command: 'client' | 'search' | 'saturate' | 'rtt';
  /** Of search and saturate only: the trial or step, from 0. */
  readonly trial?: number;
  /** The round, from 0. Always 0 in search and saturate. */
  readonly round: number;
  /** The name of the agent. */
  readonly agent: string;
  /** The part of the schedule that is the agent's: 0.25 is a quarter. */
  readonly share: number;
  /** Whether the agent is ready for the round, runs it, has ended its part, or is lost. */
  readonly state: 'running' | 'ended' | 'lost';
  /** Why the agent was lost; null where it was not. */
  readonly why: string | null;
  /** The last second that the agent has reported, counted from the end of the warm-up; null where there is none yet. */
  readonly second: number | null;
  /** Attempts, or pings, that were due in the round so far. */
  readonly scheduled: number;
  /** Attempts, or pings, that were started in the round so far. */
  readonly started: number;
  /** Attempts, or pings, that were due and were not started. */
  readonly missed: number;
  /** The p99 of the agent's schedule lag in the round so far, in nanoseconds. */
  readonly lag_p99_ns: number;
  /** How far the agent's clock may be from the controller's, in nanoseconds. */
  readonly clock_error_ns: number;
}

/** One second of a server. The sums over all seconds are the totals of the result. */
export interface ServerLine extends Omit<ServerInterval, 'start_sec'> {
  /** The kind of line and its version. */
  readonly schema: 'conngen.server-second/1';
  /** The command that was run. */
  readonly command: 'server';
  /** The number of the second, from 0. */
  readonly second: number;
  /** When the second began, in seconds since the server began to listen. */
  readonly elapsed_sec: number;
}

/** What every line of a cell begins with. */
interface CellHead {
  /** The kind of line and its version. */
  readonly schema: 'conngen.cell/1';
  /** The command that was run. */
  readonly command: 'lab';
  /** The name of the lab. */
  readonly lab: string;
}

/** A cell that was measured, as `lab.json` holds it. */
export interface DoneCellLine extends CellHead, DoneCell {}

/** A cell that could not be measured, as `lab.json` holds it. */
export interface FailedCellLine extends CellHead, FailedCell {}

/** One cell of a lab. */
export type CellLine = DoneCellLine | FailedCellLine;
