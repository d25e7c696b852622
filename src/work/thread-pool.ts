import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { RunError, describeFailure } from '../units/run-error.ts';
import { startThread } from '../runtime/thread.ts';
import { loadLibc } from '../kernel/libc.ts';
import { DispatchQueue } from './dispatch-queue.ts';
import type { WorkShare } from './share.ts';
import type { FromPoolThread, PoolThreadInit } from './thread-protocol.ts';
import { Wakers } from '../runtime/shared/wakers.ts';
import { OWN_ERROR_CODES } from '../units/error-codes.ts';

/** Compiled code stands beside compiled code, source beside source. */
const THREAD_URL = new URL(`./thread${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

export interface ThreadPoolOptions {
  readonly share: WorkShare;
  /** A `JobModule`. */
  readonly module: URL;
  /** What its `createRunner` is given; can be cloned. */
  readonly data: unknown;
  /** A thread died after all of them were ready. */
  readonly onFailure: (message: string) => void;
}

/** The threads of strategy `dispatch`. */
export class ThreadPool {
  readonly #threads: Worker[];
  readonly #queue: DispatchQueue;
  readonly #ready: Promise<unknown>;
  #isClosed = false;

  constructor({ share, module, data, onFailure }: ThreadPoolOptions) {
    const { strategy } = share;
    this.#queue = new DispatchQueue(share.dispatch!, new Wakers(loadLibc(), share.wakers!));
    const count = strategy.kind === 'dispatch' ? strategy.threads : 0;
    this.#threads = Array.from({ length: count }, (_, thread) => {
      const workerData: PoolThreadInit = { share, thread, module: module.href, data };
      return startThread(THREAD_URL, { workerData });
    });
    this.#ready = Promise.all(this.#threads.map((thread) => this.#watch(thread, onFailure)));
    // Heard by whoever waits for it.
    this.#ready.catch(() => undefined);
  }

  #watch(thread: Worker, onFailure: (message: string) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let isReady = false;
      const fail = (code: string, message: string, hint: string): void => {
        if (this.#isClosed) return;
        if (isReady) onFailure(message);
        else reject(new RunError(code, message, hint));
      };
      thread.on('message', (message: FromPoolThread) => {
        if (message.type === 'failed') fail(message.code, message.message, message.hint);
        else {
          isReady = true;
          resolve();
        }
      });
      thread.on('error', (error) => {
        const { code, message, hint } = describeFailure(error);
        fail(code, message, hint);
      });
      thread.on('exit', (code) =>
        fail('worker_exited', `a work thread ended with code ${code}`, OWN_ERROR_CODES.worker_exited.remedy),
      );
    });
  }

  /** Resolves when every thread takes jobs; rejects with the reason of the first that cannot. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  /** Ends the threads; what is still in the queue is not done. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const exits = this.#threads.filter(({ threadId }) => threadId > 0).map((thread) => once(thread, 'exit'));
    this.#queue.close();
    await Promise.all(exits);
  }
}
