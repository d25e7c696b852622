import { readdirSync } from 'node:fs';
import { EBUSY, EEXIST, EPERM, errnoName } from '../../../kernel/errno.ts';
import { readEthtool } from '../../../kernel/net/ethtool.ts';
import type { Libc } from '../../../kernel/libc.ts';
import { readLink, type Link } from '../../../kernel/net/links.ts';
import { PacketSocket } from '../../../kernel/net/packet-socket.ts';
import { Bpf, type BpfResult } from '../../../kernel/xdp/bpf.ts';
import { XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE } from '../../../kernel/xdp/if-xdp.ts';
import { RunError } from '../../../units/run-error.ts';
import type { Attachment, AttachRequest, PacketLink } from '../../seam/link.ts';
import { requireFree } from './address-probe.ts';
import { captureProgram } from './capture-program.ts';
import { Handover, type HandoverMemory } from '../port/handover.ts';
import { createNextHopMemory } from '../link/next-hop-mac.ts';
import { NextHopWatch } from './next-hop-watch.ts';
import { resolveNextHop, type NextHop } from './next-hop.ts';
import { createCounters } from '../packet-counters.ts';
import { readCounters } from '../read-counters.ts';
import { downError, linkError, programError } from '../refusals.ts';
import { raiseLockedMemoryLimit, requirePacket } from '../support.ts';
import { probeZeroCopy } from '../port/queue-sockets.ts';

/** By this name `bpftool prog` shows the program. */
const PROGRAM_NAME = 'conngen';
/** A frame to receive into has 2048 bytes; longer packets than these, of an interface that could take them, are not asked for. */
const MTU_MAX = 1500;

/**
 * Takes from an interface what is the engine's: finds the next hop, loads the program that captures packets and puts it on the interface, in
 * native mode where the driver has it. Threads then open their ports with the link. Rejects with `RunError`, and leaves nothing behind.
 */
export async function attach(request: AttachRequest): Promise<Attachment> {
  const libc = requirePacket();
  const iface = usableInterface(request.interfaceName);
  raiseLockedMemoryLimit(libc);
  const nextHop = request.target === null ? null : await resolveNextHop({ ...request, target: request.target }, iface);
  await requireFree(request, iface, nextHop?.address ?? null);
  const hold = new Hold(libc, iface);
  try {
    const { driver = 'unknown', features } = readEthtool(iface.name);
    const queues = countQueues(iface.name);
    const socketMapFd = hold.createMap(queues);
    const { mode, note } = hold.putProgram(request, socketMapFd);
    if (request.addresses.some(({ family }) => family === 6)) hold.receiveAllMulticast();
    const isZeroCopy = probeZeroCopy(libc, { interfaceName: iface.name, ifindex: iface.ifindex, mode });
    const link: PacketLink = {
      interfaceName: iface.name,
      ifindex: iface.ifindex,
      driver,
      mode,
      isZeroCopy,
      queues,
      socketMapFd,
      mtu: Math.min(iface.mtu, MTU_MAX),
      mac: iface.mac,
      nextHopMac: nextHop?.mac ?? null,
      nextHop: nextHop === null ? undefined : createNextHopMemory(nextHop.address, nextHop.mac),
      vlan: request.vlan,
      addresses: request.addresses,
      // In generic mode the program sees packets before the kernel has looked at their checksums, also those of this very machine.
      hasUnfinishedChecksums: iface.kind === 'veth' || driver === 'veth' || mode === 'generic',
      counters: createCounters(request.workers),
      handover: request.workers > 1 ? hold.createHandover(request.workers) : undefined,
      workers: request.workers,
      worker: 0,
    };
    const notes = [
      ...(nextHop?.notes ?? []),
      note,
      ...noteOnLength(mode, iface),
      ...noteOnTags(request, iface, features),
    ];
    if (nextHop !== null) hold.watch(nextHop, link);
    return { link, notes, readCounters: () => hold.readCounters(link.counters), close: () => hold.close() };
  } catch (error) {
    hold.close();
    throw error;
  }
}

/** The interface of that name, if it can carry Ethernet frames now. Throws `RunError`. */
function usableInterface(name: string): Link {
  const iface = readLink(name);
  if (iface === undefined) {
    throw new RunError('ENODEV', `there is no interface ${name}`, 'see the names with: ip -br link');
  }
  const hint = 'take an interface that leads to the target, such as a network card or a veth';
  if (iface.isLoopback) throw new RunError('EINVAL', `${name} is a loopback interface`, hint);
  if (!iface.isEthernet) throw new RunError('EINVAL', `${name} does not carry Ethernet frames`, hint);
  if (!iface.isUp) throw downError(name);
  return iface;
}

