import { loadLibc } from '../../kernel/libc.ts';
import { SERVER_PATIENCE_NS, type PacketLink } from '../seam/link.ts';
import type { EngineModule } from '../seam/module.ts';
import { requirePacket } from './support.ts';

/** What the run attached to the interface; every thread of this engine is given it. */
function linkOf({ link }: { readonly link?: PacketLink | undefined }): PacketLink {
  if (link === undefined) throw new Error('the packet engine has no link');
  return link;
}

/** TCP of its own over AF_XDP, on one interface. Pings have kernel sockets. */
export const engine: EngineModule = {
  requireSupport: requirePacket,
  attach: async (request) => (await import('./attach/attach.ts')).attach(request),
  createClient: async (options) => {
    const [{ PacketClientEngine }, { XskPort }] = await Promise.all([
      import('./client.ts'),
      import('./port/xsk-port.ts'),
    ]);
    return new PacketClientEngine(options, new XskPort(loadLibc(), linkOf(options), options.clock, 0));
  },
  createServer: async (options) => {
    const [{ PacketServerEngine }, { XskPort }] = await Promise.all([
      import('./server.ts'),
      import('./port/xsk-port.ts'),
    ]);
    return new PacketServerEngine(options, new XskPort(loadLibc(), linkOf(options), options.clock, SERVER_PATIENCE_NS));
  },
  // Listeners share an interface, and each has receive queues of its own.
  canSharePort: async () => true,
};
