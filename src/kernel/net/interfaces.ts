/**
 * The interfaces of the network namespace that this process is in, as /sys and Node.js list them. `readLinks` says more about them, but
 * needs koffi.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** Flags of an interface (linux/if.h). */
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;

const CLASS_NET = '/sys/class/net';

export interface Interface {
  readonly name: string;
  readonly isUp: boolean;
  readonly isLoopback: boolean;
  /** Something is at its other end. Without that Node.js does not tell its addresses. */
  readonly hasCarrier: boolean;
  /** Its receive queues; null where /sys does not say. */
  readonly queues: number | null;
  readonly addresses: readonly { readonly address: string; readonly family: 4 | 6; readonly prefixLength: number }[];
}

/** All interfaces, those without an address and those that are down included. */
export function readInterfaces(): Interface[] {
  return interfaceNames().map((name) => {
    const flags = flagsOf(name);
    return {
      name,
      // What /sys does not tell is tried.
      isUp: flags === null || (flags & IFF_UP) !== 0,
      isLoopback: flags === null ? name === 'lo' : (flags & IFF_LOOPBACK) !== 0,
      hasCarrier: hasCarrier(name),
      queues: queuesOf(name),
      addresses: addressesOf(name),
    };
  });
}

/** /proc/net is of this namespace, whatever /sys is mounted here. */
function interfaceNames(): string[] {
  try {
    const lines = readFileSync('/proc/self/net/dev', 'latin1').split('\n').slice(2);
    return lines.flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []).sort();
  } catch {
    return Object.keys(networkInterfaces());
  }
}

function flagsOf(name: string): number | null {
  try {
    return Number(readFileSync(`${CLASS_NET}/${name}/flags`, 'latin1').trim());
  } catch {
    return null;
  }
}

/** The file of an interface that is down cannot be read; what is not told is taken to be there. */
function hasCarrier(name: string): boolean {
  try {
    return readFileSync(`${CLASS_NET}/${name}/carrier`, 'latin1').trim() !== '0';
  } catch {
    return true;
  }
}

function queuesOf(name: string): number | null {
  try {
    const queues = readdirSync(`${CLASS_NET}/${name}/queues`).filter((queue) => queue.startsWith('rx-'));
    return queues.length === 0 ? null : queues.length;
  } catch {
    return null;
  }
}

function addressesOf(name: string): Interface['addresses'] {
  return (networkInterfaces()[name] ?? []).map(({ address, family, cidr }) => ({
    address,
    family: family === 'IPv4' ? 4 : 6,
    prefixLength: Number(cidr?.split('/')[1] ?? (family === 'IPv4' ? 32 : 128)),
  }));
}
