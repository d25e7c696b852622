/** What leaves a run while it goes on, and who may listen to it. */
import type { LatencyHistogram } from '../count/histogram.ts';
import type { ClientResult, IntervalResult, RoundResult, WorkerResult } from '../document/client.ts';
import type { ServerInterval, ServerResult } from '../document/server.ts';
import type { CellResult, LabResult } from '../document/lab.ts';
import type { SaturateResult, SaturateStepResult, SearchResult, TrialResult } from '../document/limit.ts';
import type { RttInterval, RttResult, RttRound } from '../document/rtt.ts';

/** A command whose run emits events. */
export type RunCommand = 'client' | 'search' | 'saturate' | 'rtt' | 'lab' | 'server';

/** The result that a run resolves to. */
export type RunResult = ClientResult | SearchResult | SaturateResult | RttResult | LabResult | ServerResult;

/** All that leaves a run while it goes on. Events come in order, each once, on the main thread and never on a pacing thread. */
export type RunEvent =
  | RunStarted
  | RoundStarted
  | SecondEvent
  | Health
  | AgentTold
  | ServerSecond
  | RoundEnded
  | TrialEnded
  | StepEnded
  | CellStarted
  | CellEnded
  | Estimate
  | Notice
  | RunEnded;

/** A run has an engine and its threads are ready. This is the first event but for notices, and it comes once. */
export interface RunStarted {
  readonly type: 'run-started';
  readonly command: RunCommand;
  /** The moment from which `startNs` of all seconds counts. */
  readonly startedAt: Date;
  /** What the run aims at, as `HOST:PORT`; what a server listens on; the name of a lab. */
  readonly target: string;
  /** Null for a lab, whose cells choose their own. */
  readonly engine: string | null;
  /** Remarks for the log, a line each: engines that were passed over, the source ports. */
  readonly notes: readonly string[];
  /** How many rounds or cells the plan has; null where trials decide, and for a server. */
  readonly rounds: number | null;
  /** Present for a server: where it accepts. */
  readonly listening?: Listening;
}

/** Where a server accepts. */
export interface Listening {
  /** The address; `*` for every address. */
  readonly host: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'both';
  readonly listeners: number;
  readonly engine: string;
}

/** Which round an event belongs to. */
export interface RoundPlace {
  /** Counts from 0. A trial of a search and a step of a saturation have one round each, 0. */
  readonly round: number;
  /** The number of the trial or step, from 0; search and saturate only. */
  readonly trial?: number;
}

/** A round begins: its warm-up, where it has one. */
export interface RoundStarted extends RoundPlace {
  readonly type: 'round-started';
  /** Null for `max`. */
  readonly offeredRatePerSec: number | null;
}

/** A histogram for each clock, by the clock's name. The memory is used again: a sink that needs it after the call copies it. */
export type Latency = Readonly<Record<string, LatencyHistogram>>;

/** One complete second of a round, or what is left of one at the end of the warm-up or of the round. */
export type SecondEvent = LoadSecond | PingSecond;

interface Second extends RoundPlace {
  readonly type: 'second';
  /** The number of the second, counted from the end of the warm-up, whose seconds are negative. */
  readonly second: number;
  /** Seconds of a warm-up, or of a ramp before it, are in no result. */
  readonly warmup: boolean;
  /** When the second began, since `startedAt` of the run. */
  readonly startNs: number;
  /** Valid during the call. */
  readonly latency: Latency;
}

/** A second of connections that were opened, with the probe's figures of the same second where there is a probe. */
export interface LoadSecond extends Second {
  readonly of: 'connections';
  readonly counts: IntervalResult;
}

/** A second of round trips. */
export interface PingSecond extends Second {
  readonly of: 'pings';
  readonly counts: RttInterval;
}

/** The times of a pacing thread, as far as the kernel tells. */
export type ThreadUse = Pick<WorkerResult, 'cpu_usec' | 'run_queue_wait_usec' | 'elapsed_usec'>;

/** What one second, or about one, took of this machine. */
export interface MachineSecond {
  /** Seconds since the reading before. */
  readonly lengthSec: number;
  /** One entry a pacing thread. */
  readonly threads: readonly ThreadUse[];
  /** Processor time of the whole process, in microseconds. */
  readonly cpuUsec: number;
  /** What was added to the kernel's counters, by their paths in results; only counters that moved: `retransmits`. */
  readonly added: Readonly<Record<string, number>>;
  /** How full the kernel's tables are at this moment, by their paths in results: `sockets.time_wait`. */
  readonly fills: Readonly<Record<string, number>>;
  /** What was added to the counts of the packet engine, by their paths under `packet` in results; only there where it is in use. */
  readonly packet?: Readonly<Record<string, number>>;
}

/** A reading of this machine while connections are opened, about once a second from the end of the warm-up on. */
export interface Health extends RoundPlace, MachineSecond {
  readonly type: 'health';
}

