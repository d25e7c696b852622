import { freebindError } from '../sockets/freebind.ts';
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket as DatagramSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { EAGAIN, EPROTO } from '../../kernel/errno.ts';
import { MessageReader } from '../sockets/message-reader.ts';
import { HEAD_BYTES } from '../seam/ping.ts';
import type { PingDriver, PingEngine, PingEngineOptions } from '../seam/ping.ts';
import { markDatagram } from '../sockets/ping-mark.ts';
import { errnoOf } from './connection.ts';
import { StepLoop } from './loop.ts';
import { errorBehindEnd } from './reset-behind.ts';
import { isItsOwnPeer, refusal } from './self-connection.ts';

const SINK_BYTES = 256 * 1024;

/** What all connections of one engine share. */
interface Shared {
  readonly loop: StepLoop<PingDriver>;
  readonly options: PingEngineOptions;
  readonly reader: MessageReader;
  /** The buffer that streams are read to. Every read of every socket overwrites it. */
  readonly sink: Uint8Array;
}

/** One slot: its connection, of either protocol. */
abstract class Held {
  readonly slot: number;
  protected readonly shared: Shared;
  /** What is sent; its head changes from ping to ping. */
  protected readonly message: Buffer;
  /** The errno of a failure between two runs, when there was no driver to report it to; -1 if there was none. */
  #unheardErrno = -1;

  constructor(slot: number, shared: Shared) {
    this.slot = slot;
    this.shared = shared;
    this.message = Buffer.alloc(shared.options.messageBytes, 'conngen ');
    markDatagram(shared.options, this.message, 0);
  }

  abstract send(sequence: number, ticket: number): number;
  abstract close(): void;

  protected writeHead(sequence: number, ticket: number): void {
    this.message.writeInt32LE(sequence | 0, 0);
    this.message.writeInt32LE(ticket | 0, HEAD_BYTES / 2);
  }

  /** The driver, if one is at work; it will be stepped soon. Called with each event. */
  protected listener(): PingDriver | null {
    this.shared.loop.poke();
    return this.shared.loop.driver;
  }

  protected fail(errno: number): void {
    const driver = this.listener();
    if (driver === null) this.#unheardErrno = errno;
    else driver.failed(this.slot, errno);
  }

  /** A run begins: tells what happened before it. */
  catchUp(): void {
    if (this.#unheardErrno === -1) return;
    const errno = this.#unheardErrno;
    this.#unheardErrno = -1;
    this.fail(errno);
  }
}

class HeldStream extends Held {
  readonly #socket: Socket;
  #isClosed = false;
  #isRefused = false;

  constructor(slot: number, shared: Shared) {
    super(slot, shared);
    const { target, sources } = shared.options;
    const { sink, reader } = shared;
    const callback = (bytes: number): boolean => {
      if (this.#isClosed) return true;
      const driver = this.listener();
      // Between two runs nothing was asked for, so no byte is a reply.
      if (driver === null) this.fail(EPROTO);
      else reader.stream(driver, slot, sink, 0, bytes);
      return true;
    };
    // With a mark of 1 every write that the kernel does not take immediately is followed by `drain`.
    const onread = { buffer: sink, callback };
    const options = { allowHalfOpen: false, noDelay: true, writableHighWaterMark: 1, onread };
    this.#socket = new Socket(options);
    this.#socket
      .on('connect', () => this.#connected())
      .on('drain', () => this.#drained())
      .on('end', () => this.#over(errorBehindEnd(this.#socket)))
      .on('error', (error) => this.#over(errnoOf(error)))
      .connect({
        host: target.address,
        port: target.port,
        family: target.family,
        autoSelectFamily: false,
        localAddress: sources.length === 0 ? undefined : sources[slot % sources.length],
      });
  }

  #connected(): void {
    if (isItsOwnPeer(this.#socket)) this.#socket.destroy(refusal());
    else this.listener()?.connected(this.slot);
  }

  #over(errno: number): void {
    if (!this.#isClosed) this.fail(errno);
  }

  #drained(): void {
    if (!this.#isRefused || this.#isClosed) return;
    this.#isRefused = false;
    this.listener()?.writable(this.slot);
  }

  send(sequence: number, ticket: number): number {
    if (this.#socket.writableLength > 0) {
      this.#isRefused = true;
      return EAGAIN;
    }
    this.writeHead(sequence, ticket);
    this.#socket.write(this.message);
    return 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }
}

class HeldDatagrams extends Held {
  readonly #socket: DatagramSocket;
  #isClosed = false;

  constructor(slot: number, shared: Shared) {
    super(slot, shared);
    const { target, sources } = shared.options;
    this.#socket = createSocket(target.family === 4 ? 'udp4' : 'udp6');
    this.#socket
      .on('message', (message: Buffer, info: RemoteInfo) => {
        const driver = this.#isClosed ? null : this.listener();
        if (driver !== null) shared.reader.datagram(driver, slot, message, 0, info.size);
      })
      .on('error', (error) => this.#undelivered(error));
    const connect = (): void => {
      this.#socket.connect(target.port, target.address, (error?: Error) => {
        if (error !== undefined) this.fail(errnoOf(error));
        else this.listener()?.connected(slot);
      });
    };
    if (sources.length === 0) connect();
    else this.#socket.bind({ address: sources[slot % sources.length]!, port: 0, exclusive: true }, connect);
  }

  #undelivered(error: Error): void {
    if (!this.#isClosed) this.listener()?.undelivered(this.slot, errnoOf(error));
  }

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#undelivered(error);
  };

  send(sequence: number, ticket: number): number {
    this.writeHead(sequence, ticket);
    // A copy: node may send it later, when the next one has taken its place.
    this.#socket.send(Buffer.from(this.message), this.#onSent);
    return 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }
}

/** Held connections on node:net and node:dgram: works wherever Node does, and shows what that costs. */
export class NodePingEngine implements PingEngine {
  readonly name = 'node';
  readonly #shared: Shared;
  readonly #held: (Held | undefined)[];

  constructor(options: PingEngineOptions) {
    if (options.isFreebind === true) throw freebindError();
    this.#shared = {
      loop: new StepLoop(options.clock),
      options,
      reader: new MessageReader(options.connections, options.messageBytes),
      sink: new Uint8Array(SINK_BYTES),
    };
    this.#held = new Array<Held | undefined>(options.connections).fill(undefined);
  }

  open(slot: number): number {
    this.#shared.reader.reset(slot);
    const isStream = this.#shared.options.protocol === 'tcp';
    this.#held[slot] = isStream ? new HeldStream(slot, this.#shared) : new HeldDatagrams(slot, this.#shared);
    return 0;
  }

  send(slot: number, sequence: number, ticket: number): number {
    return this.#held[slot]!.send(sequence, ticket);
  }

  close(slot: number): void {
    this.#held[slot]?.close();
    this.#held[slot] = undefined;
  }

  run(driver: PingDriver): Promise<void> {
    const done = this.#shared.loop.drive(driver);
    for (const held of this.#held) held?.catchUp();
    return done;
  }

  dispose(): void {
    for (const held of this.#held) held?.close();
    this.#held.fill(undefined);
  }
}
