/** Checks of a plan whose engine works on an interface of its own: what the kernel, the driver and the way there must have. */
import { release } from 'node:os';
import { addressIn } from '../plan/address/address-runs.ts';
import { formatBytes, formatCount } from '../units/format.ts';
import { atLeast, ok, unknown, type CheckResult } from './check.ts';
import type { PacketMachineFacts } from './packet-facts.ts';
import { asRoot, type CheckRow, type Situation } from './situation.ts';
import { wayBack } from './way-back.ts';

type PacketCheck = (packet: PacketMachineFacts, situation: Situation) => CheckResult;

/** Links that go with the process that made them. */
const LINKS_SINCE = [5, 9] as const;
/** What one page of 4 KiB leaves of a packet beside the kernel's headroom (256) and its own notes (320): the most that drivers take for native XDP. */
const NATIVE_MTU_MAX = 3498;
const USUAL_MTU = 1500;
/** Features of drivers that join packets before a program sees them; drivers refuse native XDP beside them, or the program sees no whole packet. */
const JOINING = [
  ['rx-lro', 'lro'],
  ['rx-gro-hw', 'rx-gro-hw'],
] as const;

const KERNEL_CHECK: CheckRow = {
  id: 'packet_kernel',
  of: 'interface',
  compares: 'the kernel with Linux 5.9, which takes the XDP program away with the process',
  check: kernelRelease,
};

const ROWS: readonly (Omit<CheckRow, 'check'> & { readonly check: PacketCheck })[] = [
  { id: 'interface', compares: 'whether the interface is an Ethernet that is up', check: iface },
  {
    id: 'xdp_program',
    compares: 'whether another XDP program is on the interface',
    check: otherProgram,
  },
  {
    id: 'native_xdp',
    compares: 'whether the driver runs XDP programs itself, and the MTU that this takes',
    check: nativeXdp,
  },
  { id: 'bpf_jit', compares: 'whether the kernel compiles BPF programs', check: jit },
  {
    id: 'receive_queues',
    compares: 'the receive queues of the interface with --workers',
    check: receiveQueues,
  },
  {
    id: 'receive_offloads',
    compares: 'whether the driver joins packets, or takes VLAN tags out, before the program sees them',
    check: offloads,
  },
  { id: 'checksums', compares: 'whether packets come with finished checksums', check: checksums },
  { id: 'locked_memory', compares: 'the memory of all frames with the limit of locked memory', check: locked },
  { id: 'next_hop', compares: 'a route to the target over the interface', check: nextHop },
  { id: 'packet_sources', compares: 'which of the sources the kernel has too', check: sources },
  {
    id: 'way_back',
    compares: 'whether the other side finds the sources, and has room for them as neighbours',
    check: wayBack,
  },
];

/** The checks of the packet engine, in the order of reports. */
export const PACKET_CHECKS: readonly CheckRow[] = [
  KERNEL_CHECK,
  ...ROWS.map(({ check, ...row }): CheckRow => ({
    ...row,
    of: 'interface',
    check: (situation: Situation) => ofInterface(check, situation),
  })),
];

function ofInterface(check: PacketCheck, situation: Situation): CheckResult {
  const { packet } = situation.facts;
  if (packet === null) return unknown('The interface cannot be examined: that needs Linux and koffi.');
  return check(packet, situation);
}

function kernelRelease(): CheckResult {
  const value = release();
  const needed = LINKS_SINCE.join('.');
  const [major = 0, minor = 0] = value.split('.').map((part) => Number.parseInt(part, 10));
  const isEnough = major > LINKS_SINCE[0] || (major === LINKS_SINCE[0] && minor >= LINKS_SINCE[1]);
  const why = 'XDP programs on links, which the kernel takes away with the process that made them.';
  if (isEnough) return ok(value, why, needed);
  return { status: 'problem', value, needed, why, fix: 'use a newer kernel, or --engine uring' };
}

