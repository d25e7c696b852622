/** What a server's kernel will cut short, told at its start. What somaxconn cuts off the backlog the server says itself. */
import { readSysctlNumber, readProc, type ReadFile } from '../kernel/proc.ts';
import { loadSettings } from '../kernel/settings.ts';
import { formatCount } from '../units/format.ts';
import type { ServerPlan } from '../plan/plan.ts';

/** A limit of fewer connections than this is a surprise for a user who did not ask for it. */
const FEW_CONNECTIONS = 1000;
/** Half-open connections of unknown peers may fill this share of tcp_max_syn_backlog (tcp_conn_request). */
const SYN_SHARE = 0.75;

/** A line for each limit that is lower than what the plan asks for. `isLimitGiven`: `--max-connections` was. */
export function serverStartWarnings(plan: ServerPlan, isLimitGiven: boolean, read: ReadFile = readProc): string[] {
  // Connections of an engine that works on an interface are neither files nor half-open sockets of the kernel.
  if (plan.packet !== null) return [];
  return [...openFiles(plan, isLimitGiven), ...synBacklog(plan, read)];
}

function openFiles({ maxConnections }: ServerPlan, isLimitGiven: boolean): string[] {
  if (isLimitGiven || maxConnections >= FEW_CONNECTIONS) return [];
  return [
    `open_files: the limit of open files leaves room for ${formatCount(maxConnections)} connections at the same time; more are rejected. Fix: ulimit -n 65536`,
  ];
}

/** Applies without SYN cookies only: with them the backlog alone counts. */
function synBacklog({ backlog, packet }: ServerPlan, read: ReadFile): string[] {
  // The kernel takes none of its connections.
  if (packet !== null) return [];
  const key = 'net.ipv4.tcp_max_syn_backlog';
  const limit = readSysctlNumber(key, read);
  const somaxconn = readSysctlNumber('net.core.somaxconn', read);
  if (readSysctlNumber('net.ipv4.tcp_syncookies', read) !== 0 || limit === undefined || somaxconn === undefined)
    return [];
  const wanted = Math.ceil(Math.min(backlog, somaxconn) / SYN_SHARE);
  if (limit >= wanted) return [];
  const fix = Math.max(wanted, Number(loadSettings().get(key)?.value ?? 0));
  return [
    `tcp_max_syn_backlog: ${formatCount(limit)}, needs ${formatCount(wanted)} for the backlog, because SYN cookies are off. Fix: sysctl -w ${key}=${fix}`,
  ];
}
