import { readProc, readSysctlNumber, type ReadFile } from '../proc.ts';

/** The bit of CAP_NET_BIND_SERVICE in a set of capabilities (linux/capability.h). */
const CAP_NET_BIND_SERVICE = 1n << 10n;
/** The bit of CAP_SYS_RESOURCE. */
const CAP_SYS_RESOURCE = 1n << 24n;

/** Whether a process may bind privileged ports, by its /proc/PID/status (proc(5), capabilities(7)). */
export function mayBindAnyPort(status: string): boolean {
  return hasCapability(status, CAP_NET_BIND_SERVICE);
}

function hasCapability(status: string, capability: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && (BigInt(`0x${effective}`) & capability) !== 0n;
}

/** What a command that changes this machine needs. */
export interface Privilege {
  readonly isRoot: boolean;
  /** A limit of open files beyond the hard one (setrlimit(2)); root in a container most often may not. */
  readonly mayRaiseLimits: boolean;
}

/** What this process may do. Everything where it cannot be read: a hint then leaves out the sudo. */
export function readPrivilege(read: ReadFile = readProc): Privilege {
  const status = read('/proc/self/status');
  if (status === undefined) return { isRoot: true, mayRaiseLimits: true };
  return {
    isRoot: /^Uid:\s*\d+\s+0\s/m.test(status),
    mayRaiseLimits: hasCapability(status, CAP_SYS_RESOURCE),
  };
}

/** The bit of CAP_IPC_LOCK. */
const CAP_IPC_LOCK = 1n << 14n;

/** Whether the limit of locked memory (RLIMIT_MEMLOCK) does not bind this process, or it may raise it. True where that cannot be read. */
export function mayLockMemory(read: ReadFile = readProc): boolean {
  const status = read('/proc/self/status');
  return status === undefined || hasCapability(status, CAP_IPC_LOCK) || hasCapability(status, CAP_SYS_RESOURCE);
}

/** What AF_XDP sockets and XDP programs need, by bit (linux/capability.h); CAP_BPF is there since Linux 5.8, before it CAP_SYS_ADMIN. */
const PACKET_CAPABILITIES: readonly [name: string, bit: bigint][] = [
  ['CAP_NET_ADMIN', 12n],
  ['CAP_NET_RAW', 13n],
  ['CAP_BPF', 39n],
];
const CAP_SYS_ADMIN = 1n << 21n;

/** The capabilities that this process lacks for XDP; none where that cannot be read. */
export function missingPacketCapabilities(read: ReadFile = readProc): string[] {
  const status = read('/proc/self/status');
  if (status === undefined) return [];
  return PACKET_CAPABILITIES.filter(
    ([name, bit]) => !hasCapability(status, 1n << bit) && !(name === 'CAP_BPF' && hasCapability(status, CAP_SYS_ADMIN)),
  ).map(([name]) => name);
}

/** The lowest port that this process may bind (ip(7), ip_unprivileged_port_start); 0 where nothing is known to forbid it. */
export function lowestPort(): number {
  const status = readProc('/proc/self/status');
  if (status === undefined || mayBindAnyPort(status)) return 0;
  return readSysctlNumber('net.ipv4.ip_unprivileged_port_start') ?? 0;
}
