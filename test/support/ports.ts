import { once } from 'node:events';
import { createServer } from 'node:net';

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