/** What an agent of a fleet is doing: it is ready for the round, it opens connections or sends pings, its part is over, or it is lost. */
export type AgentState = 'running' | 'ended' | 'lost';

/** What the controller of a fleet knows of an agent: told about once a second for each agent, and when its state changes. */
export interface AgentTold extends RoundPlace {
  readonly type: 'agent';
  /** The name of the agent. */
  readonly agent: string;
  /** The part of the schedule that is the agent's: 0.25 is a quarter. */
  readonly share: number;
  readonly state: AgentState;
  /** Why the agent was lost; null where it was not. */
  readonly why: string | null;
  /** The number of the last second that the agent has reported, counted from the end of the warm-up; null where there is none yet. */
  readonly second: number | null;
  /** Attempts, or pings, of the round so far, without its warm-up. */
  readonly scheduled: number;
  readonly started: number;
  readonly missed: number;
  /** The p99 of the agent's schedule lag in the round so far, in ns; 0 where nothing was started. */
  readonly lagP99Ns: number;
  /** How far the agent's clock may be from the controller's, in ns. */
  readonly clockErrorNs: number;
}

/** One complete second of a server, or what is left of one at its end. The sums over all seconds are the totals of the result. */
export interface ServerSecond {
  readonly type: 'server-second';
  /** The number of the second, from 0. */
  readonly second: number;
  /** When the second began, since `startedAt` of the run. */
  readonly startNs: number;
  readonly counts: ServerInterval;
}

/** A round is over, and all its seconds were told. */
export interface RoundEnded extends RoundPlace {
  readonly type: 'round-ended';
  readonly result: RoundResult | RttRound;
  /** All that the round counted after its warm-up. Valid during the call. */
  readonly latency: Latency;
}

/** A trial of a search was judged. */
export interface TrialEnded {
  readonly type: 'trial-ended';
  readonly trial: number;
  readonly result: TrialResult;
  /** Why the trial says nothing about the target; null where it does. */
  readonly reason: string | null;
}

/** A step of a saturation was judged. */
export interface StepEnded {
  readonly type: 'step-ended';
  readonly trial: number;
  readonly result: SaturateStepResult;
  /** What was wrong with the step; empty where nothing was. */
  readonly note: string;
}

/** A cell of a lab begins to settle. */
export interface CellStarted {
  readonly type: 'cell-started';
  /** Counts from 0 among the cells that are run now. */
  readonly index: number;
  readonly cell: string;
}

/** A cell of a lab was measured, or failed, and is kept. */
export interface CellEnded {
  readonly type: 'cell-ended';
  readonly index: number;
  readonly result: CellResult;
}

/**
 * How long the run is expected to take: told after `run-started`, and anew where a round, trial, step or cell has ended, before the
 * event of that trial, step or cell. A run whose end cannot be foreseen tells none.
 */
export interface Estimate {
  readonly type: 'estimate';
  /** The expected time of the whole run, in seconds since `startedAt`; null where it cannot be told. */
  readonly totalSec: number | null;
  /** The expected time until the run ends, in seconds; 0 where nothing remains. */
  readonly leftSec: number;
  /** Whether the run ends by then at the latest, and may end earlier. */
  readonly isUpperBound: boolean;
  /** The most that the run can still take, in seconds, where that is known and `leftSec` is less. */
  readonly atMostSec?: number;
}

/**
 * Something worth a line in the log. An `error` is something that went wrong and may be made up for later in the run. After a
 * `failure`, which nothing makes up for, the result stands and the command does not end with success.
 */
export interface Notice {
  readonly type: 'notice';
  readonly level: 'info' | 'warning' | 'error' | 'failure';
  readonly text: string;
}

/** The run is over; its promise resolves to the same result. A run that rejects does not tell this. */
export interface RunEnded {
  readonly type: 'run-ended';
  readonly result: RunResult;
}

/** What a run is given beside its plan. */
export interface RunContext {
  /** Takes every event. It must neither throw nor wait: the next event comes only after it returns. */
  readonly emit?: (event: RunEvent) => void;
  /** When it aborts, the run starts nothing more, waits at most 5 s for what is open, and resolves to what it has. */
  readonly stop?: AbortSignal;
}

/** A sink that shows events on a terminal. */
export interface LiveSink extends Sink {
  /** Takes a line off the terminal that would be in the way of other output. */
  clear(): void;
}

/** A listener that writes, draws or hands on events. A sink that fails says so once and the run goes on. */
export interface Sink {
  /** Takes one event. It neither throws nor waits, and keeps no histogram beyond the call. */
  on(event: RunEvent): void;
  /**
   * Ends the sink, after the last event. `hasResult` is false where the run broke off without a result. Resolves when all is
   * written, to whether all of it was; never rejects.
   */
  close(hasResult: boolean): Promise<boolean>;
}
