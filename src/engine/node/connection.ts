import type { Socket } from 'node:net';
import { errnoNumber } from '../../kernel/errno.ts';
import type { StepDriver } from '../seam/engine.ts';
import type { StepLoop } from './loop.ts';
import { errorBehindEnd } from './reset-behind.ts';

/** Most that one write hands over: progress is reported, and kept back, in steps of this. */
const CHUNK_BYTES = 64 * 1024;

const NOTHING: readonly Uint8Array[] = [];

/** What drivers of both sides are told of a connection. */
interface ConnectionDriver extends StepDriver {
  sent(slot: number, bytes: number): void;
  received(slot: number, bytes: number): void;
  ended(slot: number): void;
  failed(slot: number, errno: number): void;
  released(slot: number): void;
}

/** The Linux number of a system error as node:net reports it. */
export function errnoOf(error: Error): number {
  return errnoNumber((error as NodeJS.ErrnoException).code ?? '');
}

/** The payload in pieces of at most 64 KiB; views, made once for all connections. */
export function inChunks(payload: Uint8Array): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < payload.length; from += CHUNK_BYTES)
    chunks.push(payload.subarray(from, from + CHUNK_BYTES));
  return chunks;
}

/**
 * One slot of an engine. Its listeners are made once and serve every socket that the slot ever has: node:net makes objects
 * for a connection, this does not.
 *
 * A slot takes its next socket only after the last one has emitted `close`, and a socket emits nothing after that. So an
 * event always belongs to the socket that the slot has now.
 */
export abstract class Connection<Driver extends ConnectionDriver> {
  readonly slot: number;
  protected readonly loop: StepLoop<Driver>;
  protected socket: Socket | null = null;
  /** It has a connection, and `released` has not been reported. */
  #taken = false;
  /** The driver has not closed it. */
  #live = false;
  /** `ended` or `failed` has been reported. */
  #final = false;
  #chunks = NOTHING;
  #nextChunk = 0;
  /** Bytes that were written and are not counted as sent. */
  #pendingBytes = 0;

  constructor(slot: number, loop: StepLoop<Driver>) {
    this.slot = slot;
    this.loop = loop;
  }

  /** Everything that `send` was given is with the kernel. */
  protected abstract onFlushed(driver: Driver): void;
  /** The slot is free again; the driver's `released` follows. */
  protected abstract onFree(): void;

  /** Whether `send` has bytes left to hand over. */
  protected get sending(): boolean {
    return this.#pendingBytes > 0 || this.#nextChunk < this.#chunks.length;
  }

  protected adopt(socket: Socket): void {
    this.socket = socket;
    this.#taken = true;
    this.#live = true;
    this.#final = false;
    socket.on('end', this.#onEnd).on('error', this.#onError).on('drain', this.#onDrain).on('close', this.#onClose);
  }

  /** The driver, if the event is to be reported; it will be stepped soon. Called with each event. */
  protected listener(): Driver | null {
    if (!this.#live || this.#final) return null;
    this.loop.poke();
    return this.loop.driver;
  }

  /** Whether the peer's end is not to be told yet; who says so calls `end` when it is. */
  protected holdsEnd(): boolean {
    return false;
  }

  /** The connection has failed; the driver's `failed` follows, unless the driver closes it before. */
  protected beforeFailure(_driver: Driver, _errno: number): void {
    // Nothing to tell before.
  }

  /** Tells the driver that the peer has ended. */
  protected end(): void {
    const driver = this.listener();
    if (driver === null) return;
    this.#final = true;
    driver.ended(this.slot);
  }

  /** Hands `chunks` to the kernel in order, as fast as it takes them. */
  protected send(chunks: readonly Uint8Array[]): void {
    this.#chunks = chunks;
    this.#nextChunk = 0;
    this.#pump();
  }

  #pump(): void {
    const { driver } = this.loop;
    const { socket } = this;
    while (driver !== null && socket !== null && this.#live) {
      if (this.#pendingBytes > 0) {
        // A write that failed immediately has left the queue as well; `error` follows.
        if (socket.writableLength > 0 || socket.errored !== null) return;
        const bytes = this.#pendingBytes;
        this.#pendingBytes = 0;
        driver.sent(this.slot, bytes);
      } else if (this.#nextChunk < this.#chunks.length) {
        const chunk = this.#chunks[this.#nextChunk++]!;
        this.#pendingBytes = chunk.length;
        socket.write(chunk);
      } else {
        this.#chunks = NOTHING;
        this.#nextChunk = 0;
        this.onFlushed(driver);
        return;
      }
    }
  }

  /** Ends the connection for the driver: only `released` follows, immediately if the socket is closed already. */
  close(reset: boolean): void {
    if (!this.#live) return;
    this.#live = false;
    const { socket } = this;
    if (socket === null) this.settle();
    else if (!reset || socket.connecting) socket.destroy();
    // libuv refuses to reset while it shuts the writing side down, and node would then never close the handle.
    else if (socket.writableEnded && !socket.writableFinished) socket.once('finish', this.#onShutDown);
    else socket.resetAndDestroy();
  }

  /** Reports `released` if both the driver and the kernel are done with the connection. */
  settle(): void {
    const { driver } = this.loop;
    if (driver === null || !this.#taken || this.#live || this.socket !== null) return;
    this.#taken = false;
    this.#chunks = NOTHING;
    this.#nextChunk = 0;
    this.#pendingBytes = 0;
    this.onFree();
    driver.released(this.slot);
  }

  /** Closes the socket without a report. */
  abandon(): void {
    this.#taken = false;
    this.#live = false;
    this.socket?.destroy();
  }

  readonly #onShutDown = (): void => {
    this.socket?.resetAndDestroy();
  };

  readonly #onDrain = (): void => {
    if (!this.sending) return;
    this.loop.poke();
    this.#pump();
  };

  /** A paused stream that is empty says `end` all the same; see `holdsEnd`. */
  readonly #onEnd = (): void => {
    const errno = this.socket === null ? 0 : errorBehindEnd(this.socket);
    if (errno !== 0) this.#fail(errno);
    else if (!this.holdsEnd()) this.end();
  };

  readonly #onError = (error: Error): void => this.#fail(errnoOf(error));

  #fail(errno: number): void {
    const driver = this.listener();
    if (driver === null) return;
    this.beforeFailure(driver, errno);
    if (!this.#live) return;
    this.#final = true;
    driver.failed(this.slot, errno);
  }

  /** Also without the driver's doing: node closes a socket that has ended both ways, and one that failed. */
  readonly #onClose = (): void => {
    this.socket = null;
    this.loop.poke();
    this.settle();
  };
}
