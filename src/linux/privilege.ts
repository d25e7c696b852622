import { readProc, readSysctlNumber } from './proc.ts';

/** The bit of CAP_NET_BIND_SERVICE in a set of capabilities (linux/capability.h). */
const CAP_NET_BIND_SERVICE = 1n << 10n;

/** Whether a process may bind privileged ports, by its /proc/PID/status (proc(5), capabilities(7)). */
export function mayBindAnyPort(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && (BigInt(`0x${effective}`) & CAP_NET_BIND_SERVICE) !== 0n;
}

/** The lowest port that this process may bind (ip(7), ip_unprivileged_port_start); 0 where nothing is known to forbid it. */
export function lowestPort(): number {
  const status = readProc('/proc/self/status');
  if (status === undefined || mayBindAnyPort(status)) return 0;
  return readSysctlNumber('net.ipv4.ip_unprivileged_port_start') ?? 0;
}
