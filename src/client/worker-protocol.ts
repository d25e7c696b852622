import type { PacketLink } from '../engine/seam/link.ts';
import type { MemoryBlock } from '../kernel/libc.ts';
import type { EngineName } from '../plan/engines.ts';
import type { ClientPlan, RoundRate } from '../plan/plan.ts';
import type { GcUse } from './gc-watch.ts';
import type { SinkShare } from './sink-crew.ts';

/** What a client worker is born with. */
export interface WorkerInit {
  readonly plan: ClientPlan;
  readonly engine: EngineName;
  /** Worker k of `plan.workers`. */
  readonly worker: number;
  /** Origin of the run's clock, in CLOCK_MONOTONIC nanoseconds. */
  readonly baseNs: bigint;
  /** Source addresses that the worker binds; empty if the kernel chooses address and port, and where `link` has them. */
  readonly sources: readonly string[];
  /** What this worker has of the interface; null for an engine that has the kernel's sockets. */
  readonly link: PacketLink | null;
  readonly recorderMemory: SharedArrayBuffer;
  /** Null where responses are not looked at. */
  readonly sink: SinkShare | null;
  /** The words of `round-control.ts`, and where the workers meet in a round in stages (`stages.ts`). */
  readonly control: SharedArrayBuffer;
  /** The point of the port range at which this run begins, in [0, 1). */
  readonly portOffset: number;
}

/** One round: what it offers and for how long, from `baseNs` on the run's clock. */
export interface RoundOrder {
  readonly rate: RoundRate;
  readonly baseNs: number;
  readonly warmupNs: number;
  readonly durationNs: number;
  /** Attempts of all workers that are measured; null where the duration says when the round ends. */
  readonly count: number | null;
  /** How long the rate rises from 0 before the warm-up, and falls to 0 after the round; neither is measured. */
  readonly rampUpNs: number;
  readonly rampDownNs: number;
  /** See `PacerOptions`. */
  readonly maxLagNs: number;
  /** Exchanges begun a second in a round in stages; null for other rounds. */
  readonly exchangePerSec: number | null;
  /** Whether a leader says when a stage begins. */
  readonly isLed: boolean;
}

/** Messages to the worker: get ready for a round; run it; or leave. */
export type ToWorker =
  { readonly type: 'prepare' } | ({ readonly type: 'round' } & RoundOrder) | { readonly type: 'exit' };

/** Messages from the worker. */
export type FromWorker =
  /** `threadId`: as /proc/self/task has it; null where there is no /proc. */
  | { readonly type: 'ready'; readonly threadId: number | null }
  | { readonly type: 'prepared' }
  /** The last one. `memory`: what is to be given back when the thread has ended, since until then the kernel may write to it. */
  | { readonly type: 'left'; readonly memory: readonly MemoryBlock[] }
  /** `gc`: of the measured part of the round. `endedNs`: when its last exchange had ended, on the run's clock. */
  | { readonly type: 'done'; readonly gc: GcUse; readonly endedNs: number };
