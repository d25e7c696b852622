import type { Libc } from '../kernel/libc.ts';
import type { WorkStrategy } from '../plan/plan.ts';
import { RunningGauge, WorkCounters } from './counters.ts';
import { DirectExecutor, type ExecutorParts } from './strategies/direct.ts';
import { DispatchExecutor } from './strategies/dispatch.ts';
import { DispatchQueue, type DispatchMemory } from './dispatch-queue.ts';
import type { AsyncJobRunner, Executor, JobHandler, JobRunner } from './executor.ts';
import { PermitExecutor } from './strategies/permit.ts';
import { RuntimeExecutor } from './strategies/runtime.ts';
import { SharedSemaphore } from '../runtime/shared/semaphore.ts';
import { Wakers } from '../runtime/shared/wakers.ts';

/** What the loops of a process and the threads of its pool share to do work by one strategy. Plain data: goes to threads. */
export interface WorkShare {
  readonly strategy: WorkStrategy;
  /** Counters, by owner, then by thread of the pool. */
  readonly counters: readonly SharedArrayBuffer[];
  readonly owners: number;
  readonly gauge: SharedArrayBuffer;
  /** Null where no thread ever wakes a loop. */
  readonly wakers: SharedArrayBuffer | null;
  readonly semaphore: SharedArrayBuffer | null;
  readonly dispatch: DispatchMemory | null;
}

export interface WorkShareOptions {
  readonly strategy: WorkStrategy;
  /** The number of loops. */
  readonly owners: number;
  /** The most jobs of one loop that can be open at the same time, such as its connections. */
  readonly tickets: number;
  /** The memory of `Wakers`; needed for `permit` and `dispatch`. */
  readonly wakers: SharedArrayBuffer | null;
}

/** Whether loops are woken by others with this strategy. */
export function needsWakers({ kind }: WorkStrategy): boolean {
  return kind === 'permit' || kind === 'dispatch';
}

export function createWorkShare({ strategy, owners, tickets, wakers }: WorkShareOptions): WorkShare {
  const threads = strategy.kind === 'dispatch' ? strategy.threads : 0;
  return {
    strategy,
    owners,
    counters: Array.from({ length: owners + threads }, () => WorkCounters.createMemory()),
    gauge: RunningGauge.createMemory(),
    wakers,
    semaphore: strategy.kind === 'permit' ? SharedSemaphore.createMemory(strategy.permits, owners) : null,
    // Beside the jobs of open connections there may be some of connections that have gone.
    dispatch: strategy.kind === 'dispatch' ? DispatchQueue.createMemory(owners, strategy.queue, 2 * tickets) : null,
  };
}

export interface LoopParts {
  readonly owner: number;
  readonly run: JobRunner;
  readonly handler: JobHandler;
  /** Runs a job for the strategy `pool`. */
  readonly runAsync?: AsyncJobRunner;
  /** Needed by `permit` and `dispatch`. */
  readonly libc?: Libc;
}

/** The executor of one loop, made on its thread. */
export function createExecutor(share: WorkShare, loop: LoopParts): Executor {
  const parts: ExecutorParts = {
    owner: loop.owner,
    run: loop.run,
    handler: loop.handler,
    counters: new WorkCounters(share.counters[loop.owner]!),
    gauge: new RunningGauge(share.gauge),
  };
  switch (share.strategy.kind) {
    case 'direct':
      return new DirectExecutor(parts);
    case 'permit': {
      const wakers = new Wakers(loop.libc!, share.wakers!);
      return new PermitExecutor(parts, new SharedSemaphore(share.semaphore!, wakers), wakers);
    }
    case 'dispatch':
      return new DispatchExecutor(parts, new DispatchQueue(share.dispatch!, new Wakers(loop.libc!, share.wakers!)));
    case 'pool':
      return new RuntimeExecutor(parts, loop.runAsync!);
  }
}
