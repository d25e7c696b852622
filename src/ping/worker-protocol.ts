import type { PingEngineName } from '../plan/engines.ts';
import type { Endpoint } from '../plan/plan.ts';
import type { Share } from '../plan/fleet/share.ts';
import type { Rate } from '../units/quantity.ts';
import type { PingProtocol } from '../plan/ping-plan.ts';

/** What a thread that pings needs to know of the plan it serves. */
export interface PingSetup {
  readonly engine: PingEngineName;
  readonly protocol: PingProtocol;
  readonly target: Endpoint;
  readonly sources: readonly string[];
  readonly isFreebind: boolean;
  readonly sizeBytes: number;
  readonly connections: number;
  readonly thinkNs: number;
  readonly timeoutNs: number;
  readonly cpu: number | null;
  readonly busyTasks: number;
  readonly samples: number;
  /** Whether it matters how late pings are sent. What is not recorded costs a thread that runs seldom nothing. */
  readonly recordsLag: boolean;
}

/** What the thread is born with. */
export interface WorkerInit {
  readonly setup: PingSetup;
  /** Origin of the run's clock, in CLOCK_MONOTONIC nanoseconds. */
  readonly baseNs: bigint;
  readonly recorderMemory: SharedArrayBuffer;
  /** The memory of `WorkCounters`; null without busy tasks. */
  readonly busyMemory: SharedArrayBuffer | null;
  /** The memory of `PingSamples`; null where none are kept. */
  readonly samplesMemory: SharedArrayBuffer | null;
  /** The words of `round-control.ts`. */
  readonly control: SharedArrayBuffer;
}

/** A round on the connections that are open, from `baseNs` on the run's clock. */
export interface RoundCommand {
  readonly rate: Rate;
  readonly depth: number;
  readonly baseNs: number;
  readonly warmupNs: number;
  readonly durationNs: number;
  /** This machine's part of the schedule; left out where it has the schedule for itself. */
  readonly share?: Share;
}

/** Messages to the thread: open all connections; run a round on them and close them; or leave. */
export type ToWorker =
  { readonly type: 'open' } | ({ readonly type: 'round' } & RoundCommand) | { readonly type: 'exit' };

/** What came of opening. */
export interface Opened {
  readonly established: number;
  /** How many connections could not be opened, by error number. */
  readonly errnos: ReadonlyMap<number, number>;
}

/** Messages from the thread. */
export type FromWorker =
  { readonly type: 'ready' } | ({ readonly type: 'opened' } & Opened) | { readonly type: 'done' };
