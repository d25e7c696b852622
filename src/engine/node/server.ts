import { Socket, createServer } from 'node:net';
import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { ECONNRESET } from '../../kernel/errno.ts';
import type { ServerDriver, ServerEngine, ServerEngineOptions } from '../seam/engine.ts';
import type { RunError } from '../../units/run-error.ts';
import { listenError } from '../sockets/listen-error.ts';
import { Connection, errnoOf, inChunks } from './connection.ts';
import { StepLoop } from './loop.ts';

/** How much of what a peer sends is swallowed by a server that does not read, so that node notices its end. */
const READ_AHEAD_BYTES = 64 * 1024;
/** The platforms on which libuv knows SO_REUSEPORT with load balancing (uv_tcp_bind, UV_TCP_REUSEPORT). */
const REUSE_PORT_PLATFORMS: readonly string[] = ['linux', 'freebsd', 'dragonfly', 'sunos', 'aix'];

/** What all connections of one engine share. */
interface Shared {
  readonly loop: StepLoop<ServerDriver>;
  readonly reads: boolean;
  readonly chunks: readonly Uint8Array[];
  readonly freeSlots: number[];
}

class ServerConnection extends Connection<ServerDriver> {
  readonly #shared: Shared;
  /** The bytes that were received last; present only during the driver's `received`. */
  #data: Uint8Array | null = null;
  /** The chunk of `echo`, kept until the kernel has it. */
  readonly #echoed: Uint8Array[] = [];
  #paused = false;
  #endWanted = false;
  #unreadBytes = 0;

  constructor(slot: number, shared: Shared) {
    super(slot, shared.loop);
    this.#shared = shared;
  }

  accept(socket: Socket): void {
    this.#paused = false;
    this.#endWanted = false;
    this.#unreadBytes = 0;
    this.adopt(socket);
    this.listener()?.accepted(this.slot);
    socket.on('data', this.#shared.reads ? this.#onData : this.#onUnread).resume();
  }

  readonly #onData = (data: Uint8Array): void => {
    const driver = this.listener();
    if (driver === null) return;
    this.#data = data;
    driver.received(this.slot, data.length);
    this.#data = null;
  };

  readonly #onUnread = (data: Uint8Array): void => {
    this.#unreadBytes += data.length;
    if (this.#unreadBytes >= READ_AHEAD_BYTES) this.socket?.pause();
  };

  echo(): void {
    if (this.#data === null) return;
    this.#echoed[0] = this.#data;
    this.send(this.#echoed);
    if (!this.sending) return;
    this.#paused = true;
    this.socket?.pause();
  }

  respond(): void {
    const { driver } = this.#shared.loop;
    // The peer has reset it since its end was told; then this is where it shows.
    if (this.socket === null || this.socket.destroyed) driver?.failed(this.slot, ECONNRESET);
    else this.send(this.#shared.chunks);
  }

  halfClose(): void {
    if (this.sending) this.#endWanted = true;
    else this.socket?.end();
  }

  /** Reports the end of a connection after the bytes before it were sent back. */
  protected override holdsEnd(): boolean {
    return this.#paused;
  }

  protected override onFlushed(driver: ServerDriver): void {
    this.#echoed.length = 0;
    if (this.#endWanted) this.socket?.end();
    const { socket } = this;
    const wasPaused = this.#paused;
    this.#paused = false;
    driver.flushed(this.slot);
    if (!wasPaused || socket === null) return;
    if (socket.readableEnded) this.end();
    else socket.resume();
  }

  protected override onFree(): void {
    this.#echoed.length = 0;
    this.#shared.freeSlots.push(this.slot);
  }
}

/**
 * The server's side on node:net: works wherever Node does.
 *
 * What node:net does not let through:
 * - Of a peer that does not read, one chunk of at most 64 KiB waits to be sent, and node's stream may have read one more.
 * - A close is noticed only while reading. So with `reads` false up to 64 KiB are taken from the peer and dropped, unreported;
 *   of a peer that sent more neither end nor reset is noticed, and of one that has ended no reset.
 * - libuv answers EMFILE itself: it takes waiting connections with a spare descriptor and closes them. `acceptFailed` is
 *   reported only where that fails too.
 * - There is one listening socket for a port where `supportsReusePort` says no; a second `listen` fails with EADDRINUSE.
 */
export class NodeServerEngine implements ServerEngine {
  readonly name = 'node';
  readonly #options: ServerEngineOptions;
  readonly #shared: Shared;
  readonly #connections: (ServerConnection | undefined)[];
  /** Accepted before the run began. */
  readonly #early: Socket[] = [];
  #waker: Socket | null = null;
  #server: Server | null = null;
  #port = 0;

  constructor(options: ServerEngineOptions) {
    this.#options = options;
    const { capacity } = options;
    this.#shared = {
      loop: new StepLoop(options.clock),
      reads: options.reads,
      chunks: inChunks(options.payload),
      // The lowest slot is handed out first.
      freeSlots: Array.from({ length: capacity }, (_, index) => capacity - 1 - index),
    };
    this.#connections = new Array<ServerConnection | undefined>(capacity).fill(undefined);
  }

  /** Whether several listeners can share a port: node's `reusePort` came with 22.12 and 23.1 and is ignored before. */
  static supportsReusePort(): boolean {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const known = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
    return known && REUSE_PORT_PLATFORMS.includes(process.platform);
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    const { host } = this.#options;
    try {
      await this.#bind(host ?? '::');
    } catch (error) {
      if (host !== null || !isFamilyMissing(error as Error)) throw this.#listenError(error as Error);
      await this.#bind('0.0.0.0').catch((cause: unknown) => {
        throw this.#listenError(cause as Error);
      });
    }
  }

  #listenError(cause: Error): RunError {
    const { host, port } = this.#options;
    return listenError(host, port, (cause as NodeJS.ErrnoException).code ?? 'EIO', { cause });
  }

