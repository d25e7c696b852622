import { createDatagramEcho } from '../blocking/index.ts';
import type { EngineModule } from '../seam/module.ts';
import { requireUring } from './support.ts';

/** io_uring through libc: a connection costs the fewest system calls. Linux 6.1 and later. */
export const engine: EngineModule = {
  requireSupport: requireUring,
  createClient: async (options) => new (await import('./client.ts')).UringClientEngine(options),
  createServer: async (options) => new (await import('./server.ts')).UringServerEngine(options),
  createPing: async (options) => new (await import('./ping.ts')).UringPingEngine(options),
  createDatagramEcho,
  canSharePort: async () => true,
};
