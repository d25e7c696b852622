/** Thread entry: peers of held connections, good ones and bad ones, each on a port of its own. Ends with its thread. */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { freePort } from '../../support/ports.ts';

/** What a peer does with a stream, by name. */
const STREAMS = {
  echo: (socket: Socket) => void socket.on('data', (data: Buffer) => socket.write(data)),
  /** Every byte in a segment of its own, as far as the kernel lets it. */
  crumbs: (socket: Socket) =>
    void socket.setNoDelay(true).on('data', (data: Buffer) => {
      for (const byte of data) socket.write(Buffer.of(byte));
    }),
  silent: (socket: Socket) => void socket.resume(),
  /** Reads nothing at all. */
  deaf: (socket: Socket) => void socket.pause(),
  /** Sends back more than it got. */
  longer: (socket: Socket) =>
    void socket.on('data', (data: Buffer) => socket.write(Buffer.concat([data, Buffer.alloc(100)]))),
  /** Ends after the first bytes. */
  ends: (socket: Socket) => void socket.on('data', () => socket.end()),
  resets: (socket: Socket) => void socket.on('data', () => socket.resetAndDestroy()),
} as const;

type Answer = (data: Buffer, send: (data: Buffer) => void, index: number) => void;

/** What a peer does with a datagram, by name. */
const DATAGRAMS = {
  echo: (data, send) => send(data),
  silent: () => undefined,
  /** Loses the first of every four. */
  loses: (data, send, index) => {
    if (index % 4 !== 0) send(data);
  },
  twice: (data, send) => {
    send(data);
    send(data);
  },
  /** Each pair in the wrong order. */
  swaps: (() => {
    let kept: Buffer | null = null;
    return (data, send) => {
      if (kept === null) kept = data;
      else {
        send(data);
        send(kept);
        kept = null;
      }
    };
  })(),
  longer: (data, send) => send(Buffer.concat([data, Buffer.of(0)])),
} as const satisfies Record<string, Answer>;

export type StreamPeer = keyof typeof STREAMS;
export type DatagramPeer = keyof typeof DATAGRAMS;

/** Ports by peer, on 127.0.0.1; of streams and of datagrams. */
export interface PingPeerPorts {
  readonly tcp: Readonly<Record<StreamPeer, number>>;
  readonly udp: Readonly<Record<DatagramPeer, number>>;
}

async function streamPort(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return port;
}

async function datagramPort(answer: Answer): Promise<number> {
  const socket: DatagramSocket = createSocket('udp4');
  let index = 0;
  socket.on('message', (data: Buffer, { port, address }: RemoteInfo) => {
    answer(Buffer.from(data), (reply) => socket.send(reply, port, address), index++);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

async function portsOf<T>(peers: Readonly<Record<string, T>>, open: (peer: T) => Promise<number>): Promise<object> {
  const entries = Object.entries(peers).map(async ([name, peer]) => [name, await open(peer)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

parentPort!.postMessage({
  tcp: await portsOf(STREAMS, streamPort),
  udp: await portsOf<Answer>(DATAGRAMS, datagramPort),
});
