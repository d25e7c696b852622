/** Source ports, and what decides how soon one can be used again. */
import { DEFAULT_PORT_RANGE, TIME_WAIT_NS } from '../kernel/proc.ts';
import { demandOf } from '../plan/demand/demand.ts';
import { formatCount, formatCountOf, formatPerSec } from '../units/format.ts';
import { choosePorts, countPorts, formatRanges, leftToOthers } from '../plan/ports/source-ports.ts';
import { countSources } from '../plan/address/sources.ts';
import { atLeast, seconds, unknown, type CheckResult } from './check.ts';
import type { QuickFacts } from './facts.ts';
import {
  asRoot,
  pairsOf,
  portsPerPair,
  reasonOf,
  remembered,
  sysctlAtLeast,
  sysctlFix,
  type CheckRow,
  type Situation,
} from './situation.ts';

const REUSE = 'sysctl -w net.ipv4.tcp_timestamps=1 net.ipv4.tcp_tw_reuse=1';
const LOOPBACK_SOURCES_MAX = 65_536;

export const PORT_CHECKS: readonly CheckRow<QuickFacts>[] = [
  {
    id: 'source_ports',
    compares:
      'the ports of all sources with rate × (--hold + the time until a port is free again), over rounds, warm-ups and pauses',
    check: sourcePorts,
  },
  {
    id: 'ports_for_others',
    of: 'sockets',
    compares: 'the ports that the kernel can still give to other programs with an eighth of its range',
    check: portsForOthers,
  },
];

export const TIME_WAIT_CHECKS: readonly CheckRow[] = [
  {
    id: 'tcp_tw_reuse',
    of: 'sockets',
    compares: 'whether a port may be used again after 1 s, where the plan needs that',
    check: twReuse,
  },
  {
    id: 'tcp_timestamps',
    of: 'sockets',
    compares: 'whether TCP timestamps are on, where ports must be used again after 1 s',
    check: timestamps,
  },
  {
    id: 'tcp_max_tw_buckets',
    of: 'sockets',
    compares: 'the size of the TIME_WAIT table with the connections closed within 60 s',
    check: twBuckets,
  },
];

function sourcePorts(situation: Situation<QuickFacts>): CheckResult {
  const { plan, demand } = situation;
  const perPair = portsPerPair(situation);
  if (perPair === undefined) return unknown('The range of source ports (ip_local_port_range) cannot be read.');
  const value = perPair * pairsOf(plan);
  const { least, most } = demand.ports;
  const busyNs = busyForNs(situation);
  const pace = busyNs === 0 ? '' : `; sustainable: ${formatPerSec((value * 1e9) / busyNs)}`;
  const why = `${formatCountOf(perPair, 'port')} for each of ${sourcesText(countSources(plan.sources))}, ${restText(situation)}${pace}.`;
  if (least > value) return { status: 'problem', value, needed: least, why, fix: portsFix(situation, least, perPair) };
  if (demand.hasClosedLoop && busyNs > 0) {
    if (demand.attempts <= value) return { status: 'ok', value, needed: demand.attempts, why, fix: null };
    return { ...unknown(`${why} What --rate max will need cannot be told beforehand.`), value };
  }
  if (most > value) {
    const ifSlow = `Enough while the target answers immediately; if each connection took its --timeout it would be ${formatCount(most)}.`;
    const fix = portsFix(situation, most, perPair);
    return { status: 'warning', value, needed: most, why: `${why} ${ifSlow}`, fix };
  }
  return { status: 'ok', value, needed: least, why, fix: null };
}

/** How long a start keeps its port if the target answers immediately. */
function busyForNs({ plan, demand, facts }: Situation<QuickFacts>): number {
  return plan.holdNs + (demand.leavesTimeWait ? facts.reuseDelayNs : 0);
}

function sourcesText(sources: number): string {
  return sources > 1 ? `${formatCount(sources)} source addresses` : 'one source address';
}

function restText({ plan, demand, facts }: Situation<QuickFacts>): string {
  const hold = plan.holdNs > 0 ? `${seconds(plan.holdNs)} of --hold` : '';
  const rest = demand.leavesTimeWait ? `${seconds(facts.reuseDelayNs)} of TIME_WAIT` : '';
  const both = [hold, rest].filter((text) => text !== '').join(' and ');
  return both === '' ? 'each free again as soon as its connection ends' : `each free again after ${both}`;
}

/** The cures in order: what one line can do (more ports, reuse, addresses of loopback), then addresses that the user has to add. */
function portsFix(situation: Situation<QuickFacts>, needed: number, perPair: number): string {
  const { plan, facts, demand } = situation;
  const pairs = pairsOf(plan);
  const most = mostPorts(facts);
  if (perPair < most && most * pairs >= needed) return '--source-ports most';
  const withReuse = demandOf(plan, facts.reuseDelayWhereAllowedNs).ports.least;
  const wouldReuse = demand.leavesTimeWait && facts.reuseDelayNs === TIME_WAIT_NS;
  if (wouldReuse && withReuse <= perPair * pairs) return asRoot(REUSE, facts);
  if (wouldReuse && perPair < most && withReuse <= most * pairs) {
    return `${asRoot(REUSE, facts)}, then --source-ports most`;
  }
  const sources = Math.ceil(needed / perPair);
  if (plan.target.address.startsWith('127.') && sources <= LOOPBACK_SOURCES_MAX) {
    return `--source 127.0.0.1-127.0.${sources >> 8}.${sources & 255}`;
  }
  return `${formatCount(sources)} source addresses: ip addr add ADDRESS dev DEVICE for each, then --source FIRST-LAST`;
}

