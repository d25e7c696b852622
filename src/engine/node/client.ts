import { freebindError } from '../sockets/freebind.ts';
import { Socket } from 'node:net';
import type { SocketConstructorOpts, TcpSocketConnectOpts } from 'node:net';
import { ECONNRESET } from '../../kernel/errno.ts';
import { KERNEL_SOURCE } from '../seam/engine.ts';
import type { ClientDriver, ClientEngine, ClientEngineOptions } from '../seam/engine.ts';
import { Connection, inChunks } from './connection.ts';
import { isItsOwnPeer, refusal } from './self-connection.ts';
import { StepLoop } from './loop.ts';

const SINK_BYTES = 256 * 1024;

/** What all connections of one engine share. */
interface Shared {
  readonly loop: StepLoop<ClientDriver>;
  readonly options: ClientEngineOptions;
  readonly chunks: readonly Uint8Array[];
  /** The buffer that responses are read to. Every read of every socket overwrites it. */
  readonly sink: Uint8Array;
}

class ClientConnection extends Connection<ClientDriver> {
  readonly #shared: Shared;
  readonly #socketOptions: SocketConstructorOpts;
  readonly #connectOptions: TcpSocketConnectOpts;
  /** `connected` has been reported. */
  #isConnected = false;

  constructor(slot: number, shared: Shared) {
    super(slot, shared.loop);
    this.#shared = shared;
    const { bodies } = shared.options;
    // node:net asks for the place of the next read when it connects, and after each read.
    const buffer = bodies === undefined ? shared.sink : (): Uint8Array => bodies.viewOf(slot);
    const onread = { buffer, callback: this.#onRead };
    // With a mark of 1 every write that the kernel does not take immediately is followed by `drain`.
    const options = { allowHalfOpen: true, noDelay: true, writableHighWaterMark: 1, onread };
    this.#socketOptions = options;
    const { address, port, family } = shared.options.target;
    this.#connectOptions = { host: address, port, family, autoSelectFamily: false };
  }

  /** The addresses have been checked: node:net reports all else that can go wrong as an event. */
  open(source: number, port: number): void {
    const socket = new Socket(this.#socketOptions);
    this.adopt(socket);
    this.#isConnected = false;
    const options = this.#connectOptions;
    const chosen = source !== KERNEL_SOURCE;
    options.localAddress = chosen ? this.#shared.options.sources[source] : undefined;
    options.localPort = chosen ? port : 0;
    socket.on('connect', this.#onConnect).connect(options);
  }

  readonly #onConnect = (): void => {
    const { socket } = this;
    if (this.#shared.options.mayMeetItself === true && socket !== null && isItsOwnPeer(socket)) {
      socket.destroy(refusal());
      return;
    }
    const driver = this.listener();
    if (driver === null) return;
    this.#isConnected = true;
    driver.connected(this.slot);
    if (this.#shared.options.sendsWhenAsked !== true) this.startSending();
  };

  startSending(): void {
    this.send(this.#shared.chunks);
  }

  readonly #onRead = (bytes: number): boolean => {
    this.listener()?.received(this.slot, bytes);
    return true;
  };

  protected override onFlushed(): void {
    if (this.#shared.options.halfClose) this.socket?.end();
  }

  protected override beforeFailure(driver: ClientDriver, errno: number): void {
    // A reset before the handshake was over would read ECONNREFUSED.
    if (errno === ECONNRESET && !this.#isConnected) driver.connected(this.slot);
  }

  protected override onFree(): void {
    // The slots are the driver's to hand out.
  }
}

/**
 * The client's side on node:net: works wherever Node does, at about twice the price of a connection.
 *
 * `open` always returns 0; what stops a connection is reported by `failed` on a later turn of the event loop. A source
 * address without a port takes one when it is bound, not when it is connected (node:net has no IP_BIND_ADDRESS_NO_PORT): its
 * ports are shared among all targets. Of a connection that is open when `run` ends, what happens until the next run is lost.
 */
export class NodeClientEngine implements ClientEngine {
  readonly name = 'node';
  readonly #shared: Shared;
  readonly #connections: (ClientConnection | undefined)[];
  #waker: Socket | undefined;

  constructor(options: ClientEngineOptions) {
    if (options.isFreebind === true) throw freebindError();
    this.#shared = {
      loop: new StepLoop(options.clock),
      options,
      chunks: inChunks(options.payload),
      sink: new Uint8Array(SINK_BYTES),
    };
    this.#connections = new Array<ClientConnection | undefined>(options.capacity).fill(undefined);
  }

  open(slot: number, source: number, port: number): number {
    const connection = (this.#connections[slot] ??= new ClientConnection(slot, this.#shared));
    connection.open(source, port);
    return 0;
  }

  startSending(slot: number): void {
    this.#connections[slot]?.startSending();
  }

  close(slot: number, reset: boolean): void {
    this.#connections[slot]?.close(reset);
  }

  watch(fd: number): void {
    this.#waker = new Socket({ fd, readable: true, writable: false }).on('data', () => this.#shared.loop.poke());
  }

  run(driver: ClientDriver): Promise<void> {
    const done = this.#shared.loop.drive(driver);
    for (const connection of this.#connections) connection?.settle();
    return done;
  }

  dispose(): void {
    this.#waker?.destroy();
    for (const connection of this.#connections) connection?.abandon();
    this.#connections.fill(undefined);
  }
}
