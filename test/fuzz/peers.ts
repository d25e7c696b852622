/** Peers that behave as real ones sometimes do, over TCP and UDP on one port; and clients that do, for a server. */
import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { listenWithoutAccepting } from '../support/full-listener.ts';
import { freePort } from '../support/ports.ts';

type Behaviour = (socket: Socket) => void;

const DRIP_MS = 20;

/** What a peer does with a connection. Half-open ones stay so: the socket ends only where this ends it. */
const BEHAVIOURS = {
  echo: (socket) => void socket.pipe(socket),
  /** Reads, then closes without a byte. */
  empty: (socket) => void socket.once('data', () => socket.end()).once('end', () => socket.end()),
  /** Closes at once, with the request unread. */
  closed: (socket) => void socket.destroy(),
  /** A reset at once. */
  reset: (socket) => void socket.resetAndDestroy(),
  /** A reset within the answer. */
  'reset-midway': (socket) =>
    void socket.once('data', () => socket.write('X'.repeat(10), () => socket.resetAndDestroy())),
  /** Answers and closes with bytes unread, so the kernel sends a reset after the answer. */
  unread: (socket) => void socket.pause().write('Y'.repeat(1000), () => socket.destroy()),
  /** Answers before the request, half-closes, and reads on. */
  early: (socket) => void socket.end('Z'.repeat(500)).resume(),
  drip: (socket) => {
    const timer = setInterval(() => socket.write('.'), DRIP_MS);
    socket
      .once('close', () => clearInterval(timer))
      .once('end', () => socket.end())
      .resume();
  },
  /** Reads and never answers, not even the end. */
  never: (socket) => void socket.resume(),
  /** Neither reads nor answers. */
  stuck: (socket) => void socket.pause(),
  'keep-alive': (socket) =>
    void socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  /** Every second connection is answered, the others are closed without a byte. */
  shed: (socket) => void socket.once('data', () => socket.end(shedTurn++ % 2 === 0 ? 'HTTP/1.0 200 OK\r\n\r\nok' : '')),
  /** The answer in pieces of a byte, each in a packet of its own. */
  pieces: (socket) => {
    socket.setNoDelay(true).once('data', (bytes: Buffer) => sendPieces(socket, bytes.subarray(0, 64), 0));
    socket.once('end', () => socket.end());
  },
  /** More than was sent. */
  double: (socket) => void socket.on('data', (bytes: Buffer) => socket.write(Buffer.concat([bytes, bytes]))),
  garbage: (socket) => void socket.once('data', () => socket.end(Buffer.alloc(3000, 0xa5))),
  flood: (socket) => flood(socket),
} as const satisfies Readonly<Record<string, Behaviour>>;

let shedTurn = 0;

function sendPieces(socket: Socket, bytes: Buffer, at: number): void {
  if (at >= bytes.length) socket.end();
  else socket.write(bytes.subarray(at, at + 1), () => setImmediate(() => sendPieces(socket, bytes, at + 1)));
}

const FLOOD_BYTES = 2 ** 20;

function flood(socket: Socket): void {
  let left = FLOOD_BYTES;
  const chunk = Buffer.alloc(16_384, 0x61);
  const more = (): void => {
    if (left <= 0) return void socket.end();
    left -= chunk.length;
    socket.write(chunk, more);
  };
  more();
  socket.resume();
}

type BehaviourName = keyof typeof BEHAVIOURS;
export type PeerName = BehaviourName | 'no-accept';
export const PEERS: readonly PeerName[] = [...(Object.keys(BEHAVIOURS) as BehaviourName[]), 'no-accept'];

export interface Peer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startPeer(name: PeerName): Promise<Peer> {
  const port = await freePort();
  if (name === 'no-accept') {
    const listener = listenWithoutAccepting(port, 3);
    return { port, close: async () => listener.close() };
  }
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    BEHAVIOURS[name](socket);
  });
  server.listen({ port, host: '127.0.0.1', backlog: 512 });
  await once(server, 'listening');
  const datagrams = createSocket('udp4').on('message', (message, from) => answer(name, datagrams, message, from));
  datagrams.bind(port, '127.0.0.1');
  await once(datagrams, 'listening');
  return { port, close: () => closePeer(server, sockets, datagrams) };
}

async function closePeer(server: Server, sockets: ReadonlySet<Socket>, datagrams: DatagramSocket): Promise<void> {
  for (const socket of sockets) socket.destroy();
  server.close();
  datagrams.close();
  await once(server, 'close');
}

/** The same kinds of answers, in datagrams. */
function answer(name: BehaviourName, socket: DatagramSocket, message: Buffer, from: RemoteInfo): void {
  const send = (bytes: Buffer): void => socket.send(bytes, from.port, from.address, () => undefined);
  if (name === 'echo' || name === 'pieces') send(message);
  else if (name === 'double') for (let copy = 0; copy < 2; copy++) send(message);
  else if (name === 'drip' || name === 'early') setTimeout(() => send(message), DRIP_MS).unref();
  else if (name === 'garbage' || name === 'flood') send(Buffer.alloc(message.length, 0xa5));
  else if (name === 'empty') send(Buffer.alloc(0));
  else if (name === 'shed' && shedTurn++ % 2 === 0) send(message.subarray(0, 7));
}

const ROUNDS = 5;
const CONNECTIONS_AT_ONCE = 8;

/** Connects to a server again and again and treats it as the peer of that name would; ends when `stop` aborts. */
export async function annoyServer(name: PeerName, port: number, stop: AbortSignal): Promise<void> {
  const sockets = new Set<Socket>();
  for (let round = 0; round < ROUNDS && !stop.aborted; round++) {
    for (let each = 0; each < CONNECTIONS_AT_ONCE; each++) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
      socket.once('connect', () => BEHAVIOURS[name === 'no-accept' ? 'never' : name](socket));
      if (each % 2 === 0) socket.write('a request\r\n'.repeat(1 + each));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!stop.aborted) await once(stop, 'abort');
  for (const socket of sockets) socket.destroy();
}
