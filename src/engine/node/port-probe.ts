import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { listenError } from '../listen-error.ts';

/**
 * Rejects with `EngineError` (EADDRINUSE, EACCES …) where a server could not have the port to itself.
 *
 * Listeners that share a port by SO_REUSEPORT also share it, silently, with those of another server that the same user runs.
 * A socket without that option meets every listener as the owner of the port. It has SO_REUSEADDR, which node sets on Unix: what
 * an earlier server left in TIME_WAIT does not count. `host` null is every address of both families.
 */
export async function requireFreePort(host: string | null, port: number): Promise<void> {
  let error = await tryListen(host ?? '::', port);
  if (host === null && (error?.code === 'EAFNOSUPPORT' || error?.code === 'EADDRNOTAVAIL')) {
    error = await tryListen('0.0.0.0', port);
  }
  if (error !== null) throw listenError(host, port, error.code ?? 'EIO', { cause: error });
}

async function tryListen(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
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
