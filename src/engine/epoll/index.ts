import { createDatagramEcho } from '../blocking/index.ts';
import type { EngineModule } from '../seam/module.ts';
import { requireEpoll } from './support.ts';

/** epoll through libc. */
export const engine: EngineModule = {
  requireSupport: requireEpoll,
  createClient: async (options) => new (await import('./client.ts')).EpollClientEngine(options),
  createServer: async (options) => new (await import('./server.ts')).EpollServerEngine(options),
  createPing: async (options) => new (await import('./ping.ts')).EpollPingEngine(options),
  createDatagramEcho,
  canSharePort: async () => true,
};
