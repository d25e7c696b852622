/** Which of the kernel's counters are evidence: JSON key, columns, from when one is shown, and what to say then. */
import { formatCount, formatCountOf, formatLatency, formatShare } from '../units/format.ts';

/** What decides whether a value is worth a line. */
export interface KernelContext {
  /** Attempts started, or connections accepted. */
  readonly attempts: number;
  readonly durationSec: number;
  /** Other values of the same reading, such as the limit of a queue. */
  readonly value: (key: string) => number | undefined;
}

/** A bound, or a test with the words for it. A few of some counters are normal. */
export type ShownFrom =
  | { readonly shareOfAttempts: number }
  | { readonly perSec: number }
  | { readonly words: string; readonly test: (value: number, context: KernelContext) => boolean };

export interface KernelRow {
  /** The names in `KernelReading`; those that this kernel has are added up. */
  readonly columns: readonly string[];
  /** With `peak` the result has the highest of all readings, otherwise the difference between the last and the first. */
  readonly kind?: 'peak';
  /** The kernel counts it for the whole machine, and not for each network namespace. */
  readonly isOfWholeMachine?: true;
  /** What the counter counts, for people. */
  readonly counts: string;
  /** From when on a value is shown in the text, if there is a sentence. Left out: from 1 on. */
  readonly shownFrom?: ShownFrom;
  /** One sentence: what happened, what it means, what to do. Without it a value is in the JSON only. */
  readonly says?: (value: number, context: KernelContext) => string;
}

/** Whether a value is shown in the text of a report: from 1 on where the row says nothing else. */
export function isShown(value: number, { shownFrom }: KernelRow, context: KernelContext): boolean {
  if (value <= 0) return false;
  if (shownFrom === undefined) return true;
  if ('shareOfAttempts' in shownFrom) return value >= context.attempts * shownFrom.shareOfAttempts;
  if ('perSec' in shownFrom) return value > shownFrom.perSec * Math.max(1, context.durationSec);
  return shownFrom.test(value, context);
}

/** Whether a value has at least 0.01 % of the attempts more than another of the same reading, which is counted in it. */
function isShareBeyond(value: number, part: string, context: KernelContext): boolean {
  const rest = value - (context.value(part) ?? 0);
  return rest > 0 && rest >= context.attempts * 0.0001;
}

/**
 * Directly under `kernel`. The meaning of each was read in the kernel's source (net/ipv4/tcp_input.c, tcp_output.c,
 * tcp_minisocks.c, inet_timewait_sock.c; names in net/ipv4/proc.c), as of Linux 6.18.
 */
