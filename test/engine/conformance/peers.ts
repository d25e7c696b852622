/** The other ends of the connections that a test makes, on a thread of their own: engines block theirs. */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { pattern } from './pattern.ts';
import { enterNamespace } from './site.ts';
import type { Site } from './site.ts';
import type { Act, Behaviour, DialArgs, PeerCalls, PeerRecord, ServeArgs } from './peer-calls.ts';

interface Peer {
  readonly socket: Socket;
  readonly hash: Hash;
  connected: boolean;
  receivedBytes: number;
  ended: boolean;
  closed: boolean;
  error: string | null;
  remoteAddress: string;
  remotePort: number;
}

interface Service {
  readonly server: Server;
  readonly peers: Peer[];
}

const { port, signal, gate, site } = workerData as {
  port: MessagePort;
  signal: Int32Array;
  gate: Int32Array;
  site: Site;
};
if (site.peerNamespace !== null) enterNamespace(site.peerNamespace);
const services: Service[] = [];
const dials: Peer[] = [];

function watch(socket: Socket): Peer {
  const peer: Peer = {
    socket,
    hash: createHash('sha256'),
    connected: false,
    receivedBytes: 0,
    ended: false,
    closed: false,
    error: null,
    remoteAddress: '',
    remotePort: 0,
  };
  socket.on('end', () => (peer.ended = true));
  socket.on('close', () => (peer.closed = true));
  socket.on('error', (error: NodeJS.ErrnoException) => (peer.error = error.code ?? error.message));
  return peer;
}

function established(peer: Peer): void {
  peer.connected = true;
  peer.remoteAddress = peer.socket.remoteAddress ?? '';
  peer.remotePort = peer.socket.remotePort ?? 0;
}

function read(peer: Peer): void {
  peer.socket.on('data', (data: Buffer) => {
    peer.receivedBytes += data.length;
    peer.hash.update(data);
  });
}

const BEHAVIOURS: Readonly<Record<Behaviour, (peer: Peer, bytes: number) => void>> = {
  echo(peer) {
    const { socket } = peer;
    read(peer);
    socket.on('data', (data: Buffer) => {
      if (!socket.write(data)) socket.pause();
    });
    socket.on('drain', () => socket.resume());
    socket.on('end', () => socket.end());
  },
  drain(peer) {
    read(peer);
    peer.socket.on('end', () => peer.socket.end());
  },
  silent(peer) {
    read(peer);
  },
  unread() {
    // Paused; `resume` makes it drain.
  },
  greet(peer, bytes) {
    peer.socket.end(pattern(bytes));
  },
  reset(peer) {
    peer.socket.once('data', () => peer.socket.resetAndDestroy());
  },
  cutShort(peer, bytes) {
    peer.socket.write(pattern(bytes), () => peer.socket.resetAndDestroy());
  },
  refuse(peer) {
    peer.socket.resetAndDestroy();
  },
};

async function serve(args: ServeArgs): Promise<{ server: number; port: number }> {
  const peers: Peer[] = [];
  const pauseOnConnect = args.behaviour === 'unread';
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect }, (socket) => {
    const peer = watch(socket);
    peers.push(peer);
    established(peer);
    BEHAVIOURS[args.behaviour](peer, args.bytes ?? 0);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const { host = site.peer[4], port: wanted = 0, backlog = 4096 } = args;
    server.listen({ host, port: wanted, backlog, exclusive: true }, resolve);
  });
  services.push({ server, peers });
  return { server: services.length - 1, port: (server.address() as AddressInfo).port };
}

function dialOne(args: DialArgs): void {
  const { host = site.own[4], bytes = 0, then = 'end' } = args;
  const socket = connect({ host, port: args.port, allowHalfOpen: true, noDelay: true, autoSelectFamily: false });
  const peer = watch(socket);
  dials.push(peer);
  if (args.read === false) socket.pause();
  else read(peer);
  // Once the other end has ended there is nothing to wait for.
  if (then !== 'keep') socket.on('end', () => socket.end());
  socket.on('connect', () => {
    established(peer);
    const finish = (): void => {
      if (then === 'end') socket.end();
      if (then === 'reset') socket.resetAndDestroy();
    };
    if (bytes > 0) socket.write(pattern(bytes), finish);
    else finish();
  });
}

function act(id: number, what: Act, bytes = 0): void {
  const peer = dials[id]!;
  if (what === 'end') peer.socket.end();
  if (what === 'reset') peer.socket.resetAndDestroy();
  if (what === 'send') peer.socket.write(pattern(bytes));
  if (what === 'resume') {
    read(peer);
    peer.socket.resume();
  }
}

function recordOf(peer: Peer): PeerRecord {
  const { socket, hash, ...known } = peer;
  return { ...known, sentBytes: socket.bytesWritten - socket.writableLength, digest: hash.copy().digest('hex') };
}

function drop(service: Service): void {
  service.server.close();
  for (const peer of service.peers) peer.socket.destroy();
}

type Handler = (...args: never[]) => unknown;

const handlers: Record<keyof PeerCalls, Handler> = {
  serve,
  accepted: (server: number) => services[server]!.peers.map(recordOf),
  resume: (server: number) => {
    for (const peer of services[server]!.peers) {
      BEHAVIOURS.drain(peer, 0);
      peer.socket.resume();
    }
  },
  unserve: (server: number) => drop(services[server]!),
  dial: (args: DialArgs) => {
    const first = dials.length;
    for (let i = 0; i < (args.count ?? 1); i++) dialOne(args);
    return first;
  },
  dialled: (id: number, count = 1) => dials.slice(id, id + count).map(recordOf),
  act,
  clear: () => {
    services.forEach(drop);
    for (const peer of dials) peer.socket.destroy();
  },
  block: () => {
    setImmediate(() => Atomics.wait(gate, 0, 0));
  },
};

function answer(message: unknown): void {
  port.postMessage(message);
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
}

port.on('message', ({ call, args }: { call: keyof PeerCalls; args: never[] }) => {
  void (async () => {
    try {
      answer({ result: await handlers[call](...args) });
    } catch (error) {
      answer({ error: String(error) });
    }
  })();
});
port.postMessage('ready');
