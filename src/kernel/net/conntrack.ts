/** What connection tracking does in this network namespace (nf_conntrack, Documentation/networking/nf_conntrack-sysctl). */
import { readProc, readSysctlNumber, type ReadFile } from '../proc.ts';

export interface Conntrack {
  /** Connections in the table now, and how many it may hold. */
  readonly count: number;
  readonly max: number;
  /** How long a closed connection, and one that was reset, stays in the table. */
  readonly timeWaitNs: number;
  readonly closedNs: number;
  /**
   * Whether packets of this namespace pass it. The module alone tracks nothing: the kernel hooks it in where a rule of
   * nftables or iptables asks for it (Linux 4.10). What is in the table shows that it does; an empty table beside open
   * connections shows that it does not. Undefined where neither can be told.
   */
  readonly inPath: boolean | undefined;
}

const DEFAULT_TIME_WAIT_SEC = 120;
const DEFAULT_CLOSED_SEC = 10;

/** Null where the kernel has no connection tracking (loaded); undefined where it cannot be told. */
export function readConntrack(read: ReadFile = readProc): Conntrack | null | undefined {
  // Something that every Linux with IPv4 has: without it /proc/sys says nothing at all.
  if (readSysctlNumber('net.ipv4.tcp_timestamps', read) === undefined) return undefined;
  const count = readSysctlNumber('net.netfilter.nf_conntrack_count', read);
  const max = readSysctlNumber('net.netfilter.nf_conntrack_max', read);
  if (count === undefined && max === undefined) return null;
  if (count === undefined || max === undefined) return undefined;
  const timeoutSec = (state: string): number | undefined =>
    readSysctlNumber(`net.netfilter.nf_conntrack_tcp_timeout_${state}`, read);
  return {
    count,
    max,
    timeWaitNs: (timeoutSec('time_wait') ?? DEFAULT_TIME_WAIT_SEC) * 1e9,
    closedNs: (timeoutSec('close') ?? DEFAULT_CLOSED_SEC) * 1e9,
    inPath: count > 0 ? true : hasUntrackedConnections(read) ? false : undefined,
  };
}

/**
 * A tracked connection is in the table from its SYN until long after its end, so an empty table beside a TCP connection that
 * is open, or in TIME_WAIT, proves that none is tracked.
 */
function hasUntrackedConnections(read: ReadFile): boolean {
  const [names, values] = (read('/proc/net/snmp') ?? '').split('\n').filter((line) => line.startsWith('Tcp:'));
  const established = Number(values?.split(' ')[names?.split(' ').indexOf('CurrEstab') ?? -1]);
  const timeWaits = Number(/^TCP:.* tw (\d+)/m.exec(read('/proc/net/sockstat') ?? '')?.[1]);
  return established > 0 || timeWaits > 0;
}
