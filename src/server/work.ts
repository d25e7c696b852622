/** The work of a server beside accepting: what its listeners and its work threads share, and what became of it. */
import { moduleBeside } from '../runtime/thread-host.ts';
import type { EngineName } from '../plan/engines.ts';
import { type ServerEngine } from '../engine/seam/engine.ts';
import { type Clock } from '../runtime/clock.ts';
import { RunError } from '../units/run-error.ts';
import { type Libc, loadLibc } from '../kernel/libc.ts';
import { sleepOnTime } from '../kernel/machine/timer-slack.ts';
import type { ServerResult } from '../document/server.ts';
import type { ServerPlan, Work } from '../plan/plan.ts';
import { BusyTasks } from '../work/busy-tasks.ts';
import { BUSY_SKIPPED, BUSY_TICKS, WorkCounters } from '../work/counters.ts';
import type { Executor, JobHandler } from '../work/executor.ts';
import { Crew } from '../work/crew.ts';
import { createExecutor, needsWakers, type WorkShare } from '../work/share.ts';
import { workSummary } from '../work/summary.ts';
import { Wakers } from '../runtime/shared/wakers.ts';
import { createAsyncRunner, createRunner, type RuntimeWork, runtimeWorkFor } from '../work/workload.ts';

const WORKLOAD_URL = moduleBeside(import.meta.url, '../work/workload');

/** What a listener's thread needs to know of its work. */
export interface ServerWork {
  readonly share: WorkShare;
  readonly work: Work;
  /** Whether connections have work at all, be it nothing by a strategy; else there are only busy tasks. */
  readonly hasJobs: boolean;
  readonly busyTasks: number;
  /** Runs a job for the strategy `pool`. */
  readonly runtimeWork: RuntimeWork | null;
}

/** Everything that the work of one run holds on the main thread. */
export class WorkCrew {
  readonly work: ServerWork;
  readonly #crew: Crew;
  readonly #failures: readonly string[];

  private constructor(crew: Crew, work: Omit<ServerWork, 'share'>, failures: readonly string[]) {
    this.work = { share: crew.share, ...work };
    this.#crew = crew;
    this.#failures = failures;
  }

  /** Work threads that died while they served. */
  get failures(): number {
    return this.#failures.length;
  }

  /**
   * Starts what the plan asks for; null where it asks for nothing. Rejects with `RunError` where that is not to be had here.
   * `onFailure` is called when a work thread dies later on.
   */
  static async start(
    plan: ServerPlan,
    engine: EngineName,
    listeners: number,
    onFailure: (message: string) => void,
  ): Promise<WorkCrew | null> {
    const { work, workStrategy: strategy, busyTasks } = plan;
    const hasJobs = work.kind !== 'none' || strategy.kind !== 'direct';
    if (!hasJobs && busyTasks === 0) return null;
    const libc = needsWakers(strategy) || work.kind === 'sleep' ? libcFor(strategy.kind, work.kind) : null;
    const failures: string[] = [];
    const crew = await Crew.start({
      strategy,
      owners: listeners,
      engine,
      tickets: plan.maxConnections,
      libc,
      module: WORKLOAD_URL,
      data: work,
      onFailure: (message) => {
        failures.push(message);
        onFailure(message);
      },
    });
    const runtimeWork = strategy.kind === 'pool' ? runtimeWorkFor(work) : null;
    return new WorkCrew(crew, { work, hasJobs, busyTasks, runtimeWork }, failures);
  }

  /** When every listener has ended. */
  close(): Promise<void> {
    return this.#crew.close();
  }

  /** The parts of a result that tell of the work. */
  result(): Pick<ServerResult, 'work' | 'busy'> {
    const { share, hasJobs, busyTasks, runtimeWork } = this.work;
    const counters = share.counters.map((memory) => new WorkCounters(memory));
    const sum = (counter: number): number => counters.reduce((total, each) => total + each.get(counter), 0);
    return {
      ...(hasJobs && {
        work: {
          ...workSummary(share),
          ...(runtimeWork?.kind === 'pbkdf2' && { stand_in: `pbkdf2-sha1, iterations: ${runtimeWork.iterations}` }),
        },
      }),
      ...(busyTasks > 0 && {
        busy: { tasks: busyTasks, ticks: sum(BUSY_TICKS), skipped: sum(BUSY_SKIPPED) },
      }),
    };
  }
}

function libcFor(strategy: string, work: string): Libc {
  try {
    return loadLibc();
  } catch (error) {
    throw new RunError(
      'ENOSYS',
      `--work ${work} with --work-strategy ${strategy} calls the C library, and koffi, which does that, cannot be loaded here`,
      'use --work cpu:300 with --work-strategy direct',
      { cause: error },
    );
  }
}

/** The work of one loop, made on its thread. */
export interface LoopWork {
  readonly createExecutor: ((handler: JobHandler) => Executor) | undefined;
  readonly busyTasks: BusyTasks | undefined;
}

export function loopWork(server: ServerWork, listener: number, engine: ServerEngine, clock: Clock): LoopWork {
  const { share, work, hasJobs, runtimeWork } = server;
  const counters = new WorkCounters(share.counters[listener]!);
  const needsLibc = share.wakers !== null || work.kind === 'sleep';
  const libc = needsLibc ? loadLibc() : null;
  // The node engine has not done it: a sleep is to be as long on every engine.
  if (libc !== null) sleepOnTime(libc);
  if (libc !== null && share.wakers !== null) engine.watch(new Wakers(libc, share.wakers).readFd(listener));
  return {
    createExecutor: hasJobs
      ? (handler) =>
          createExecutor(share, {
            owner: listener,
            run: createRunner(work),
            handler,
            ...(runtimeWork !== null && { runAsync: createAsyncRunner(runtimeWork) }),
            ...(libc !== null && { libc }),
          })
      : undefined,
    busyTasks: server.busyTasks > 0 ? new BusyTasks(server.busyTasks, clock.now(), counters) : undefined,
  };
}
