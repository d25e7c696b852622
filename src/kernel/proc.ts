import { readFileSync } from 'node:fs';

/** The text of a file under /proc or /sys without its last newline; undefined where it is missing or may not be read. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}

/** How files of /proc and /sys are read: `readProc`, or what stands in for another machine. */
export type ReadFile = typeof readProc;

/** The value of a sysctl in its dotted name, e.g. `net.ipv4.tcp_tw_reuse`. */
export function readSysctl(key: string, read: ReadFile = readProc): string | undefined {
  return read(`/proc/sys/${key.replaceAll('.', '/')}`);
}

/** A sysctl that is one number. */
export function readSysctlNumber(key: string, read: ReadFile = readProc): number | undefined {
  const text = readSysctl(key, read);
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Linux's default, for where the range cannot be read. */
export const DEFAULT_PORT_RANGE: PortRange = { first: 32768, last: 60999 };

/** The kernel's range for ports it chooses, inclusive (ip(7), ip_local_port_range); undefined where it cannot be read. */
export function readLocalPortRange(read: ReadFile = readProc): PortRange | undefined {
  const [first, last] = (readSysctl('net.ipv4.ip_local_port_range', read) ?? '').split(/\s+/).map(Number);
  return first !== undefined && last !== undefined && last >= first ? { first, last } : undefined;
}

/** The same, with Linux's default where it cannot be read. */
export function localPortRange(): PortRange {
  return readLocalPortRange() ?? DEFAULT_PORT_RANGE;
}

/** Ports that the administrator keeps from automatic use (`8080,9000-9010`). */
export function reservedPorts(read: ReadFile = readProc): ReadonlySet<number> {
  const reserved = new Set<number>();
  for (const part of (readSysctl('net.ipv4.ip_local_reserved_ports', read) ?? '').split(',')) {
    const [first, last = first] = part.split('-').map(Number);
    if (part === '' || first === undefined || last === undefined) continue;
    for (let port = first; port <= last; port++) reserved.add(port);
  }
  return reserved;
}

/** TIME_WAIT on Linux: TCP_TIMEWAIT_LEN, not tunable. */
export const TIME_WAIT_NS = 60e9;

/**
 * How long after its close a 4-tuple in TIME_WAIT is used again for a connection to `address`: where tcp_tw_reuse applies,
 * tcp_tw_reuse_delay (Linux 6.14, in ms) or the one to two seconds of earlier kernels; elsewhere 60 s.
 *
 * That is what the administrator has agreed to, not what the kernel enforces: a port that was bound by the program passes a
 * TIME_WAIT immediately if both ends had timestamps (tcp_twsk_unique), whatever tcp_tw_reuse says. But a firewall or a NAT on the
 * way may still know the old connection, and drop what looks like a part of it: that would be counted as the target's failure.
 */
export function reuseDelayNs(address: string, read: ReadFile = readProc): number {
  const reuse = readSysctlNumber('net.ipv4.tcp_tw_reuse', read) ?? 0;
  const timestamps = readSysctlNumber('net.ipv4.tcp_timestamps', read) ?? 0;
  const loopback = isLoopback(address);
  if (timestamps === 0 || !(reuse === 1 || (reuse === 2 && loopback))) return TIME_WAIT_NS;
  return reuseDelayWhereAllowedNs(read);
}

/** What `reuseDelayNs` is where tcp_tw_reuse applies. */
export function reuseDelayWhereAllowedNs(read: ReadFile = readProc): number {
  const delayMs = readSysctlNumber('net.ipv4.tcp_tw_reuse_delay', read);
  return delayMs === undefined ? 2e9 : delayMs * 1e6;
}

/** Whether an address is one of the loopback device. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