/**
 * The receive queues that an interface uses now, as its driver's channels (`ethtool -l`) or sysfs tell. At least 1. Options of the plan
 * that count threads are checked with it.
 */
export function countQueues(interfaceName: string): number {
  const { channels } = readEthtool(interfaceName);
  if (channels !== undefined && channels.rx + channels.combined > 0) return channels.rx + channels.combined;
  try {
    const queues = readdirSync(`/sys/class/net/${interfaceName}/queues`);
    return Math.max(1, queues.filter((queue) => queue.startsWith('rx-')).length);
  } catch {
    return 1;
  }
}

/** The peer of a veth leaves segmentation to hardware that is not there, unless a native program is at its other end. */
function noteOnLength(mode: PacketLink['mode'], { name, kind, mtu }: Link): string[] {
  if (mode === 'native' || kind !== 'veth') return [];
  return [
    `the other end of ${name} may send segments in pieces longer than a frame of this engine, which are lost: ip link set ${name} mtu 1500 at both ends (it has ${mtu} here), or at the other end: ethtool -K PEER tso off gso off`,
  ];
}

/** With a tag of its own the engine must see tags in the frames. */
function noteOnTags({ vlan }: AttachRequest, { name }: Link, features: ReadonlyMap<string, boolean>): string[] {
  if (vlan === null || features.get('rx-vlan-hw-parse') !== true) return [];
  return [
    `${name} takes VLAN tags out of frames before the program sees them; if nothing is answered: ethtool -K ${name} rxvlan off (of a veth: txvlan off at its peer)`,
  ];
}

/** The descriptors that hold the program on the interface. When they are closed, the kernel takes it off. */
class Hold {
  readonly #libc: Libc;
  readonly #iface: Link;
  readonly #bpf: Bpf;
  readonly #fds: number[] = [];
  #multicast: PacketSocket | null = null;
  #watch: NextHopWatch | null = null;
  #handover: HandoverMemory | null = null;

  constructor(libc: Libc, iface: Link) {
    this.#libc = libc;
    this.#iface = iface;
    this.#bpf = new Bpf(libc);
  }

  createMap(queues: number): number {
    return this.#keep(this.#bpf.createSocketMap(queues), 'map');
  }

  putProgram(request: AttachRequest, socketMapFd: number): { mode: PacketLink['mode']; note: string } {
    const { name, ifindex } = this.#iface;
    const code = captureProgram(request, socketMapFd).assemble();
    const program = this.#keep(this.#bpf.loadProgram(PROGRAM_NAME, code), 'program');
    const native = this.#bpf.createLink(program, ifindex, XDP_FLAGS_DRV_MODE);
    if (native.fd >= 0) {
      this.#fds.push(native.fd);
      return { mode: 'native', note: `XDP program on ${name} in native mode` };
    }
    const errno = 'errno' in native ? native.errno : 0;
    // The other mode would not help.
    if (errno === EBUSY || errno === EEXIST || errno === EPERM) throw linkError(errno, name);
    const generic = this.#bpf.createLink(program, ifindex, XDP_FLAGS_SKB_MODE);
    if ('errno' in generic) throw linkError(generic.errno, name);
    this.#fds.push(generic.fd);
    const reason = `the driver refuses native mode (${errnoName(errno)})`;
    return { mode: 'generic', note: `XDP program on ${name} in generic mode, which is slower: ${reason}` };
  }

  /**
   * Solicitations for IPv6 addresses come to multicast addresses that the card does not know of, for the kernel does not have these addresses.
   * The setting goes with the socket.
   */
  receiveAllMulticast(): void {
    const socket = PacketSocket.open(this.#iface.ifindex, 0);
    if (typeof socket === 'number') return;
    this.#multicast = socket;
    socket.receiveAllMulticast();
  }

  watch(nextHop: NextHop, link: PacketLink): void {
    this.#watch = new NextHopWatch(nextHop, this.#iface, link);
  }

  readCounters(memory: SharedArrayBuffer): ReadonlyMap<string, number> {
    this.#watch?.count();
    return readCounters(memory);
  }

  createHandover(workers: number): HandoverMemory {
    this.#handover = Handover.createMemory(this.#libc, workers);
    return this.#handover;
  }

  #keep(result: BpfResult, step: 'map' | 'program'): number {
    if ('errno' in result) throw programError(result.errno, result.verifierLog, step);
    this.#fds.push(result.fd);
    return result.fd;
  }

  /** The link first, then the program, then its map. */
  close(): void {
    for (const fd of this.#fds.splice(0).reverse()) this.#libc.close(fd);
    this.#watch?.close();
    this.#watch = null;
    this.#multicast?.close();
    this.#multicast = null;
    if (this.#handover !== null) Handover.closeMemory(this.#libc, this.#handover);
    this.#handover = null;
  }
}