  #bind(address: string): Promise<void> {
    const { port, backlog } = this.#options;
    // With a mark of 1 node's streams read nothing ahead but one chunk, and say `drain` after every write that had to wait.
    // Nothing is read before a connection has its listeners: an end that came earlier would be lost.
    const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 1, pauseOnConnect: true });
    const options: ListenOptions & { reusePort: boolean } = {
      host: address,
      port,
      backlog,
      exclusive: true,
      ipv6Only: false,
      reusePort: NodeServerEngine.supportsReusePort(),
    };
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(options, () => {
        server.off('error', reject).on('error', this.#onAcceptError).on('connection', this.#onConnection);
        this.#server = server;
        this.#port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  readonly #onAcceptError = (error: Error): void => {
    this.#shared.loop.poke();
    this.#shared.loop.driver?.acceptFailed(errnoOf(error));
  };

  readonly #onConnection = (socket: Socket): void => {
    const { loop, freeSlots } = this.#shared;
    const { driver } = loop;
    if (driver === null) {
      socket.on('error', ignore);
      this.#early.push(socket);
      return;
    }
    loop.poke();
    const slot = driver.admits() ? freeSlots.pop() : undefined;
    if (slot === undefined) {
      socket.destroy();
      return;
    }
    const connection = (this.#connections[slot] ??= new ServerConnection(slot, this.#shared));
    connection.accept(socket);
  };

  echo(slot: number): void {
    this.#connections[slot]?.echo();
  }

  respond(slot: number): void {
    this.#connections[slot]?.respond();
  }

  halfClose(slot: number): void {
    this.#connections[slot]?.halfClose();
  }

  close(slot: number, reset: boolean): void {
    this.#connections[slot]?.close(reset);
  }

  watch(fd: number): void {
    this.#waker = new Socket({ fd, readable: true, writable: false }).on('data', () => this.#shared.loop.poke());
  }

  stopListening(): void {
    this.#server?.close();
    this.#server = null;
  }

  run(driver: ServerDriver): Promise<void> {
    const done = this.#shared.loop.drive(driver);
    for (const connection of this.#connections) connection?.settle();
    for (const socket of this.#early.splice(0)) if (!socket.destroyed) this.#onConnection(socket);
    return done;
  }

  dispose(): void {
    this.stopListening();
    this.#waker?.destroy();
    for (const socket of this.#early.splice(0)) socket.destroy();
    for (const connection of this.#connections) connection?.abandon();
    this.#connections.fill(undefined);
  }
}

/** Whether there is no IPv6 here, or it is switched off. */
function isFamilyMissing(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
}

function ignore(): void {
  // The error of a connection that was not reported to the driver.
}
