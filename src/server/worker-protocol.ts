import type { EngineName, ServerPlan } from '../plan/plan.ts';

/** What a listener's thread is born with. */
export interface WorkerInit {
  readonly plan: ServerPlan;
  readonly engine: EngineName;
  /** Origin of the run's clock, in CLOCK_MONOTONIC nanoseconds. */
  readonly baseNs: bigint;
  readonly counters: SharedArrayBuffer;
  /** Int32: see `listener.ts`. */
  readonly control: SharedArrayBuffer;
}

/** To the worker, once: listen on this port. */
export interface ListenCommand {
  readonly port: number;
}

/** From the worker. After `done` or `failed` it ends. */
export type FromWorker =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint: string };
