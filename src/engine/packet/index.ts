import { RunError } from '../../units/run-error.ts';
import type { EngineModule } from '../seam/module.ts';
import { requirePacket } from './support.ts';

function lacking(): never {
  throw new RunError('ENOSYS', 'the packet engine is not complete yet', 'choose another --engine');
}

/** TCP of its own over AF_XDP, on one interface. Pings have kernel sockets. */
export const engine: EngineModule = {
  requireSupport: requirePacket,
  attach: async (request) => (await import('./attach.ts')).attach(request),
  createClient: async () => lacking(),
  createServer: async () => lacking(),
  // Listeners share an interface, and each has receive queues of its own.
  canSharePort: async () => true,
};
