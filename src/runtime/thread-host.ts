/** Both ends of a thread of the project: `ThreadHost` on the side that starts it, `threadEntry` in the module that it runs. */
import { once } from 'node:events';
import path from 'node:path';
import { parentPort, workerData, type Worker } from 'node:worker_threads';
import { OWN_ERROR_CODES } from '../units/error-codes.ts';
import { describeFailure } from '../units/run-error.ts';
import { startThread } from './thread.ts';

/** Why a thread ended before its time. */
export interface ThreadFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** The last message of a thread that cannot go on. */
export interface FailedMessage extends ThreadFailure {
  readonly type: 'failed';
}

/** Returns the URL of a module that stands beside another: compiled code beside compiled code, source beside source. */
export function moduleBeside(moduleUrl: string, name: string): URL {
  return new URL(`./${name}${path.extname(new URL(moduleUrl).pathname)}`, moduleUrl);
}

export interface ThreadHostOptions<From> {
  readonly url: URL;
  readonly workerData: unknown;
  /** What an unexpected end calls the thread: `worker 3`. */
  readonly name: string;
  readonly onMessage: (message: From) => void;
  /** Called once at most: when the thread says that it failed, throws, or ends although `expectEnd` was not called. */
  readonly onFailure: (failure: ThreadFailure) => void;
}

/** A thread, seen by what has started it. `From` are the messages of the thread beside `FailedMessage`. */
export class ThreadHost<To, From extends { readonly type: string }> {
  /** Resolves when the thread has ended, and with it all that it held. */
  readonly ended: Promise<void>;
  readonly #thread: Worker;
  readonly #onFailure: (failure: ThreadFailure) => void;
  #failure: ThreadFailure | undefined;
  #isEndExpected = false;

  constructor({ url, workerData: data, name, onMessage, onFailure }: ThreadHostOptions<From>) {
    this.#onFailure = onFailure;
    this.#thread = startThread(url, { workerData: data });
    this.#thread.on('message', (message: From | FailedMessage) => {
      if (isFailed(message)) this.#fail(message);
      else onMessage(message);
    });
    this.#thread.on('error', (error) => this.#fail(describeFailure(error)));
    this.ended = new Promise((resolve) => {
      this.#thread.on('exit', (code) => {
        const hint = OWN_ERROR_CODES.worker_exited.remedy;
        this.#fail({ code: 'worker_exited', message: `${name} ended with code ${code}`, hint });
        resolve();
      });
    });
  }

  #fail({ code, message, hint }: ThreadFailure): void {
    if (this.#isEndExpected || this.#failure !== undefined) return;
    this.#failure = { code, message, hint };
    this.#onFailure(this.#failure);
  }

  /** The first failure; undefined while there is none. */
  get failure(): ThreadFailure | undefined {
    return this.#failure;
  }

  post(message: To): void {
    this.#thread.postMessage(message);
  }

  /** From now on the end of the thread is no failure, however it comes. */
  expectEnd(): void {
    this.#isEndExpected = true;
  }

  /** Ends the thread wherever it is. */
  async terminate(): Promise<void> {
    this.expectEnd();
    await this.#thread.terminate();
  }

  /** Ends the thread by the message that asks it to end; one that has failed is terminated. Resolves when it has ended. */
  async close(message: To): Promise<void> {
    if (this.#failure !== undefined) return this.terminate();
    this.expectEnd();
    this.post(message);
    await this.ended;
  }
}

function isFailed(message: { readonly type: string }): message is FailedMessage {
  return message.type === 'failed';
}

/** What the module of a thread works with. */
export interface ThreadEntry<Init, To, From> {
  /** The `workerData` of the host. */
  readonly init: Init;
  /** Sends a message to the host. */
  readonly tell: (message: From) => void;
  /** Tells the host why the thread cannot go on. */
  readonly fail: (error: unknown) => void;
  /** Calls `listener` with every message of the host, in order. The thread lives until `close`. */
  readonly listen: (listener: (message: To) => void) => void;
  /** Resolves with the next message of the host. */
  readonly next: () => Promise<To>;
  /** Lets the thread end. */
  readonly close: () => void;
}

/** Returns the thread's end of a `ThreadHost`. */
export function threadEntry<Init, To, From>(): ThreadEntry<Init, To, From> {
  if (parentPort === null) throw new Error('this module is run by a thread');
  const port = parentPort;
  const tell = (message: From | FailedMessage): void => port.postMessage(message);
  return {
    init: workerData as Init,
    tell,
    fail: (error) => tell({ type: 'failed', ...describeFailure(error) }),
    listen: (listener) => void port.on('message', listener),
    next: async () => ((await once(port, 'message')) as [To])[0],
    close: () => port.close(),
  };
}
