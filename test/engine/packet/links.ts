import { createCounters } from '../../../src/engine/packet/packet-counters.ts';
import type { AddressRun, PacketLink } from '../../../src/engine/seam/link.ts';
import { addressBytes, macBytes } from './packets.ts';

/** The link-layer addresses of the two ends of a wire. */
export const MACS = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'] as const;

/** `count` addresses from `first` on. */
export function runOf(first: string, count = 1, isKernels = false): AddressRun {
  const bytes = addressBytes(first);
  const view = new DataView(bytes.buffer);
  if (bytes.length === 4) return { family: 4, high: 0n, low: BigInt(view.getUint32(0)), count, isKernels };
  return { family: 6, high: view.getBigUint64(0), low: view.getBigUint64(8), count, isKernels };
}

/** What a thread at one end of a wire has of its interface. */
export function linkOf(end: 0 | 1, given: Partial<PacketLink> = {}): PacketLink {
  return {
    interfaceName: 'wire',
    ifindex: 1,
    driver: 'memory',
    mode: 'native',
    isZeroCopy: false,
    queues: 1,
    socketMapFd: -1,
    mtu: 1500,
    mac: macBytes(MACS[end]),
    nextHopMac: end === 0 ? macBytes(MACS[1]) : null,
    vlan: null,
    addresses: [],
    hasUnfinishedChecksums: false,
    counters: createCounters(1),
    workers: 1,
    worker: 0,
    ...given,
  };
}
