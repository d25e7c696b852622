import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * A TCP port that is free on 127.0.0.1 at the moment, below the kernel's own range (ip_local_port_range, from 32768).
 *
 * Port 0 would take one from that range, and a suite that opens connections by the thousand leaves TIME_WAIT on all of it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** The code of the error that a connection to the port meets; undefined where it is accepted. */
export function dialError(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}
