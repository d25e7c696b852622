/** What is looked for in the counts of the packet engine, one function a finding. The reference page of findings is made from the table. */
import type { Finding } from '../document/common.ts';
import type { PacketCounts } from '../document/packet-evidence.ts';
import { formatCount, formatCountOf, formatShare } from '../units/format.ts';
import { neighbourAdvice } from './advice.ts';
import { packetsLostHere } from './packet-evidence.ts';

export interface PacketFacts {
  readonly packet: PacketCounts;
  /** Connections that were attempted, or accepted by a server. */
  readonly connections: number;
  /** The other side: `192.0.2.1:80`, or `the clients`. */
  readonly peer: string;
  /** Addresses that a client answers for, and its kernel does not have. 0 of a server. */
  readonly sources: number;
  /** A client whose address is its kernel's too, so that other programs may use it. */
  readonly sharesAddress: boolean;
  /** Connections of a client whose outcome is `reset`. 0 of a server, whose clients may end connections as they like. */
  readonly failedByReset: number;
}

type PacketFinder = (facts: PacketFacts) => Finding | undefined;

/** Less than one in so many connections or packets is what any network loses. */
const LOST_SHARE = 0.0001;
/** The share of segments sent again from which it is worth a sentence. */
const RESENT_SHARE = 0.001;
const RESENT_MIN = 3;
/** Packets of no connection: single ones are late answers. */
const STRAY_MIN = 10;
const STRAY_SHARE = 0.01;
/** Some SYN-ACKs of a path that changes differ; from this share on the path does it. */
const CHANGED_SHARE = 0.01;

const synsLost: PacketFinder = ({ packet: { retransmits }, connections, peer, sources }) => {
  const { syn } = retransmits;
  if (syn === 0 || syn < connections * LOST_SHARE) return undefined;
  return {
    code: 'syns_lost',
    message: `${formatCount(syn)} ${syn === 1 ? 'SYN or SYN-ACK' : 'SYNs or SYN-ACKs'} of ${formatCountOf(connections, 'connection')} had to be sent again, because no answer of ${peer} came within 1 s: look for full listen queues, SYN limits and packet loss on the way${neighbourAdvice(sources)}.`,
    evidence: { syn_retransmits: syn, connections },
  };
};

const segmentsLost: PacketFinder = ({ packet, peer }) => {
  const { duplicates, out_of_order: order } = packet;
  const { data, fin } = packet.retransmits;
  const resent = data + fin;
  const sent = packet.sent - (packet.neighbour_answers ?? 0);
  if (resent < Math.max(RESENT_MIN, sent * RESENT_SHARE)) return undefined;
  return {
    code: 'segments_lost',
    message: `${formatCountOf(resent, 'segment')} of ${formatCount(sent)} had to be sent again (${formatCount(data)} with data, ${formatCountOf(fin, 'FIN')}), because ${peer} did not acknowledge them in time: packets are lost on the way, or come late.`,
    evidence: { data_retransmits: data, fin_retransmits: fin, sent, duplicates, out_of_order: order },
  };
};

const peerResets: PacketFinder = ({ packet: { resets }, connections, peer, failedByReset }) => {
  const { syn_sent: refused, syn_received: half, established, closing } = resets;
  // With a half-close our FIN goes with the payload: a reset in place of the answer comes after it, and the exchange fails.
  const unanswered = Math.min(closing, Math.max(0, failedByReset - established));
  const count = refused + half + established + unanswered;
  if (count === 0 || count < connections * LOST_SHARE) return undefined;
  const states = [
    [refused, 'in answer to the SYN (nothing listens there, or a firewall rejects)'],
    [half, 'before the handshake was complete'],
    [established, 'when they were established'],
    [unanswered, 'after the FIN of this side and before the end of the exchange'],
    [closing - unanswered, 'while they were being closed'],
  ] as const;
  const told = states.flatMap(([number, words]) => (number > 0 ? [`${formatCount(number)} ${words}`] : []));
  return {
    code: 'peer_resets',
    message: `Resets of ${peer} ended ${formatCountOf(count + closing - unanswered, 'connection')}: ${told.join(', ')}.`,
    evidence: {
      syn_sent: refused,
      syn_received: half,
      established,
      closing,
      ...(failedByReset > 0 ? { failed: failedByReset } : {}),
    },
  };
};

const mssLowered: PacketFinder = ({ packet: { syn_acks: all = 0, syn_acks_low_mss: low = 0 }, peer }) => {
  if (low === 0 || low < all * CHANGED_SHARE) return undefined;
  return {
    code: 'mss_lowered',
    message: `${formatShare(low, all)} of the SYN-ACKs of ${peer} name a smaller maximum segment size than the MTU of the interface allows: a tunnel or a smaller MTU lies on the way, or a device lowers it (MSS clamping).`,
    evidence: { syn_acks_low_mss: low, syn_acks: all },
  };
};

