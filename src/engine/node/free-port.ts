import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { outsidePorts } from '../../kernel/net/outside-ports.ts';
import { listenError } from '../sockets/listen-error.ts';

/**
 * The port for a server that wants `port`: that one, or 0, which has the kernel choose. After a large run of connections on
 * this machine every port that it may choose can be in TIME_WAIT; then one outside of its range (ip_local_port_range).
 * Rejects with `RunError` (EADDRINUSE, EACCES …) where there is none that the server could have to itself.
 *
 * Listeners that share a port by SO_REUSEPORT also share it, silently, with those of another server that the same user runs.
 * A socket without that option meets every listener as the owner of the port. It has SO_REUSEADDR, which node sets on Unix: what
 * an earlier server left in TIME_WAIT does not count. `host` null is every address of both families.
 */
export async function choosePort(host: string | null, port: number): Promise<number> {
  const error = await tryListen(host, port);
  if (error === null) return port;
  const chosen = port === 0 && error.code === 'EADDRINUSE' ? await portOutside(host) : null;
  if (chosen === null) throw listenError(host, port, error.code ?? 'EIO', { cause: error });
  return chosen;
}

async function portOutside(host: string | null): Promise<number | null> {
  for (const port of outsidePorts()) {
    if ((await tryListen(host, port)) === null) return port;
  }
  return null;
}

/** The error that a server meets there, or null. */
async function tryListen(host: string | null, port: number): Promise<NodeJS.ErrnoException | null> {
  const error = await listenOnce(host ?? '::', port);
  const isFamilyMissing = error?.code === 'EAFNOSUPPORT' || error?.code === 'EADDRNOTAVAIL';
  return host === null && isFamilyMissing ? listenOnce('0.0.0.0', port) : error;
}

async function listenOnce(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  const server = createServer((socket) => socket.destroy());
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true, backlog: 1 }, () => resolve(null));
  });
  if (error === null) await close(server);
  return error;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/**
 * Rejects with `RunError` where the UDP port is taken, also by sockets that share it: a socket without SO_REUSEPORT
 * cannot bind such a port.
 */
export async function requireFreeDatagramPort(host: string | null, port: number): Promise<void> {
  let error = await tryBind(host === null || host.includes(':') ? 'udp6' : 'udp4', host ?? '::', port);
  if (host === null && (error?.code === 'EAFNOSUPPORT' || error?.code === 'EADDRNOTAVAIL')) {
    error = await tryBind('udp4', '0.0.0.0', port);
  }
  if (error !== null) throw listenError(host, port, error.code ?? 'EIO', { cause: error });
}

async function tryBind(type: 'udp4' | 'udp6', address: string, port: number): Promise<NodeJS.ErrnoException | null> {
  const socket = createSocket(type);
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    socket.once('error', resolve);
    socket.bind({ address, port, exclusive: true }, () => resolve(null));
  });
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return error;
}
