/** Where the two ends of a conformance test are: both on loopback, or at the ends of a veth pair. */
import { networkInterfaces } from 'node:os';
import { openSync, closeSync } from 'node:fs';
import { loadLibc } from '../../../src/kernel/libc.ts';

/** CLONE_NEWNET of linux/sched.h: the descriptor must be that of a network namespace. */
const CLONE_NEWNET = 0x40000000;

export interface Addresses {
  readonly 4: string;
  readonly 6: string;
}

/** Plain data: it crosses to threads and processes. */
export interface Site {
  /** Where the peers of a test are, and their listeners. */
  readonly peer: Addresses;
  /** Where the engine under test listens, and what it connects from where a test does not name a source. */
  readonly own: Addresses;
  /** The network of 256 IPv4 addresses, without its last number, from which tests take sources of their own. */
  readonly sourceNet: string;
  /** For an engine that works on one. */
  readonly interfaceName: string | null;
  /** The file of the peers' network namespace (ip-netns(8)); null: the one of this process. */
  readonly peerNamespace: string | null;
  /** Why IPv6 cannot be tested here. */
  readonly noIpv6: string | false;
  /** Why sources of a test's own cannot be had here. */
  readonly noSources: string | false;
}

/** Ports of an engine on addresses that the kernel has too, below those that it takes by itself; answers to others go to the kernel. */
export const PORTS = { first: 10_000, last: 32_000 };

function loopback(): Site {
  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
  const byte = (): number => 1 + Math.floor(Math.random() * 250);
  return {
    peer: { 4: '127.0.0.1', 6: '::1' },
    own: { 4: '127.0.0.1', 6: '::1' },
    sourceNet: `127.${byte()}.${byte()}.`,
    interfaceName: null,
    peerNamespace: null,
    noIpv6: hasIpv6 ? false : 'needs ::1 on the loopback interface',
    noSources: process.platform === 'linux' ? false : 'needs all of 127.0.0.0/8 on the loopback interface (Linux)',
  };
}

export const LOOPBACK: Site = loopback();

const HOSTS = 250;
let lastHost = Math.floor(Math.random() * HOSTS);

/** A source address that is another each time, and a port below the ephemeral range; no one else is likely to use them. */
export function privateSource(site: Site): { address: string; port: number } {
  lastHost = (lastHost + 1) % HOSTS;
  const host = 1 + lastHost;
  return { address: `${site.sourceNet}${host}`, port: 10_000 + Math.floor(Math.random() * 20_000) };
}

/** Sockets that this thread opens from now on are of that network namespace (setns(2)). */
export function enterNamespace(file: string): void {
  const libc = loadLibc();
  const fd = openSync(file, 'r');
  const answer = libc.setns(fd, CLONE_NEWNET);
  const errno = libc.errno();
  closeSync(fd);
  if (answer !== 0) throw new Error(`setns to ${file}: errno ${errno}`);
}