const timestampsMissing: PacketFinder = ({ packet, peer }) => {
  const { syn_acks: all = 0, syn_acks_without_timestamps: without = 0 } = packet;
  if (without === 0 || without < all * CHANGED_SHARE) return undefined;
  return {
    code: 'timestamps_missing',
    message: `${formatShare(without, all)} of the SYN-ACKs of ${peer} came without timestamps, which the SYNs offered: they are off there (net.ipv4.tcp_timestamps), or a device on the way removes them.`,
    evidence: { syn_acks_without_timestamps: without, syn_acks: all },
  };
};

const ICMP_WORDS = {
  net_unreachable: 'network unreachable',
  host_unreachable: 'host unreachable',
  port_unreachable: 'port unreachable',
  prohibited: 'administratively prohibited',
  too_big: 'packet too big',
  time_exceeded: 'time exceeded',
  other: 'others',
} as const satisfies Readonly<Record<keyof PacketCounts['icmp'], string>>;

const icmpErrors: PacketFinder = ({ packet: { icmp }, connections, peer }) => {
  const kinds = Object.entries(ICMP_WORDS) as [keyof typeof ICMP_WORDS, string][];
  const came = kinds.flatMap(([kind, words]) => {
    const count = icmp[kind] ?? 0;
    return count > 0 ? [[kind, count, words] as const] : [];
  });
  const count = came.reduce((sum, [, each]) => sum + each, 0);
  if (count === 0 || count < connections * LOST_SHARE) return undefined;
  // ICMP "port unreachable" is a refusal (RFC 1122, section 4.2.3.9); the other kinds are not.
  const refusal =
    (icmp.port_unreachable ?? 0) > 0
      ? "; a refusal among the outcomes may be a firewall's (port unreachable), and not the target's"
      : '';
  const told = came.map(([, each, words]) => `${formatCount(each)} ${words}`).join(', ');
  return {
    code: 'icmp_errors',
    message: `${formatCountOf(count, 'ICMP error')} came back for packets to ${peer}: ${told}. A router or firewall on the way sent them${refusal}.`,
    evidence: Object.fromEntries(came.map(([kind, each]) => [`icmp_${kind}`, each])),
  };
};

const portsShared: PacketFinder = ({ packet: { stray = 0 }, connections, peer, sharesAddress }) => {
  if (!sharesAddress || stray < Math.max(STRAY_MIN, connections * STRAY_SHARE)) return undefined;
  return {
    code: 'ports_shared',
    message: `${formatCountOf(stray, 'packet')} of ${peer} came for source ports of this run, but for no connection of it: another program of this machine seems to connect to ${peer} from the same address and ports, and gets no answers while this run lasts. Give this run a --source that this machine does not have, or one of the two other --source-ports.`,
    evidence: { stray, connections },
  };
};

const windowStalls: PacketFinder = ({ packet: { window_stalls: stalls = 0 }, connections, peer }) => {
  if (stalls === 0 || stalls < connections * LOST_SHARE) return undefined;
  return {
    code: 'window_stalls',
    message: `Data had to wait ${formatCountOf(stalls, 'time')} because ${peer} had closed its receive window: its process reads too slowly, or its buffers are small.`,
    evidence: { window_stalls: stalls },
  };
};

const checksumErrors: PacketFinder = ({ packet: { checksum_errors: count, received } }) => {
  if (count === 0) return undefined;
  return {
    code: 'checksum_errors',
    message: `${formatCountOf(count, 'packet')} of ${formatCount(received)} came with a wrong checksum and were dropped: look at cables, network cards and what rewrites packets on the way.`,
    evidence: { checksum_errors: count, received },
  };
};

const nextHopChanged: PacketFinder = ({ packet: { next_hop_changes: changes = 0 } }) => {
  if (changes === 0) return undefined;
  return {
    code: 'next_hop_changed',
    message: `The hardware address of the next hop changed ${formatCountOf(changes, 'time')} in this run: another router took its address over. Packets go to the new one since it said so; those before may be lost.`,
    evidence: { next_hop_changes: changes },
  };
};

const nextHopSilent: PacketFinder = ({ packet: { next_hop_unanswered: count = 0 } }) => {
  if (count === 0) return undefined;
  return {
    code: 'next_hop_silent',
    message: `Nothing came back, and the next hop did not answer ${formatCountOf(count, 'question')} for its hardware address (ARP or neighbour discovery): it is down, or the link to it is. Packets that were sent to it are lost.`,
    evidence: { next_hop_unanswered: count },
  };
};

