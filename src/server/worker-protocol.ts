import type { PacketLink } from '../engine/seam/link.ts';
import type { EngineName } from '../plan/engines.ts';
import type { ServerPlan } from '../plan/plan.ts';
import type { ServerWork } from './work.ts';

/** What a listener's thread is born with. */
export interface WorkerInit {
  readonly plan: ServerPlan;
  readonly engine: EngineName;
  readonly protocol: 'tcp' | 'udp';
  /** The core that the thread is kept on; null leaves it to the kernel. */
  readonly cpu: number | null;
  /** Origin of the run's clock, in CLOCK_MONOTONIC nanoseconds. */
  readonly baseNs: bigint;
  readonly listener: number;
  /** What this listener has of the interface; null for an engine that has the kernel's sockets. */
  readonly link: PacketLink | null;
  readonly counters: SharedArrayBuffer;
  /** Null for a server that has nothing else to do. */
  readonly work: ServerWork | null;
  /** Int32: see `listener.ts`. */
  readonly control: SharedArrayBuffer;
}

/** The one message to the worker: listen on this port. */
export interface ListenCommand {
  readonly port: number;
}

/** Messages from the worker. After `done` or `failed` it ends. */
export type FromWorker = { readonly type: 'listening'; readonly port: number } | { readonly type: 'done' };
