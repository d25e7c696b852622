import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { Act, DialArgs, PeerCalls, PeerRecord, ServeArgs } from './peer-calls.ts';
import { startThread } from '../../../src/runtime/thread.ts';
import { moduleUrl } from '../../support/modules.ts';
import type { Site } from './site.ts';

/** How long an answer may take before the test is called broken. */
const PATIENCE_MS = 20_000;

/**
 * The peers of a test. Calls are synchronous, so that they can be made from inside a run, whose engine blocks the thread.
 */
export class PeerThread implements PeerCalls {
  readonly site: Site;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #signal: Int32Array;
  readonly #gate: Int32Array;

  private constructor(site: Site, worker: Worker, port: MessagePort, signal: Int32Array, gate: Int32Array) {
    this.site = site;
    this.#worker = worker;
    this.#port = port;
    this.#signal = signal;
    this.#gate = gate;
  }

  static async start(site: Site): Promise<PeerThread> {
    const { port1, port2 } = new MessageChannel();
    const signal = new Int32Array(new SharedArrayBuffer(4));
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const worker = startThread(moduleUrl('test/engine/conformance/peers.ts'), {
      workerData: { port: port2, signal, gate, site },
      transferList: [port2],
    });
    await once(port1, 'message');
    port1.removeAllListeners('message');
    return new PeerThread(site, worker, port1, signal, gate);
  }

  #call(call: keyof PeerCalls, ...args: unknown[]): unknown {
    const seen = Atomics.load(this.#signal, 0);
    this.#port.postMessage({ call, args });
    // Waking is no proof: it may be the notify of the answer before, whose thread was held up between its add and its notify.
    while (Atomics.load(this.#signal, 0) === seen) {
      if (Atomics.wait(this.#signal, 0, seen, PATIENCE_MS) === 'timed-out') throw new Error(`no answer to ${call}`);
    }
    const { message } = receiveMessageOnPort(this.#port) as { message: { result?: unknown; error?: string } };
    if (message.error !== undefined) throw new Error(`${call}: ${message.error}`);
    return message.result;
  }

  serve(args: ServeArgs): { server: number; port: number } {
    return this.#call('serve', args) as { server: number; port: number };
  }

  accepted(server: number): PeerRecord[] {
    return this.#call('accepted', server) as PeerRecord[];
  }

  resume(server: number): void {
    this.#call('resume', server);
  }

  unserve(server: number): void {
    this.#call('unserve', server);
  }

  dial(args: DialArgs): number {
    return this.#call('dial', args) as number;
  }

  dialled(id: number, count = 1): PeerRecord[] {
    return this.#call('dialled', id, count) as PeerRecord[];
  }

  act(id: number, act: Act, bytes?: number): void {
    this.#call('act', id, act, bytes);
  }

  clear(): void {
    this.#call('clear');
  }

  block(): void {
    this.#call('block');
  }

  /** Ends `block`. */
  unblock(): void {
    Atomics.store(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
  }

  async stop(): Promise<void> {
    this.unblock();
    this.#port.close();
    await this.#worker.terminate();
  }
}

/** Waits outside of a run until `condition` holds; throws if it never does. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const start = Date.now();
  while (!condition()) {
    if (Date.now() - start > PATIENCE_MS) throw new Error(`waited in vain until ${what}`);
    await sleep(5);
  }
}
