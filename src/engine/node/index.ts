import type { EngineModule } from '../seam/module.ts';

/** node:net and node:dgram: works on every system, and needs no native code. */
export const engine: EngineModule = {
  requireSupport: () => undefined,
  createClient: async (options) => new (await import('./client.ts')).NodeClientEngine(options),
  createServer: async (options) => new (await import('./server.ts')).NodeServerEngine(options),
  createPing: async (options) => new (await import('./ping.ts')).NodePingEngine(options),
  createDatagramEcho: async (options) => new (await import('./datagram-echo.ts')).NodeDatagramEcho(options),
  canSharePort: async () => (await import('./server.ts')).NodeServerEngine.supportsReusePort(),
};
