/** Queues and tables that packets and connections pass in the kernel. */
import { formatCount } from '../units/format.ts';
import { atLeast, unknown, type CheckResult } from './check.ts';
import type { QuickFacts } from './facts.ts';
import { remembered, sysctlAtLeast, sysctlFix, type CheckRow, type Situation } from './situation.ts';

export const CONNTRACK_CHECKS: readonly CheckRow<QuickFacts>[] = [
  {
    id: 'conntrack',
    of: 'sockets',
    compares:
      'the free places of the connection tracking table with rate × (--hold + 120 s), at most one for each 4-tuple',
    check: conntrack,
  },
];

export const QUEUE_CHECKS: readonly CheckRow[] = [
  {
    id: 'somaxconn',
    of: 'sockets',
    compares: 'the longest accept queue with the connections of 0.1 s, where the target is this machine',
    check: somaxconn,
  },
  {
    id: 'tcp_max_syn_backlog',
    of: 'sockets',
    compares: 'the SYN queue with the connections of 0.1 s, where the target is this machine and SYN cookies are off',
    check: synBacklog,
  },
  {
    id: 'netdev_max_backlog',
    of: 'sockets',
    compares: 'the queue of incoming packets with roughly the packets of 10 ms, where the target is this machine',
    check: netdevBacklog,
  },
];

/** A pause that a server, and a way to it, should get over without a dropped SYN. */
const PAUSE_SEC = 0.1;
/** A pause of a core that handles packets, and how many packets a connection is on loopback. */
const PACKET_PAUSE_SEC = 0.01;
const PACKETS_PER_CONNECTION = 10;

const AT_THE_TARGET = 'It matters where a server listens, and the target is another machine: run the doctor there too.';

/** Connections that arrive within a time; with `--rate max` at most those in flight. */
function arrivals({ plan, demand }: Situation, sec: number): number {
  const { ratePerSec } = demand;
  return Math.ceil(ratePerSec === null ? plan.maxInFlight : Math.min(ratePerSec * sec, Math.max(plan.maxInFlight, 1)));
}

function somaxconn(situation: Situation): CheckResult {
  const { facts } = situation;
  const key = 'net.core.somaxconn';
  const value = facts.sysctl(key);
  if (value === undefined) return unknown(`${key} cannot be read.`);
  if (!facts.isTargetLocal) return { status: 'ok', value, needed: null, why: AT_THE_TARGET, fix: null };
  const needed = arrivals(situation, PAUSE_SEC);
  return sysctlAtLeast(key, { value, needed }, 'Connections that come while the server pauses for 0.1 s.', facts);
}

/** With SYN cookies the listener's backlog counts, not this (tcp_conn_request in net/ipv4/tcp_input.c). */
function synBacklog(situation: Situation): CheckResult {
  const { facts } = situation;
  const key = 'net.ipv4.tcp_max_syn_backlog';
  const value = facts.sysctl(key);
  const cookies = facts.sysctl('net.ipv4.tcp_syncookies');
  if (value === undefined || cookies === undefined) return unknown(`${key} or tcp_syncookies cannot be read.`);
  const fine = (why: string): CheckResult => ({ status: 'ok', value, needed: null, why, fix: null });
  if (!facts.isTargetLocal) return fine(AT_THE_TARGET);
  if (cookies > 0)
    return fine(`SYN cookies are on (tcp_syncookies = ${cookies}), so only the listener's backlog counts.`);
  const needed = Math.ceil(arrivals(situation, PAUSE_SEC) / 0.75);
  return sysctlAtLeast(key, { value, needed }, 'SYN cookies are off, so the handshakes of 0.1 s have to fit.', facts);
}

function netdevBacklog(situation: Situation): CheckResult {
  const { facts, demand } = situation;
  const key = 'net.core.netdev_max_backlog';
  const value = facts.sysctl(key);
  if (value === undefined) return unknown(`${key} cannot be read: a network namespace does not show it.`);
  const drops = facts.backlogDrops ?? 0;
  const seen = drops > 0 ? ` ${formatCount(drops)} packets were dropped so since this machine started.` : '';
  if (!facts.isTargetLocal || demand.ratePerSec === null) {
    const why = facts.isTargetLocal
      ? 'What --rate max will need cannot be told beforehand.'
      : 'A network card with a queue of its own does not use it; loopback, most virtual devices and RPS do.';
    return { status: 'ok', value, needed: null, why: why + seen, fix: null };
  }
  const needed = Math.ceil(demand.ratePerSec * PACKETS_PER_CONNECTION * PACKET_PAUSE_SEC);
  const why = `Roughly the packets of 10 ms, ${PACKETS_PER_CONNECTION} for a connection.${seen}`;
  return sysctlAtLeast(key, { value, needed }, why, facts);
}

function conntrack(situation: Situation<QuickFacts>): CheckResult {
  const { plan, facts, demand } = situation;
  const table = facts.conntrack;
  if (table === undefined) return unknown('Whether this kernel tracks connections cannot be read.');
  if (table === null) {
    return {
      status: 'ok',
      value: 'none',
      needed: null,
      why: 'Connection tracking (nf_conntrack) is not loaded.',
      fix: null,
    };
  }
  const value = Math.max(0, table.max - table.count);
  if (table.inPath === false) {
    const why = 'It is loaded, but not in the path: its table is empty beside connections that are open.';
    return { status: 'ok', value, needed: null, why, fix: null };
  }
  const isReset = plan.close === 'rst' && !demand.leavesTimeWait;
  const keepNs = isReset ? table.closedNs : table.timeWaitNs;
  const needed = Math.max(1, remembered(situation, keepNs));
  const how = `a connection stays in its table for ${keepNs / 1e9} s after its end, and a full table drops new ones`;
  const fix = sysctlFix('net.netfilter.nf_conntrack_max', table.count + needed, facts);
  if (table.inPath === true) {
    const why = `Connection tracking is in the path (${formatCount(table.count)} in its table of ${formatCount(table.max)}): ${how}.`;
    return atLeast(value, needed, 'problem', why, fix);
  }
  const why = `Whether connection tracking is in the path cannot be told: it is loaded, and its table is empty. If it is, ${how}.`;
  return value >= needed
    ? { status: 'ok', value, needed, why, fix: null }
    : { status: 'unknown', value, needed, why, fix };
}
