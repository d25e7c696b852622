import { readFileSync } from 'node:fs';

/** The text of a file under /proc or /sys without its last newline; undefined where it is missing or may not be read. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}

/** The value of a sysctl in its dotted name, e.g. `net.ipv4.tcp_tw_reuse`. */
export function readSysctl(key: string): string | undefined {
  return readProc(`/proc/sys/${key.replaceAll('.', '/')}`);
}

/** A sysctl that is one number. */
export function readSysctlNumber(key: string): number | undefined {
  const text = readSysctl(key);
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
}

/** The kernel's range for ports it chooses, inclusive (ip(7), ip_local_port_range). */
export function localPortRange(): { first: number; last: number } {
  const [first, last] = (readSysctl('net.ipv4.ip_local_port_range') ?? '').split(/\s+/).map(Number);
  return first !== undefined && last !== undefined && last >= first ? { first, last } : { first: 32768, last: 60999 };
}

/** Ports that the administrator keeps from automatic use (`8080,9000-9010`). */
export function reservedPorts(): ReadonlySet<number> {
  const reserved = new Set<number>();
  for (const part of (readSysctl('net.ipv4.ip_local_reserved_ports') ?? '').split(',')) {
    const [first, last = first] = part.split('-').map(Number);
    if (part === '' || first === undefined || last === undefined) continue;
    for (let port = first; port <= last; port++) reserved.add(port);
  }
  return reserved;
}

/** TIME_WAIT on Linux: TCP_TIMEWAIT_LEN, not tunable. */
export const TIME_WAIT_NS = 60e9;

/**
 * How long after its close a 4-tuple in TIME_WAIT can be used again for a connection to `address`: where tcp_tw_reuse
 * applies, tcp_tw_reuse_delay (Linux 6.14, in ms) or the one to two seconds of earlier kernels; elsewhere 60 s.
 */
export function reuseDelayNs(address: string): number {
  const reuse = readSysctlNumber('net.ipv4.tcp_tw_reuse') ?? 0;
  const timestamps = readSysctlNumber('net.ipv4.tcp_timestamps') ?? 0;
  const loopback = address.startsWith('127.') || address === '::1';
  if (timestamps === 0 || !(reuse === 1 || (reuse === 2 && loopback))) return TIME_WAIT_NS;
  const delayMs = readSysctlNumber('net.ipv4.tcp_tw_reuse_delay');
  return delayMs === undefined ? 2e9 : delayMs * 1e6;
}
