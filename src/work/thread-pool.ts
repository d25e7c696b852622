import { RunError } from '../units/run-error.ts';
import { ThreadHost, moduleBeside } from '../runtime/thread-host.ts';
import { loadLibc } from '../kernel/libc.ts';
import { DispatchQueue } from './dispatch-queue.ts';
import type { WorkShare } from './share.ts';
import type { FromPoolThread, PoolThreadInit } from './thread-protocol.ts';
import { Wakers } from '../runtime/shared/wakers.ts';

const THREAD_URL = moduleBeside(import.meta.url, 'thread');

export interface ThreadPoolOptions {
  readonly share: WorkShare;
  /** A `JobModule`. */
  readonly module: URL;
  /** What its `createRunner` is given; can be cloned. */
  readonly data: unknown;
  /** A thread died after all of them were ready. */
  readonly onFailure: (message: string) => void;
}

interface StartedThread {
  readonly thread: ThreadHost<never, FromPoolThread>;
  /** Resolves when the thread takes jobs; rejects with the reason why it cannot. */
  readonly ready: Promise<void>;
}

function startPoolThread(workerData: PoolThreadInit, onFailure: (message: string) => void): StartedThread {
  let isReady = false;
  let resolve: () => void = () => undefined;
  let reject: (error: RunError) => void = () => undefined;
  const ready = new Promise<void>((...functions) => ([resolve, reject] = functions));
  const thread = new ThreadHost<never, FromPoolThread>({
    url: THREAD_URL,
    workerData,
    name: 'a work thread',
    onMessage: () => {
      isReady = true;
      resolve();
    },
    onFailure: ({ code, message, hint }) => {
      if (isReady) onFailure(message);
      else reject(new RunError(code, message, hint));
    },
  });
  return { thread, ready };
}

/** The threads of strategy `dispatch`. */
export class ThreadPool {
  readonly #threads: readonly ThreadHost<never, FromPoolThread>[];
  readonly #queue: DispatchQueue;
  readonly #ready: Promise<unknown>;
  #isClosed = false;

  constructor({ share, module, data, onFailure }: ThreadPoolOptions) {
    const { strategy } = share;
    this.#queue = new DispatchQueue(share.dispatch!, new Wakers(loadLibc(), share.wakers!));
    const count = strategy.kind === 'dispatch' ? strategy.threads : 0;
    const started = Array.from({ length: count }, (_, thread) =>
      startPoolThread({ share, thread, module: module.href, data }, onFailure),
    );
    this.#threads = started.map(({ thread }) => thread);
    this.#ready = Promise.all(started.map(({ ready }) => ready));
    // The waiting call gets the error.
    this.#ready.catch(() => undefined);
  }

  /** Resolves when every thread takes jobs; rejects with the reason of the first that cannot. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  /** Ends the threads; what is still in the queue is not done. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const thread of this.#threads) thread.expectEnd();
    this.#queue.close();
    await Promise.all(this.#threads.map((thread) => thread.ended));
  }
}
