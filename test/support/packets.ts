/** Counts of the packet engine, for tests of what is made of them. */
import type { PacketEvidence } from '../../src/document/packet-evidence.ts';
import { packetCounts } from '../../src/judge/packet-evidence.ts';

/** A round in which these counts moved, by their paths; a thousand packets each way if nothing else is said. */
export function packetEvidence(moved: Readonly<Record<string, number>> = {}): PacketEvidence {
  const counts = packetCounts(new Map(), new Map(Object.entries({ sent: 1000, received: 1000, ...moved })));
  return { ...counts, intervals: [] };
}