export const KERNEL_COUNTERS = {
  syn_retransmits: {
    counts: 'SYNs and SYN-ACKs that were sent again',
    columns: ['netstat.TcpExt.TCPSynRetrans'],
    says: (n) =>
      `This machine's kernel sent ${formatCount(n)} SYNs or SYN-ACKs again, because no answer came within about 1 s: something on the way or the other end dropped them.`,
  },
  listen_overflows: {
    counts: 'handshakes dropped because an accept queue was full',
    columns: ['netstat.TcpExt.ListenOverflows'],
    says: (n) =>
      `This machine's kernel dropped ${formatCountOf(n, 'handshake')} because the accept queue of a listener here was full: it accepts too slowly, or its backlog is too small (--backlog, net.core.somaxconn).`,
  },
  listen_drops: {
    counts: 'handshakes dropped towards listeners, those of full accept queues among them',
    columns: ['netstat.TcpExt.ListenDrops'],
    // Overflows are among them and have a sentence of their own.
    shownFrom: { words: 'more than `listen_overflows`', test: (n, { value }) => n > (value('listen_overflows') ?? 0) },
    says: (n) =>
      `This machine's kernel dropped ${formatCountOf(n, 'handshake')} towards listeners here, full accept queues among them: look at net.ipv4.tcp_max_syn_backlog and the memory of TCP (net.ipv4.tcp_mem).`,
  },
  syn_queue_drops: {
    counts: 'SYNs dropped because a SYN queue was full and SYN cookies are off',
    columns: ['netstat.TcpExt.TCPReqQFullDrop'],
    says: (n) =>
      `This machine's kernel dropped ${formatCountOf(n, 'SYN')} because the SYN queue of a listener here was full and SYN cookies are off: raise net.ipv4.tcp_max_syn_backlog and the listener's backlog.`,
  },
  syn_cookies_sent: {
    counts: 'SYNs answered with cookies because a SYN queue was full',
    columns: ['netstat.TcpExt.SyncookiesSent'],
    says: (n) =>
      `This machine's kernel answered ${formatCountOf(n, 'SYN')} with cookies, because the SYN queue of a listener here was full: raise net.ipv4.tcp_max_syn_backlog and the listener's backlog.`,
  },
  syn_cookies_failed: {
    counts: 'ACKs that belong to no SYN and are no valid cookie',
    columns: ['netstat.TcpExt.SyncookiesFailed'],
    says: (n) =>
      `This machine's kernel got ${formatCountOf(n, 'ACK')} for listeners here that belong to no SYN and are no valid cookie: late, forged or beyond the SYN queue.`,
  },
  time_wait_overflow: {
    counts: 'connections that ended without TIME_WAIT because the table was full',
    columns: ['netstat.TcpExt.TCPTimeWaitOverflow'],
    says: (n) =>
      `This machine's kernel ended ${formatCountOf(n, 'connection')} without TIME_WAIT, because net.ipv4.tcp_max_tw_buckets was reached: late packets of old connections can reach new ones; raise it.`,
  },
  time_wait_reused: { counts: 'source ports taken over from TIME_WAIT', columns: ['netstat.TcpExt.TWRecycled'] },
  paws_rejected: {
    counts: 'packets dropped for their old timestamps',
    columns: ['netstat.TcpExt.PAWSActive', 'netstat.TcpExt.PAWSEstab', 'netstat.TcpExt.PAWSTimewait'],
    says: (n, { value }) =>
      `This machine's kernel dropped ${formatCountOf(n, 'packet')} for their old timestamps (PAWS): ${(value('time_wait_reused') ?? 0) > 0 ? 'source ports were taken over from TIME_WAIT, and late packets of the connections before came to the new ones' : 'late packets of an earlier connection on the same ports; or several machines share an address (NAT), whose timestamps do not go together'}.`,
  },
  out_of_window: {
    counts: 'packets dropped because they lie beyond the receive window (recent kernels)',
    columns: ['netstat.TcpExt.BeyondWindow'],
    says: (n, { value }) =>
      `This machine's kernel dropped ${formatCountOf(n, 'packet')} beyond its receive window: ${(value('backlog_drops') ?? 0) > 0 ? 'more came than the full buffers of sockets here could take' : 'packets of an earlier connection on the same ports, or a device that rewrites sequence numbers'}.`,
  },
  challenge_acks: {
    counts: 'RSTs and SYNs answered with a challenge ACK',
    columns: ['netstat.TcpExt.TCPChallengeACK'],
    // SYNs have a sentence of their own.
    shownFrom: {
      words: '0.01 % of the attempts beyond `syn_challenges`',
      test: (n, context) => isShareBeyond(n, 'syn_challenges', context),
    },
    says: (n, { value }) =>
      `This machine's kernel answered ${formatCountOf(n - (value('syn_challenges') ?? 0), 'RST')} with a challenge ACK instead of believing them: the other side may have forgotten connections that live on here, or ports are reused too soon.`,
  },
  syn_challenges: {
    counts: 'SYNs on established connections, answered with a challenge ACK',
    columns: ['netstat.TcpExt.TCPSYNChallenge'],
    shownFrom: { shareOfAttempts: 0.0001 },
    says: (n) =>
      `This machine's kernel answered ${formatCount(n)} SYNs or SYN-ACKs on established connections with a challenge ACK: they were sent again because the last packet of the handshake was lost on the way, or ports are reused too soon.`,
  },
  embryonic_resets: {
    counts: 'RSTs for connections that were not yet established',
    columns: ['netstat.TcpExt.EmbryonicRsts'],
  },
  retransmits: {
    counts: 'segments that were sent again, SYNs among them',
    columns: ['snmp.Tcp.RetransSegs'],
    // SYNs have a sentence of their own.
    shownFrom: {
      words: 'more than 1 % of the attempts beyond `syn_retransmits`',
      test: (n, { attempts, value }) => n - (value('syn_retransmits') ?? 0) > attempts * 0.01,
    },
    says: (n, { value }) =>
      `This machine's kernel sent ${formatCountOf(n, 'segment')} again, ${formatCount(value('syn_retransmits') ?? 0)} of them SYNs or SYN-ACKs: packets are lost on the way, or come late.`,
  },
  retransmits_failed: {
    counts: 'segments that could not be sent again',
    columns: ['netstat.TcpExt.TCPRetransFail'],
    says: (n) =>
      `This machine's kernel could not send ${formatCountOf(n, 'segment')} again: a packet filter here, a full queue of the network card or a lack of memory.`,
  },
  aborted_on_timeout: {
    counts: 'connections given up because nothing came back',
    columns: ['netstat.TcpExt.TCPAbortOnTimeout'],
  },
  aborted_on_memory: {
    counts: 'connections given up for lack of memory or too many orphans',
    columns: ['netstat.TcpExt.TCPAbortOnMemory'],
    says: (n) =>
      `This machine's kernel gave up ${formatCountOf(n, 'connection')} because memory ran out or there were too many orphans: raise net.ipv4.tcp_mem and net.ipv4.tcp_max_orphans.`,
  },
  backlog_drops: {
    counts: 'segments dropped because the buffers of their socket were full',
    columns: ['netstat.TcpExt.TCPBacklogDrop', 'netstat.TcpExt.TCPRcvQDrop'],
    says: (n) =>
      `This machine's kernel dropped ${formatCountOf(n, 'segment')} because the buffers of their socket were full: raise net.ipv4.tcp_rmem.`,
  },
  reverse_path_filtered: {
    counts: 'packets that came in by another way than the answer would go',
    columns: ['netstat.TcpExt.IPReversePathFilter'],
    says: (n) =>
      `This machine's kernel dropped ${formatCountOf(n, 'packet')} that came in by another way than the answer would go (net.ipv4.conf.*.rp_filter): check routes and source addresses.`,
  },
  icmp_unreachable_received: {
    counts: 'ICMP messages "destination unreachable" that were received',
    columns: ['snmp.Icmp.InDestUnreachs', 'snmp6.Icmp6InDestUnreachs'],
    says: (n) =>
      `This machine's kernel received ${formatCount(n)} ICMP messages "destination unreachable": a router or firewall rejects; as "port unreachable" it reads as refused (ECONNREFUSED), though no RST came.`,
  },
  no_route: {
    counts: 'packets for which there was no route',
    columns: ['snmp.Ip.OutNoRoutes', 'snmp6.Ip6OutNoRoutes'],
    says: (n) =>
      `This machine's kernel had no route for ${formatCount(n)} packets: check its routes (ip route get ADDRESS).`,
  },
  out_discards: {
    counts: 'packets that were discarded before they were sent',
    columns: ['snmp.Ip.OutDiscards', 'snmp6.Ip6OutDiscards'],
    says: (n) =>
      `This machine's kernel discarded ${formatCountOf(n, 'packet')} that it was to send: a packet filter here, or no buffer for them.`,
  },
  active_opens: { counts: 'connections opened from here', columns: ['snmp.Tcp.ActiveOpens'] },
  passive_opens: { counts: 'connections accepted here', columns: ['snmp.Tcp.PassiveOpens'] },
  attempts_failed: { counts: 'attempts to connect that failed', columns: ['snmp.Tcp.AttemptFails'] },
  resets_received: { counts: 'established connections that were reset', columns: ['snmp.Tcp.EstabResets'] },
  resets_sent: { counts: 'RSTs that were sent', columns: ['snmp.Tcp.OutRsts'] },
  input_errors: {
    counts: 'damaged segments that were dropped, and SYNs on established connections',
    columns: ['snmp.Tcp.InErrs'],
    // tcp_validate_incoming (net/ipv4/tcp_input.c) counts a SYN on an established connection here too.
    shownFrom: {
      words: '0.01 % of the attempts beyond `syn_challenges`',
      test: (n, context) => isShareBeyond(n, 'syn_challenges', context),
    },
    says: (n, { value }) =>
      `This machine's kernel dropped ${formatCountOf(n - (value('syn_challenges') ?? 0), 'damaged TCP segment')} (bad header or checksum): look at cables, network cards and what rewrites packets on the way.`,
  },
} as const satisfies Record<string, KernelRow>;

