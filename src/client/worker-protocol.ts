import type { ClientPlan, EngineName } from '../plan/plan.ts';

/** What a client worker is born with. */
export interface WorkerInit {
  readonly plan: ClientPlan;
  readonly engine: EngineName;
  /** Worker k of `plan.workers`. */
  readonly worker: number;
  /** Origin of the run's clock, in CLOCK_MONOTONIC nanoseconds. */
  readonly baseNs: bigint;
  /** Source addresses that the worker binds; empty if the kernel chooses address and port. */
  readonly sources: readonly string[];
  readonly recorderMemory: SharedArrayBuffer;
  /** Int32 [0]: nonzero stops the round. */
  readonly control: SharedArrayBuffer;
  /** Where in the port range this run begins, in [0, 1). */
  readonly portOffset: number;
}

/** To the worker: run a round of this rate (null is closed loop) from `baseNs` on the run's clock; or leave. */
export type ToWorker =
  { readonly type: 'round'; readonly ratePerSec: number | null; readonly baseNs: number } | { readonly type: 'exit' };

/** From the worker. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint: string };