function iface({ link, driver }: PacketMachineFacts, { facts }: Situation): CheckResult {
  const value = `${link.name} (${driver ?? (link.kind === '' ? 'driver not known' : link.kind)})`;
  const problem = (why: string, fix: string): CheckResult => ({
    status: 'problem',
    value,
    needed: 'an Ethernet that is up',
    why,
    fix,
  });
  if (!link.isEthernet || link.isLoopback) {
    return problem('It carries no Ethernet frames, and the engine makes such.', 'another --interface');
  }
  if (!link.isUp) return problem('It is down.', asRoot(`ip link set ${link.name} up`, facts));
  if (!link.hasCarrier)
    return problem(
      'It has no carrier: nothing is at the other end.',
      'look at the cable, or at the peer of a veth pair',
    );
  if (link.masterIfindex !== null) {
    const why = 'It is a port of a bridge or bond: what the program takes, the bridge or bond does not see.';
    return { status: 'warning', value, needed: null, why, fix: asRoot(`ip link set ${link.name} nomaster`, facts) };
  }
  return ok(value, 'An Ethernet that is up.');
}

function otherProgram({ link }: PacketMachineFacts, { facts }: Situation): CheckResult {
  if (link.xdp === null) return ok('none', 'An interface has one XDP program at a time.', 'none');
  const value = `program ${link.xdp.programId} (${link.xdp.mode})`;
  const why = 'An interface has one XDP program at a time. bpftool net shows which one it is.';
  const fix = `end the program that put it there, or: ${asRoot(`ip link set ${link.name} xdp off`, facts)}`;
  return { status: 'problem', value, needed: 'none', why, fix };
}

function nativeXdp({ link, xdp, driver }: PacketMachineFacts, { facts }: Situation): CheckResult {
  if (xdp === null)
    return unknown(
      'This kernel does not tell what the driver can do (it does since Linux 6.3); native mode is tried first.',
    );
  const needed = 'native';
  if (!xdp.isNative) {
    const why =
      `The driver ${driver ?? ''} runs no XDP programs: the kernel does it (generic mode), and copies each packet first.`.replace(
        '  ',
        ' ',
      );
    return {
      status: 'warning',
      value: 'generic',
      needed,
      why,
      fix: 'a network card whose driver has XDP, or fewer connections a second',
    };
  }
  if (link.mtu > NATIVE_MTU_MAX && link.kind === 'veth') {
    const why = `The MTU is ${formatCount(link.mtu)}; a veth runs programs only where it is at most ${formatCount(NATIVE_MTU_MAX)} at both ends. Otherwise its peer sends segments of up to 64 KiB in one piece, which do not fit the frames of the engine and are lost.`;
    const fix = `at both ends of the pair: ${asRoot(`ip link set ${link.name} mtu ${USUAL_MTU}`, facts)}`;
    return { status: 'problem', value: `MTU ${link.mtu}`, needed: `MTU ${NATIVE_MTU_MAX}`, why, fix };
  }
  if (link.mtu > NATIVE_MTU_MAX) {
    const why = `The MTU is ${formatCount(link.mtu)}; drivers take a packet for a program only where it fits a page, ${formatCount(NATIVE_MTU_MAX)} at most. Otherwise generic mode is used.`;
    const fix = asRoot(`ip link set ${link.name} mtu ${USUAL_MTU}`, facts);
    return { status: 'warning', value: `MTU ${link.mtu}`, needed: `MTU ${NATIVE_MTU_MAX}`, why, fix };
  }
  return xdp.isZeroCopy
    ? ok('native, zero copy', 'Packets go to the process without a copy.', needed)
    : ok('native, copied', 'The driver runs the program; each packet is copied once.', needed);
}

function jit(_: PacketMachineFacts, { facts }: Situation): CheckResult {
  const key = 'net.core.bpf_jit_enable';
  const value = facts.sysctl(key);
  if (value === undefined) return unknown(`${key} cannot be read: a network namespace does not show it.`);
  const why = 'Without it the kernel interprets the program for every packet of the interface.';
  return atLeast(value, 1, 'warning', why, asRoot(`sysctl -w ${key}=1`, facts));
}

function receiveQueues({ queues, mostQueues, link }: PacketMachineFacts, { plan, facts }: Situation): CheckResult {
  const { workers } = plan;
  const fix = `--workers ${queues}, or ${moreQueues(link, mostQueues, workers, facts)}`;
  return atLeast(
    queues,
    plan.workers,
    'problem',
    'Each queue is the work of one worker; a worker can have several.',
    fix,
  );
}