/** `kernel.conntrack`: this machine's connection tracking (net/netfilter/nf_conntrack_core.c). */
const CONNTRACK = {
  count: {
    counts: 'entries of the connection tracking table',
    columns: ['nf_conntrack_count'],
    kind: 'peak',
    shownFrom: {
      words: '90 % of `conntrack.max`',
      test: (n, { value }) => n >= 0.9 * (value('conntrack.max') ?? Infinity),
    },
    says: (n, { value }) =>
      `This machine's connection tracking was ${formatShare(n, value('conntrack.max') ?? n)} full (${formatCount(n)} of ${formatCount(value('conntrack.max') ?? n)} entries): raise net.netfilter.nf_conntrack_max, or exempt the traffic (notrack).`,
  },
  max: { counts: 'the size of that table', columns: ['nf_conntrack_max'], kind: 'peak' },
  insert_failed: {
    counts: 'packets dropped because their entry clashed with another',
    columns: ['nf_conntrack.insert_failed'],
    says: (n) =>
      `This machine's connection tracking dropped ${formatCountOf(n, 'packet')} because their entry clashed with another: address translation here ran out of ports, or two packets raced.`,
  },
  drop: {
    counts: 'packets dropped, as when the table is full',
    columns: ['nf_conntrack.drop'],
    says: (n) =>
      `This machine's connection tracking dropped ${formatCount(n)} packets, as it does when its table is full: raise net.netfilter.nf_conntrack_max, or exempt the traffic (notrack).`,
  },
  early_drop: {
    counts: 'entries thrown out to make room for new ones',
    columns: ['nf_conntrack.early_drop'],
    says: (n) =>
      `This machine's connection tracking threw out ${formatCount(n)} entries to make room for new ones: its table is too small; raise net.netfilter.nf_conntrack_max.`,
  },
} as const satisfies Record<string, KernelRow>;

