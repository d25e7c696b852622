/** What is looked for in a round, one function a finding. The reference page of findings is made from the table. */
import { formatCount, formatCountOf, formatLatency, formatPerSec, formatSeconds } from '../units/format.ts';
import { emptyResponses, errorStatuses, staysOpen } from './answer-finders.ts';
import { nothingHeld } from '../plan/exchange/finish.ts';
import { CORES_BUSY, coresBusyFinding } from './busy-cores.ts';
import type { RoundFacts } from './facts.ts';
import { EVERY_SECOND_SEC } from '../count/interval-series.ts';
import { PACKET_FINDERS, type PacketFacts } from './packet-finders.ts';
import { CLOCKS_APART, clocksApart } from './rules/agents.ts';
import { kernelValue } from './kernel-sentences.ts';
import type { KernelEvidence } from '../document/kernel-evidence.ts';
import { CONNECT_TIMEOUT, RESET } from '../document/outcome.ts';
import { CONNECT } from '../count/load.ts';
import type { Finding } from '../document/common.ts';
import type { IntervalResult } from '../document/client.ts';
import type { LoadTally } from '../count/load.ts';

type Finder = (facts: RoundFacts) => Finding | undefined;

/**
 * When a lost SYN is sent again, in seconds after the first: 1, 3, 7 as RFC 6298 has it; since Linux 6.5 at 1, 2, 3, 4
 * (net.ipv4.tcp_syn_linear_timeouts), 5 and 7. The SYN-ACK of the other side goes again at 1, 3 and 7.
 */
const RETRY_SEC = [1, 2, 3, 4, 5, 7] as const;
/** How closely connect times that a resent SYN explains follow it. */
const RETRY_BEFORE_NS = 20e6;
const RETRY_BEHIND_NS = 250e6;
const RETRY_MIN = 3;
const RETRY_SHARE = 0.0001;

/** Connect times gather where SYNs are sent again, or nothing answers at all, and this kernel did send SYNs again. */
const synDrops: Finder = (facts) => {
  const { tally, kernel, packet, timeoutNs, target, agents = [] } = facts;
  // The packet engine knows which SYNs it sent again: `syns_lost` says so.
  if (packet !== undefined || agents.some((agent) => agent.packet !== undefined)) return undefined;
  const resent = kernelValue(kernel, 'syn_retransmits');
  if (resent === 0) return undefined;
  const connect = tally.latency[CONNECT]!;
  const near = RETRY_SEC.map((sec) => connect.countBetween(sec * 1e9 - RETRY_BEFORE_NS, sec * 1e9 + RETRY_BEHIND_NS));
  const nearCount = near.reduce((sum, count) => sum + count, 0);
  const between = connect.countBetween(0.75e9, 8e9) - nearCount;
  const gathers =
    nearCount >= Math.max(RETRY_MIN, tally.established * RETRY_SHARE) && nearCount > 3 * Math.max(0, between);
  const timeouts = tally.outcomes[CONNECT_TIMEOUT]!;
  // Without the kernel's word, a timeout shows that nothing came back, but not what was sent.
  const unanswered = timeouts > 0 && resent !== undefined && timeoutNs >= 1e9;
  if (!gathers && !unanswered) return undefined;
  const what = [
    ...(gathers ? [`${formatCountOf(nearCount, 'connection')} took about 1, 2, 3 s or more to establish`] : []),
    ...(unanswered ? [`${formatCount(timeouts)} got no answer at all`] : []),
  ].join(' and ');
  const kernelSays = resent === undefined ? '' : ` (${kernelOf(facts)} sent ${formatCountOf(resent, 'SYN')} again)`;
  return {
    code: 'syn_drops_suspected',
    message: `SYNs towards ${target.label} or their answers were dropped: ${what}${kernelSays}; look for full listen queues, SYN limits and packet loss on the way.`,
    evidence: {
      near_retry: nearCount,
      near_1_sec: near[0]!,
      near_3_sec: near[2]!,
      near_7_sec: near[5]!,
      connect_timeouts: timeouts,
      ...(resent === undefined ? {} : { syn_retransmits: resent }),
    },
  };
};

/** An accept queue of this machine's overflowed. Of a client's round only where the target is this machine too. */
export function listenOverflowFinding(kernel: KernelEvidence | undefined): Finding | undefined {
  const overflows = kernelValue(kernel, 'listen_overflows') ?? 0;
  if (overflows === 0) return undefined;
  const drops = kernelValue(kernel, 'listen_drops');
  return {
    code: 'listen_queue_overflow',
    message: `The accept queue of a listener on this machine was full ${formatCount(overflows)} times, and this machine's kernel dropped the handshakes: it accepts too slowly or its backlog is too small (--backlog, net.core.somaxconn).`,
    evidence: { listen_overflows: overflows, ...(drops === undefined ? {} : { listen_drops: drops }) },
  };
}

