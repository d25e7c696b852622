import type { DatagramEcho, DatagramEchoOptions } from '../seam/datagram-echo.ts';
import type { EngineModule } from '../seam/module.ts';
import { requireLibc } from '../sockets/require-libc.ts';

/** An echo of datagrams through libc, for each engine that uses libc: an echo has nothing to wait for but the next datagram. */
export async function createDatagramEcho(options: DatagramEchoOptions): Promise<DatagramEcho> {
  return new (await import('./datagram-echo.ts')).BlockingDatagramEcho(options);
}

/** Sockets that block, the baseline of round trips: a thread sends, and sleeps in the kernel until the reply is there. */
export const engine: EngineModule = {
  requireSupport: () => void requireLibc(),
  createPing: async (options) => new (await import('./ping.ts')).BlockingPingEngine(options),
  createDatagramEcho,
};
