/** What reports say of the engine of a run. */
import type { EngineSystem } from '../document/system.ts';
import { formatCountOf } from '../units/format.ts';

interface EngineParts {
  readonly engine: string;
  readonly packet?: EngineSystem['packet'] | undefined;
}

/** Returns the engine, and how it held its interface: `engine packet on eth0 (ixgbe, native, zero copy, 4 queues)`. */
export function engineText({ engine, packet }: EngineParts): string {
  if (packet === undefined) return `engine ${engine}`;
  const { driver, mode, zero_copy: isZeroCopy, queues } = packet;
  const how = [driver, mode, isZeroCopy ? 'zero copy' : 'copied', formatCountOf(queues, 'queue')];
  return `engine ${engine} on ${packet.interface} (${how.join(', ')})`;
}