/** Peers of a server that did not read their answers. */
export function slowReadersFinding(connections: number): Finding | undefined {
  if (connections === 0) return undefined;
  return {
    code: 'slow_readers',
    message: `${formatCountOf(connections, 'connection')} had to be closed before the answer was sent, because the peer did not read it: look at what the peer does with its answers.`,
    evidence: { connections },
  };
}

const listenOverflow: Finder = ({ kernel, target, agents }) =>
  target.isLocal && agents === undefined ? listenOverflowFinding(kernel) : undefined;

/** Whose counters the evidence is. */
function kernelOf({ agents }: RoundFacts): string {
  return agents === undefined ? "this machine's kernel" : "the agents' kernels";
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const icmpRejects: Finder = (facts) => {
  const { kernel, tally, target } = facts;
  const received = kernelValue(kernel, 'icmp_unreachable_received') ?? 0;
  if (received === 0 || received < tally.failed * 0.01) return undefined;
  return {
    code: 'icmp_rejects',
    message: `${capitalised(kernelOf(facts))} received ${formatCount(received)} ICMP messages "destination unreachable" while the round ran: something on the way to ${target.label} rejects packets; a refusal among the outcomes may be a firewall's (ICMP port unreachable) and not the target's.`,
    evidence: { icmp_unreachable_received: received },
  };
};

/** Latency that is this many times its floor has left it. */
const KNEE_FACTOR = 3;
/** Less than this is no queue that anyone would look for. */
const KNEE_MIN_NS = 1e6;
/** Medians of fewer connections are chance. */
const SAMPLES_MIN = 50;
const KNEE_INTERVALS_BEHIND = 3;

/** Medians leave the floor of the lower rates before, or of the seconds before, and do not come back. */
const latencyKnee: Finder = (facts) => kneeOverRounds(facts) ?? kneeOverIntervals(facts.intervals);

function hasLeft(valueNs: number, floorNs: number): boolean {
  return valueNs >= KNEE_FACTOR * floorNs && valueNs - floorNs >= KNEE_MIN_NS;
}

function kneeOverRounds({ earlier, offeredRatePerSec, tally }: RoundFacts): Finding | undefined {
  if (offeredRatePerSec === null || tally.ok < SAMPLES_MIN) return undefined;
  const p50 = totalP50(tally);
  const slower = earlier.flatMap(({ offeredRatePerSec: rate, totalP50Ns, ok, isValid }) =>
    isValid && rate !== null && rate < offeredRatePerSec && ok >= SAMPLES_MIN ? [{ rate, totalP50Ns }] : [],
  );
  if (slower.length === 0) return undefined;
  const floorNs = Math.min(...slower.map(({ totalP50Ns }) => totalP50Ns));
  if (!hasLeft(p50, floorNs)) return undefined;
  const below = Math.max(...slower.filter(({ totalP50Ns }) => !hasLeft(totalP50Ns, floorNs)).map(({ rate }) => rate));
  return {
    code: 'latency_knee',
    message: `The median total rose above its floor of ${formatLatency(floorNs)} between ${formatPerSec(below)} and ${formatPerSec(offeredRatePerSec)}, where it is ${formatLatency(p50)}: a queue builds up there; that is the knee, not the rate at which errors begin.`,
    evidence: { floor_p50_ns: floorNs, p50_ns: p50, below_per_sec: below, at_per_sec: offeredRatePerSec },
  };
}

function totalP50(tally: LoadTally): number {
  return tally.latencySummaries().total.p50;
}

function kneeOverIntervals(all: readonly IntervalResult[]): Finding | undefined {
  const intervals = all.filter(({ latency_ns: { total } }) => total.count >= SAMPLES_MIN);
  const medians = intervals.map(({ latency_ns: { total } }) => total.p50);
  const last = medians.findLastIndex((_, at) => at > 0 && !hasLeft(medians[at]!, floorOf(medians.slice(0, at))));
  // All seconds after `last` have left the floor of those before them.
  const from = last + 1;
  if (from < 2 || medians.length - from < KNEE_INTERVALS_BEHIND) return undefined;
  const floorNs = floorOf(medians.slice(0, from));
  const behind = medians.slice(from);
  if (!behind.every((value) => hasLeft(value, floorNs))) return undefined;
  const atSec = intervals[from]!.start_sec;
  const highest = Math.max(...behind);
  return {
    code: 'latency_knee',
    message: `From second ${atSec} on the median total rose above its floor of ${formatLatency(floorNs)} and stayed above, up to ${formatLatency(highest)}: a queue builds up that this rate does not let drain, or something broke then.`,
    evidence: { floor_p50_ns: floorNs, p50_ns: highest, at_sec: atSec },
  };
}

function floorOf(values: readonly number[]): number {
  return Math.min(...values);
}

/** A p99 that is this many times the usual one is a stall. */
const STALL_FACTOR = 5;
const STALL_MIN_NS = 5e6;
/** Fewer repetitions are a coincidence. */
const STALLS_MIN = 4;
/** Seconds between stalls: more often they cannot be told from a noisy target at one figure a second. */
const PERIOD_AT_LEAST_SEC = 3;

/**
 * Single seconds stand out at equal distances over most of the round, and not because the generator stalled. Of a long round, over
 * the part in which each second has its interval: in longer ones a stall does not stand out.
 */
const periodicStalls: Finder = ({ intervals: all }) => {
  const intervals = all.filter(({ start_sec: sec }) => sec < EVERY_SECOND_SEC);
  const usual = medianOf(intervals.map(({ latency_ns: { total } }) => total.p99));
  const isStall = ({ latency_ns: { total, schedule_lag: lag } }: IntervalResult): boolean =>
    total.count >= SAMPLES_MIN &&
    total.p99 >= STALL_FACTOR * usual &&
    total.p99 - usual >= STALL_MIN_NS &&
    lag.p99 < (total.p99 - usual) / 2;
  const stalls = intervals.filter(isStall);
  // One stall can reach over the end of a second.
  const seconds = stalls.map(({ start_sec: sec }) => sec).filter((sec, at, all) => at === 0 || sec - all[at - 1]! > 1);
  if (seconds.length < STALLS_MIN) return undefined;
  const span = seconds.at(-1)! - seconds[0]!;
  const period = span / (seconds.length - 1);
  if (period < PERIOD_AT_LEAST_SEC || span < (intervals.length - 2 * period) * 0.8) return undefined;
  // A whole second off is what counting in seconds does.
  if (!seconds.every((sec, at) => Math.abs(sec - (seconds[0]! + at * period)) <= 1)) return undefined;
  const worst = Math.max(...stalls.map(({ latency_ns: { total } }) => total.p99));
  const where = intervals.length < all.length ? ` in the first ${EVERY_SECOND_SEC / 60} minutes` : '';
  return {
    code: 'periodic_stalls',
    message: `About every ${formatSeconds(Math.round(period * 10) / 10)}${where} connections stalled: the p99 of such a second is up to ${formatLatency(worst)}, usually ${formatLatency(usual)}; look for something at the target or on the way that runs at this period.`,
    evidence: { period_sec: Math.round(period * 100) / 100, at_sec: seconds, p99_ns: worst, usual_p99_ns: usual },
  };
};

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export interface FinderRow {
  readonly code: string;
  /** When the finding is made, for people. */
  readonly when: string;
  /** What a user can do about it, for people. */
  readonly remedy: string;
}

/** A finder of the packet engine's counts, for a round that has them. */
function ofPacketEngine(find: (facts: PacketFacts) => Finding | undefined): Finder {
  return ({ packet, tally, target, sources, agents }) => {
    if (packet === undefined) return undefined;
    const { started: connections, outcomes } = tally;
    const own = { sources, sharesAddress: sources === 0 && agents === undefined, failedByReset: outcomes[RESET]! };
    return find({ packet, connections, peer: target.label, ...own });
  };
}

/** What is looked for in a round, in the order of reports. Latencies are the target's only where the verdict is valid. */
/** The share of the connections from which the end of kept ones is worth a sentence. */
const HELD_LOST_SHARE = 0.01;

function heldLost({ tally, ports }: RoundFacts): Finding | undefined {
  const { heldLost: lost, started } = tally;
  if (!ports.isHeld || lost === 0 || lost < started * HELD_LOST_SHARE) return undefined;
  return {
    code: 'held_lost',
    message: `The peer, or a device on the way, ended ${formatCount(lost)} of ${formatCountOf(started, 'connection')} while they were kept open, before the time of --hold: look at its idle timeout and its limit of open connections.`,
    evidence: { held_lost: lost, started },
  };
}

export const FINDERS: readonly (FinderRow & { readonly find: Finder; readonly needsValid: boolean })[] = [
  {
    code: 'syn_drops_suspected',
    find: synDrops,
    needsValid: false,
    when: 'Connect times gather within 250 ms after 1, 2, 3, 4, 5 or 7 s (at least 3 of them, and 0.01 %), or connects timed out (--timeout 1 s or more) and the kernel of this machine sent SYNs again. Linux sends an unanswered SYN again after 1, 3 and 7 s, since 6.5 after 1, 2, 3, 4, 5 and 7 s (net.ipv4.tcp_syn_linear_timeouts).',
    remedy: 'Look for full listen queues, SYN limits and packet loss on the way.',
  },
  {
    code: 'listen_queue_overflow',
    find: listenOverflow,
    needsValid: false,
    when: 'An accept queue of this machine overflowed: in the result of a server, and in that of a client where the target is this machine.',
    remedy: 'Accept faster, or raise --backlog and net.core.somaxconn.',
  },
  {
    code: 'icmp_rejects',
    find: icmpRejects,
    needsValid: false,
    when: 'The kernel of this machine received ICMP messages "destination unreachable", at least 1 % of the failures.',
    remedy: 'Look for what rejects packets on the way.',
  },
  {
    code: 'nothing_held',
    find: ({ answer, ports }) => {
      const message = nothingHeld(answer.finish, ports.isHeld);
      return message === null
        ? undefined
        : { code: 'nothing_held', message: `Nothing was held: ${message}.`, evidence: {} };
    },
    needsValid: false,
    when: '--hold is beside --finish half-close or eof, which leave no connection open.',
    remedy: 'Use --finish echo, bytes:N or connect.',
  },
  {
    code: 'held_lost',
    find: heldLost,
    needsValid: false,
    when: 'The peer, or a device on the way, ended connections that were kept open, at least 1 % of those started.',
    remedy: 'Compare --hold with the idle timeouts of the target and of the devices on the way.',
  },
  {
    code: CORES_BUSY,
    find: coresBusyFinding,
    needsValid: false,
    when: 'The cores of this machine were busy for 95 % of the time, everything that runs here taken together, and more than 0.1 % of the attempts failed, or the round is a trial of search or a step of saturate. Where the target has an address of this machine and attempts failed, it is a reason of the verdict instead.',
    remedy: 'Stop what else runs here where the target, or a device on the way, runs on this machine too.',
  },
  {
    ...CLOCKS_APART,
    find: ({ agents, offeredRatePerSec }) => clocksApart(agents, offeredRatePerSec),
    needsValid: false,
  },
  ...PACKET_FINDERS.map(({ find, ...row }) => ({ ...row, find: ofPacketEngine(find), needsValid: false })),
  {
    code: 'empty_responses',
    find: emptyResponses,
    needsValid: false,
    when: 'Some exchanges ended without a byte of answer, and others were answered with bytes. A target that sheds load looks like that.',
    remedy: 'Use --min-response 1 to count them as failures.',
  },
  {
    code: 'error_statuses',
    find: errorStatuses,
    needsValid: false,
    when: 'The payload is an HTTP request, and some answers had a status of 400 or more. They count as ok. With --expect-status or --expect-prefix there is no such finding.',
    remedy: 'Use --expect-status 2xx,3xx to count them as failures.',
  },
  {
    code: 'peer_stays_open',
    find: staysOpen,
    needsValid: false,
    when: 'Connections timed out although an answer had come, because --finish eof and half-close wait for the peer to close.',
    remedy: 'Send "Connection: close" in the payload of an HTTP request, or use --finish bytes:N.',
  },
  {
    code: 'latency_knee',
    find: latencyKnee,
    needsValid: true,
    when: 'The median total is three times its lowest value and 1 ms above it: at this rate and at no lower rate of the run, or from one second of the round to its end (3 s or more). It needs 50 connections/s and a valid verdict.',
    remedy: 'Look for a queue that begins at that rate.',
  },
  {
    code: 'periodic_stalls',
    find: periodicStalls,
    needsValid: true,
    when: 'The p99 of at least four seconds is five times the usual one and 5 ms above it, 3 s or more apart, at equal distances, over the whole round (its first 20 minutes, where it is longer), and this machine was not late then. It needs 50 connections/s and a valid verdict.',
    remedy: 'Look for what runs at this period, at the target or on the way.',
  },
];

/** What only the result of a server has. */
export const SERVER_FINDINGS: readonly FinderRow[] = [
  {
    code: 'slow_readers',
    when: 'In the result of a server: connections were closed before the answer was sent, because the peer did not read it for --idle-timeout or until the server ended.',
    remedy: 'Look at what the peer does with its answers.',
  },
  {
    code: 'ring_drops',
    when: 'Engine packet, in the result of a server: at least one in 10,000 packets was lost on this machine, because the rings between the kernel and the listening threads were full or had no free frame.',
    remedy: 'Use more --listeners on more queues (ethtool -L), or stop what else runs here.',
  },
];