/** How an interface gets so many receive queues. */
function moreQueues(
  { name, kind }: PacketMachineFacts['link'],
  most: number | undefined,
  wanted: number,
  facts: Situation['facts'],
): string {
  if (kind !== 'veth')
    return `where the card has more queues: ${asRoot(`ethtool -L ${name} combined ${wanted}`, facts)}`;
  if (most === undefined || most >= wanted) return asRoot(`ethtool -L ${name} rx ${wanted} tx ${wanted}`, facts);
  return `make the veth pair with that many: ip link add ... numrxqueues ${wanted} numtxqueues ${wanted} type veth ...`;
}

function offloads({ link, features }: PacketMachineFacts, { plan, facts }: Situation): CheckResult {
  const joining = JOINING.filter(([name]) => features.get(name) === true);
  const vlan = plan.packet?.vlan ?? null;
  const takesTags = vlan !== null && features.get('rx-vlan-hw-parse') === true;
  if (joining.length === 0 && !takesTags)
    return ok('none', 'The program sees packets as they were on the wire.', 'none');
  const off = [...joining.map(([, option]) => `${option} off`), ...(takesTags ? ['rxvlan off'] : [])].join(' ');
  const value = [...joining.map(([name]) => name), ...(takesTags ? ['rx-vlan-hw-parse'] : [])].join(', ');
  const peer =
    takesTags && link.kind === 'veth' ? ', and at the other end of the pair: ethtool -K PEER txvlan off' : '';
  const why = takesTags
    ? `The tag of VLAN ${vlan} is taken out of packets before the program sees them, so that they are taken for others'.`
    : 'Packets are joined before the program sees them; most drivers refuse native XDP beside it.';
  return { status: 'warning', value, needed: 'none', why, fix: asRoot(`ethtool -K ${link.name} ${off}`, facts) + peer };
}

function checksums({ link, driver }: PacketMachineFacts): CheckResult {
  if (link.kind !== 'veth' && driver !== 'veth') return ok('finished', 'Each packet is verified.');
  const why =
    'What a kernel sends over this pair has unfinished checksums: they are recognised and not verified. To have them finished: ethtool -K PEER tx off.';
  return ok('unfinished (veth)', why);
}

function locked({ lockedBytes, mostLockedBytes }: PacketMachineFacts): CheckResult {
  const needed = formatBytes(lockedBytes);
  const why = 'The frames of all workers stay in memory; the kernel counts them as locked.';
  if (mostLockedBytes === undefined) return ok('unlimited', why, needed);
  const value = formatBytes(mostLockedBytes);
  if (mostLockedBytes >= lockedBytes) return ok(value, why, needed);
  return {
    status: 'problem',
    value,
    needed,
    why,
    fix: 'run it as root or with CAP_IPC_LOCK, or: sudo prlimit --pid $$ --memlock=unlimited',
  };
}

function nextHop({ nextHop: hop, link }: PacketMachineFacts): CheckResult {
  if (hop.kind === 'none')
    return { status: 'problem', value: 'none', needed: 'a route', why: `${hop.reason}.`, fix: hop.hint };
  const what = hop.isTarget ? `The target is in the network of ${link.name}` : `The router on the way, by ${link.name}`;
  const known = hop.isKnown
    ? 'the kernel has its hardware address'
    : 'its hardware address is asked for when the run starts';
  return ok(hop.address, `${what}; ${known}.`, 'a route');
}

function sources(_: PacketMachineFacts, { plan }: Situation): CheckResult {
  const runs = plan.packet?.addresses ?? [];
  const all = runs.reduce((sum, { count }) => sum + count, 0);
  const kernels = runs.filter(({ isKernels }) => isKernels);
  const value = all === 1 ? '1 address' : `${formatCount(all)} addresses`;
  if (kernels.length === 0)
    return ok(value, 'The kernel has none of them: the engine answers ARP and neighbour solicitations for them.');
  const own = kernels
    .map((run) => addressIn(run))
    .slice(0, 3)
    .join(', ');
  const why = `The kernel has ${own} too and answers ARP there; only the source ports of the plan are taken from it. Another conngen to this target needs a --source or other --source-ports beside this run.`;
  return ok(value, why);
}