/** In the result of a server, which has no verdict. */
export const ringDropsFinding: PacketFinder = ({ packet }) => {
  const lost = packetsLostHere(packet);
  if (lost === 0 || lost < packet.received * LOST_SHARE) return undefined;
  return {
    code: 'ring_drops',
    message: `This machine dropped ${formatCountOf(lost, 'packet')} of its own: the server was too slow for them; use more --listeners on more queues (ethtool -L), or stop what else runs here.`,
    evidence: ringEvidence(packet),
  };
};

/** The figures of a finding or a reason about the rings. */
export function ringEvidence({ ring, no_frame: noFrame = 0 }: PacketCounts): Record<string, number> {
  const { rx_dropped, rx_ring_full, fill_ring_empty } = ring;
  return { rx_dropped, rx_ring_full, fill_ring_empty, no_frame: noFrame };
}

export interface PacketFinderRow {
  readonly code: string;
  readonly when: string;
  readonly remedy: string;
  readonly find: PacketFinder;
}

/** What is looked for where the packet engine was in use, in the order of reports: of a client's round and of a server. */
export const PACKET_FINDERS: readonly PacketFinderRow[] = [
  {
    code: 'next_hop_changed',
    find: nextHopChanged,
    when: 'Engine packet: the hardware address of the next hop changed in the run, by ARP or neighbour discovery. The engine follows it.',
    remedy: 'Look at which routers share the address (VRRP, a pair of firewalls), and why one took it over.',
  },
  {
    code: 'next_hop_silent',
    find: nextHopSilent,
    when: 'Engine packet: nothing at all came back for a second or more, and the next hop did not say where it is when it was asked.',
    remedy: 'Look at whether the router or target is up, and at the link to it.',
  },
  {
    code: 'syns_lost',
    find: synsLost,
    when: 'Engine packet: at least one in 10,000 SYNs (of a server: SYN-ACKs) had to be sent again. The engine knows it of its own packets, so nothing is guessed from connect times.',
    remedy:
      'Look for full listen queues, SYN limits and packet loss on the way. With more than 512 sources also for a full neighbour table of the next hop (dmesg there): conngen doctor has the command.',
  },
  {
    code: 'segments_lost',
    find: segmentsLost,
    when: 'Engine packet: at least one in 1,000 packets (3 or more) was a segment with data or a FIN that had to be sent again.',
    remedy: 'Look for packet loss on the way, and for what slows the other side down.',
  },
  {
    code: 'peer_resets',
    find: peerResets,
    when: 'Engine packet: the other side reset at least one in 10,000 connections before their exchange was complete (of a server: before it had sent its FIN). The sentence tells in which states.',
    remedy:
      'In answer to a SYN: check that a server listens there. Later: look at what ends connections, at the target or on the way.',
  },
  {
    code: 'mss_lowered',
    find: mssLowered,
    when: 'Engine packet: at least 1 % of the SYN-ACKs had a smaller maximum segment size than the MTU of the interface allows.',
    remedy: 'Look for a tunnel, a smaller MTU or MSS clamping on the way.',
  },
  {
    code: 'timestamps_missing',
    find: timestampsMissing,
    when: 'Engine packet: at least 1 % of the SYN-ACKs came without the timestamps (RFC 7323) that the SYN offered.',
    remedy: 'Look at net.ipv4.tcp_timestamps of the target, and for a device that removes them.',
  },
  {
    code: 'icmp_errors',
    find: icmpErrors,
    when: 'Engine packet: ICMP errors that quote packets of the run came back, for at least one in 10,000 connections.',
    remedy: 'Look for what rejects packets, or has no route for them, on the way.',
  },
  {
    code: 'ports_shared',
    find: portsShared,
    when: 'Engine packet without --source: at least 10 packets, and one for each 100 connections, came from the target for source ports of the run and belonged to none of its connections.',
    remedy:
      'Another program of this machine, such as a conngen with another engine, connects to the same target from the same ports, and this run takes its answers. Give one of the two a --source of its own, or other --source-ports.',
  },
  {
    code: 'window_stalls',
    find: windowStalls,
    when: 'Engine packet: data had to wait for a closed receive window, for at least one in 10,000 connections.',
    remedy: 'Look at how fast the other side reads, and at the size of its buffers.',
  },
  {
    code: 'checksum_errors',
    find: checksumErrors,
    when: 'Engine packet: packets came with a wrong checksum.',
    remedy: 'Look at cables, network cards and what rewrites packets on the way.',
  },
];