/** What `--source-ports most` gives each source address. */
function mostPorts({ localPorts = DEFAULT_PORT_RANGE, reservedPorts }: QuickFacts): number {
  const ports = choosePorts({ kind: 'most' }, { localPorts, reservedPorts }, { least: 0, most: 0 }, null);
  return ports.kind === 'own' ? countPorts(ports.ranges) : 0;
}

/** What a run takes of the ports that the kernel gives to other programs: less than this part of them is too little. */
const PART_FOR_OTHERS = 1 / 8;

function portsForOthers({ plan, demand, facts }: Situation<QuickFacts>): CheckResult {
  const { localPorts, reservedPorts } = facts;
  if (localPorts === undefined) return unknown("The system's range of ports (ip_local_port_range) cannot be read.");
  const { left, of } = leftToOthers(plan.sourcePorts, { localPorts, reservedPorts });
  const theirs = `the ${formatCount(of)} ports that the kernel gives to other programs (${formatRanges([localPorts])})`;
  const needed = Math.ceil(of * PART_FOR_OTHERS);
  if (left === of) {
    const why =
      plan.sourcePorts.kind === 'kernel'
        ? `The kernel chooses from ${theirs}; they can connect from the same ports to other targets.`
        : `The plan takes none of ${theirs}.`;
    return { status: 'ok', value: of, needed, why, fix: null };
  }
  const inUse = demand.hasClosedLoop ? Infinity : demand.ports.most;
  const taken = Math.min(of - left, inUse);
  const why = `The plan can take ${formatCount(taken)} of ${theirs}; they cannot use these before the end of TIME_WAIT.`;
  return atLeast(of - taken, needed, 'warning', why, 'leave out --source-ports');
}

/** Whether what is here is enough, as far as it can be told. */
function hasEnoughPorts(situation: Situation): boolean {
  const perPair = portsPerPair(situation);
  return perPair === undefined || situation.demand.ports.least <= perPair * pairsOf(situation.plan);
}

function twReuse(situation: Situation): CheckResult {
  const { facts, demand } = situation;
  const key = 'net.ipv4.tcp_tw_reuse';
  const value = facts.sysctl(key);
  if (value === undefined) return unknown(`${key} cannot be read; conngen lets a port rest for 60 s then.`);
  const fine = (why: string): CheckResult => ({ status: 'ok', value, needed: null, why, fix: null });
  if (!demand.leavesTimeWait)
    return fine('Nothing rests in TIME_WAIT on this side: the other one closes first, or a RST ends it.');
  if (facts.reuseDelayNs < TIME_WAIT_NS) {
    return fine(`It applies to this target: a port may be used again ${seconds(facts.reuseDelayNs)} after its close.`);
  }
  if (hasEnoughPorts(situation) && !demand.hasClosedLoop) {
    return fine('Not needed: there are enough source ports with 60 s of TIME_WAIT.');
  }
  if (value === 1) return fine('It is on, but does nothing without TCP timestamps.');
  return { status: 'warning', value, needed: 1, why: reasonOf(key, facts), fix: sysctlFix(key, 1, facts) };
}

function timestamps(situation: Situation): CheckResult {
  const { facts, demand } = situation;
  const key = 'net.ipv4.tcp_timestamps';
  const value = facts.sysctl(key);
  if (value === undefined) return unknown(`${key} cannot be read.`);
  if (!demand.leavesTimeWait || (hasEnoughPorts(situation) && !demand.hasClosedLoop)) {
    return {
      status: 'ok',
      value,
      needed: null,
      why: 'No port has to be used again before its TIME_WAIT is over.',
      fix: null,
    };
  }
  return sysctlAtLeast(key, { value, needed: 1 }, 'Ports in TIME_WAIT have to be used again.', facts);
}

function twBuckets(situation: Situation): CheckResult {
  const { plan, facts, demand } = situation;
  const key = 'net.ipv4.tcp_max_tw_buckets';
  const value = facts.sysctl(key);
  if (value === undefined) return unknown(`${key} cannot be read.`);
  const isHere = demand.leavesTimeWait || (facts.isTargetLocal && plan.close === 'fin');
  if (!isHere) {
    return { status: 'ok', value, needed: null, why: 'This machine has no TIME_WAITs from this plan.', fix: null };
  }
  const needed = remembered(situation, TIME_WAIT_NS);
  return sysctlAtLeast(key, { value, needed }, 'Connections that were closed less than 60 s ago.', facts);
}
