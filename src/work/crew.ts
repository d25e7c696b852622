import { engineHas, type EngineName } from '../plan/engines.ts';
import type { Libc } from '../kernel/libc.ts';
import type { WorkStrategy } from '../plan/plan.ts';
import { createWorkShare, needsWakers, type WorkShare } from './share.ts';
import { ThreadPool } from './thread-pool.ts';
import { Wakers } from '../runtime/shared/wakers.ts';

export interface CrewOptions {
  readonly strategy: WorkStrategy;
  /** The number of loops, and their engine. */
  readonly owners: number;
  readonly engine: EngineName;
  /** The most jobs of one loop that can be open at the same time, such as its connections. */
  readonly tickets: number;
  /** Needed by a strategy that wakes loops; null for the others. */
  readonly libc: Libc | null;
  /** What threads of `dispatch` run, and with which data: see `ThreadPoolOptions`. */
  readonly module: URL;
  readonly data: unknown;
  /** A thread died after all of them were ready. */
  readonly onFailure: (message: string) => void;
}

/** Everything that a strategy holds on the main thread: what its loops and threads share, and the threads. */
export class Crew {
  readonly share: WorkShare;
  readonly #pool: ThreadPool | null;
  readonly #wakers: Wakers | null;

  private constructor({ strategy, owners, engine, tickets, libc, module, data, onFailure }: CrewOptions) {
    const kind = engineHas(engine, 'turnsEventLoop') ? 'pipe' : 'eventfd';
    const wakers = libc !== null && needsWakers(strategy) ? Wakers.create(libc, owners, kind) : null;
    this.share = createWorkShare({ strategy, owners, tickets, wakers });
    this.#pool = strategy.kind === 'dispatch' ? new ThreadPool({ share: this.share, module, data, onFailure }) : null;
    this.#wakers = libc !== null && wakers !== null ? new Wakers(libc, wakers) : null;
  }

  /** Resolves when its threads are ready; rejects with `RunError` if they cannot be. */
  static async start(options: CrewOptions): Promise<Crew> {
    const crew = new Crew(options);
    try {
      await crew.#pool?.ready();
      return crew;
    } catch (error) {
      await crew.close();
      throw error;
    }
  }

  /** When every loop has ended. */
  async close(): Promise<void> {
    await this.#pool?.close();
    this.#wakers?.close();
  }
}