/** `kernel.softnet`: the packet queues of all cores of the machine, whatever the namespace (net/core/dev.c). */
const SOFTNET = {
  dropped: {
    counts: 'incoming packets dropped because the queue of a core was full',
    isOfWholeMachine: true,
    columns: ['softnet_stat.dropped'],
    says: (n) =>
      `This machine's kernel dropped ${formatCount(n)} incoming packets because the queue of a core was full: raise net.core.netdev_max_backlog, or spread the load over cores (RSS, RPS).`,
  },
  squeezed: {
    counts: 'times at which the kernel ran out of its time for packets with work left',
    isOfWholeMachine: true,
    columns: ['softnet_stat.time_squeeze'],
    // Being asked for more than one round's worth now and then is how it works.
    shownFrom: { perSec: 50 },
    says: (n) =>
      `This machine's kernel ran out of its time for packets ${formatCount(n)} times with work left: a core is busy with packets; raise net.core.netdev_budget and netdev_budget_usecs, or spread them over cores.`,
  },
  flow_limited: {
    counts: 'packets dropped of flows that filled the queue of a core',
    isOfWholeMachine: true,
    columns: ['softnet_stat.flow_limit_count'],
    says: (n) =>
      `This machine's kernel dropped ${formatCountOf(n, 'packet')} of flows that filled the queue of a core (net.core.flow_limit_cpu_bitmap): spread the load over more source addresses.`,
  },
} as const satisfies Record<string, KernelRow>;

/** `kernel.sockets`: the highest of the readings. */
const SOCKETS = {
  time_wait: { counts: 'sockets in TIME_WAIT', columns: ['sockstat.TCP.tw'], kind: 'peak' },
  orphans: {
    counts: 'sockets that no process holds any more',
    columns: ['sockstat.TCP.orphan'],
    kind: 'peak',
    isOfWholeMachine: true,
  },
  tcp_in_use: { counts: 'sockets in use', columns: ['sockstat.TCP.inuse', 'sockstat.TCP6.inuse'], kind: 'peak' },
  tcp_allocated: { counts: 'sockets allocated', columns: ['sockstat.TCP.alloc'], kind: 'peak', isOfWholeMachine: true },
  tcp_memory_pages: {
    counts: 'pages of memory that TCP uses',
    columns: ['sockstat.TCP.mem'],
    kind: 'peak',
    isOfWholeMachine: true,
  },
} as const satisfies Record<string, KernelRow>;

/** `kernel.cgroup`: what a CPU quota did to this process and those that share its control group. */
const CGROUP = {
  throttled: {
    counts: 'times at which the quota stopped the control group',
    columns: ['cgroup.throttled'],
    says: (n, { value }) =>
      `This machine's kernel stopped this process's control group ${formatCount(n)} times, for ${formatLatency((value('cgroup.throttled_usec') ?? 0) * 1e3)} in all, because its CPU quota was used up: what came then had to wait; raise it (cpu.max).`,
  },
  throttled_usec: { counts: 'for how long it did, its cores added up', columns: ['cgroup.throttled_usec'] },
} as const satisfies Record<string, KernelRow>;

export const KERNEL_GROUPS = {
  /** The connection tracking of this machine. Only there where it is in use. */
  conntrack: CONNTRACK,
  /** The packet queues of all processors of the machine. */
  softnet: SOFTNET,
  /** Sockets, the highest of all readings. */
  sockets: SOCKETS,
  /** The CPU quota of the control group. Only there where it has one. */
  cgroup: CGROUP,
} as const;

/** Every row by its path in the JSON, `listen_drops` or `conntrack.drop`, in the order of reports. */
export const KERNEL_ROWS: ReadonlyMap<string, KernelRow> = new Map<string, KernelRow>([
  ...Object.entries<KernelRow>(KERNEL_COUNTERS),
  ...Object.entries(KERNEL_GROUPS).flatMap(([group, rows]) =>
    Object.entries<KernelRow>(rows).map(([key, row]): [string, KernelRow] => [`${group}.${key}`, row]),
  ),
]);

/** The groups that count for the machine, whatever has the connections: packet queues of processors, and the CPU quota. */
const MACHINE_GROUPS: readonly string[] = ['softnet', 'cgroup'] satisfies readonly (keyof typeof KERNEL_GROUPS)[];

/** Whether a counter says something of connections that are not the kernel's sockets. */
export function isOfMachine(path: string): boolean {
  return MACHINE_GROUPS.includes(path.split('.')[0] ?? '');
}
