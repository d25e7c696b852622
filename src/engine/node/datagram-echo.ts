import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket, SocketOptions } from 'node:dgram';
import type { DatagramDriver, DatagramEcho, DatagramEchoOptions } from '../seam/datagram-echo.ts';
import { ANSWER, EchoGuard } from '../sockets/echo-guard.ts';
import { listenError } from '../sockets/listen-error.ts';
import { errnoOf } from './connection.ts';
import { StepLoop } from './loop.ts';
import { NodeServerEngine } from './server.ts';

/**
 * The echo on node:dgram. The system chooses the address that an answer leaves from: of several on one machine it may be
 * another than was asked, where the server listens on all.
 */
export class NodeDatagramEcho implements DatagramEcho {
  readonly #options: DatagramEchoOptions;
  readonly #loop: StepLoop<DatagramDriver>;
  #socket: Socket | undefined;
  #guard: EchoGuard | undefined;
  #port = 0;

  constructor(options: DatagramEchoOptions) {
    this.#options = options;
    this.#loop = new StepLoop(options.clock);
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options;
    let error = await this.#bind(host === null || host.includes(':') ? 'udp6' : 'udp4', host);
    // No IPv6 here: every address is then every IPv4 address.
    if (host === null && (error?.code === 'EAFNOSUPPORT' || error?.code === 'EADDRNOTAVAIL')) {
      error = await this.#bind('udp4', '0.0.0.0');
    }
    if (error !== null) throw listenError(host, port, error.code ?? 'EIO', { cause: error });
  }

  async #bind(type: 'udp4' | 'udp6', address: string | null): Promise<NodeJS.ErrnoException | null> {
    // Since Node 22.12 and 23.1; the types are older.
    const options: SocketOptions & { reusePort: boolean } = { type, reusePort: NodeServerEngine.supportsReusePort() };
    const socket = createSocket(options);
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      socket.once('error', resolve);
      const place = { port: this.#options.port, exclusive: true, ...(address === null ? {} : { address }) };
      socket.bind(place, () => resolve(null));
    });
    socket.removeAllListeners('error');
    if (error !== null) return error;
    socket
      .on('message', (message: Buffer, { port, address: from }: RemoteInfo) => this.#echo(message, port, from))
      .on('error', (failure) => this.#loop.driver?.failed(errnoOf(failure)));
    this.#socket = socket;
    this.#port = socket.address().port;
    this.#guard = new EchoGuard(this.#port, this.#options.ratePerPeer, this.#options.clock);
    return null;
  }

  #echo(message: Buffer, port: number, address: string): void {
    this.#loop.driver?.received(message.length);
    const guard = this.#guard!;
    const from = Buffer.from(address);
    const verdict = guard.judge(message, message.length, port, guard.placeOf(from, 0, from.length, port));
    if (verdict !== ANSWER) {
      this.#loop.driver?.dropped(verdict);
      return;
    }
    this.#socket?.send(message, port, address, (error) => {
      if (error === null) this.#loop.driver?.sent(message.length);
      else this.#loop.driver?.failed(errnoOf(error));
    });
  }

  run(driver: DatagramDriver): Promise<void> {
    return this.#loop.drive(driver);
  }

  dispose(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
