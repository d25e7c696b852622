/** What keeps response bodies beside the pacing threads: memory that all workers share, and the threads of `--sink-strategy`. */
import { moduleBeside } from '../runtime/thread-host.ts';
import type { EngineName } from '../plan/engines.ts';
import { totalmem } from 'node:os';
import { RunError } from '../units/run-error.ts';
import { memoryLimitBytes } from '../kernel/machine/cgroup.ts';
import { type Libc, loadLibc } from '../kernel/libc.ts';
import type { WorkResult } from '../document/common.ts';
import type { BodyPlan, ClientPlan } from '../plan/plan.ts';
import { Crew } from '../work/crew.ts';
import { needsWakers, type WorkShare } from '../work/share.ts';
import { workSummary } from '../work/summary.ts';
import type { BodyJobs } from './body/body-jobs.ts';
import { ChunkTable } from './body/chunk-table.ts';
import { watchesBodies } from './body/response-bodies.ts';

const JOBS_URL = moduleBeside(import.meta.url, 'body/body-jobs');

/** The share of the memory of the machine or the control group that responses may take: the rest is for socket buffers and other programs. */
const BODY_MEMORY_SHARE = 0.5;

/** What a worker needs to know of it. Plain data. */
export interface SinkShare {
  readonly share: WorkShare;
  readonly jobs: BodyJobs;
}

/** Everything of it that one session holds on the main thread. */
export class SinkCrew {
  readonly sink: SinkShare;
  readonly #crew: Crew;
  readonly #failures: readonly string[];

  private constructor(crew: Crew, jobs: BodyJobs, failures: readonly string[]) {
    this.sink = { share: crew.share, jobs };
    this.#crew = crew;
    this.#failures = failures;
  }

  /** Null where responses are not looked at. Rejects with `RunError` where this machine lacks what was asked for. */
  static async start(plan: ClientPlan, engine: EngineName, onFailure: () => void): Promise<SinkCrew | null> {
    const { body, workers } = plan;
    if (!watchesBodies(body)) return null;
    const { strategy } = body;
    const queued = strategy.kind === 'dispatch' ? strategy.queue + strategy.threads : 0;
    const jobs = bodyJobs(body, workers);
    const failures: string[] = [];
    const crew = await Crew.start({
      strategy,
      owners: workers,
      engine,
      tickets: Math.max(plan.maxInFlight, queued),
      libc: needsWakers(strategy) ? requireLibc(strategy.kind) : null,
      module: JOBS_URL,
      data: jobs,
      onFailure: (message) => {
        failures.push(message);
        onFailure();
      },
    });
    return new SinkCrew(crew, jobs, failures);
  }

  /** What a thread said that died. */
  get failure(): { readonly code: string; readonly message: string } | undefined {
    const [message] = this.#failures;
    return message === undefined ? undefined : { code: 'sink_thread_failed', message };
  }

  /** The jobs since `since`; undefined where each is done immediately, so that there is nothing to report. */
  summary(since?: WorkResult): WorkResult | undefined {
    const { share } = this.sink;
    return share.strategy.kind === 'direct' ? undefined : workSummary(share, since);
  }

  /** When every worker has ended. */
  close(): Promise<void> {
    return this.#crew.close();
  }
}

/** Direct, the bytes are held against what is expected as they come; so they are for the runtime's threads, which cannot. */
function bodyJobs({ sink, strategy, verification }: BodyPlan, workers: number): BodyJobs {
  const gathers = sink.kind === 'gather';
  // In a small control group what this process takes itself counts.
  const freeBytes = Math.max(0, memoryLimitBytes(totalmem()) - process.memoryUsage.rss());
  const shareBytes = (freeBytes * BODY_MEMORY_SHARE) / workers;
  // What is gathered is there twice for a moment.
  const chunkBytes = gathers ? shareBytes / 2 : shareBytes;
  const threads = strategy.kind === 'dispatch' ? strategy.threads : 0;
  return {
    tables: Array.from({ length: workers }, () => ChunkTable.createMemory(chunkBytes)),
    gathers,
    verification: strategy.kind === 'direct' || strategy.kind === 'pool' ? null : verification,
    gatherLimitBytes: (chunkBytes * workers) / (workers + threads),
  };
}

function requireLibc(strategy: string): Libc {
  try {
    return loadLibc();
  } catch (error) {
    throw new RunError(
      'ENOSYS',
      `--sink-strategy ${strategy} calls the C library, and koffi, which does that, cannot be loaded here`,
      'use --sink-strategy direct, or pool with --engine node',
      { cause: error },
    );
  }
}
