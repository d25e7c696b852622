/** What an engine that works on an interface is told beside the plan of any engine: its options, and what both ends check alike. */
import { networkInterfaces } from 'node:os';
import type { InterfaceConfig } from '../../document/config.ts';
import { engineHas } from '../engines.ts';
import { familyOf, type Family } from '../address/address.ts';
import type { AddressRun } from '../address/address-runs.ts';
import type { PacketPlan } from '../plan.ts';
import type { PortRange } from '../ports/source-ports.ts';
import { accept, problemOf, refuse, withRange, type Given, type Parsed, type Problem } from '../../units/problem.ts';
import { formatCountOf } from '../../units/format.ts';
import { NS_PER_SEC, formatSize } from '../../units/quantity.ts';

/** The options that say where the packets of an engine go, each parsed by itself. */
export interface PacketInput {
  readonly interface?: Given<string> | undefined;
  readonly gateway?: Given<string> | undefined;
  readonly vlan?: Given<number> | undefined;
}

/** An interface of this machine. */
export interface InterfaceFacts {
  readonly name: string;
  readonly isUp: boolean;
  readonly isLoopback: boolean;
  /** Something is at its other end. Where nothing is, `addresses` are empty. */
  readonly hasCarrier: boolean;
  /** Its receive queues; null where the system does not say. */
  readonly queues: number | null;
  readonly addresses: readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  readonly address: string;
  readonly family: Family;
  readonly prefixLength: number;
}

/** What the plan of such an engine needs to know of the machine. */
export interface PacketMachine {
  /** As `process.platform` has it; this system if left out. */
  readonly platform?: string;
  /** The interfaces; those that Node.js lists if left out. */
  readonly interfaces?: () => readonly InterfaceFacts[];
}

/** The interface that was chosen, and what the kernel has of addresses. */
export interface ChosenInterface {
  readonly iface: InterfaceFacts;
  /** Every address of the kernel, on any interface. */
  readonly kernels: readonly string[];
}

/** What a connection sends at most, at either end. */
export const PACKET_PAYLOAD_MAX_BYTES = 256 * 1024;

/**
 * The most sources for which another Linux surely has room as neighbours: from net.ipv4.neigh.default.gc_thresh2 = 512 entries on it looks
 * for some to forget, and at gc_thresh3 = 1024 it drops packets to new ones.
 */
export const NEIGHBOURS_USUAL = 512;

/** The addresses of an engine that answers for them, without those that the kernel has. */
export function countForeign(addresses: readonly AddressRun[]): number {
  return addresses.reduce((sum, { count, isKernels }) => (isKernels ? sum : sum + count), 0);
}

/** How long a 4-tuple of the packet engine rests in TIME_WAIT, as with net.ipv4.tcp_tw_reuse = 1 and timestamps. */
export const PACKET_REST_NS = NS_PER_SEC;

/** IFNAMSIZ in linux/if.h, less the byte that ends a name. */
const NAME_MAX_BYTES = 15;

/** Parses the name of an interface as Linux takes it (dev_valid_name in net/core/dev.c). */
export function parseInterface(text: string): Parsed<string> {
  const name = text.trim();
  const isName =
    /^[^\s/:\0]+$/.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) <= NAME_MAX_BYTES;
  return isName ? accept(name) : refuse('the name of an interface, such as eth0');
}

/** Parses an IPv4 or IPv6 address; a link-local one may have a zone, which the plan compares with the interface. */
export function parseGateway(text: string): Parsed<string> {
  const address = text.trim();
  return familyOf(address) !== null && (!address.includes('%') || /^fe[89ab][0-9a-f]:/i.test(address))
    ? accept(address)
    : refuse('the IPv4 or IPv6 address of a router, such as 192.0.2.1');
}

/** The numbers that the tag of a network may have (IEEE 802.1Q, clause 9.6). */
const VLAN_IDS = { min: 1, max: 4094 };

export const parseVlan = withRange(
  (text): Parsed<number> => {
    const id = /^\d{1,4}$/.test(text.trim()) ? Number(text) : Number.NaN;
    return id >= VLAN_IDS.min && id <= VLAN_IDS.max
      ? accept(id)
      : refuse(`the number of a VLAN, from ${String(VLAN_IDS.min)} to ${String(VLAN_IDS.max)}`);
  },
  { ...VLAN_IDS, format: String },
);

/** The interface of an engine that works on one; null with other engines, and where there is a problem with it. */
export function chooseInterface(
  input: PacketInput & { readonly engine: Given<string> },
  machine: PacketMachine,
  problems: Problem[],
): ChosenInterface | null {
  const { engine, interface: given } = input;
  if (!engineHas(engine.value, 'worksOnInterface')) {
    for (const each of [given, input.gateway, input.vlan]) {
      if (each !== undefined) problems.push(problemOf(each, 'to be left out, or --engine packet beside it'));
    }
    return null;
  }
  if ((machine.platform ?? process.platform) !== 'linux') {
    problems.push(problemOf(engine, 'an engine for this system: packet needs Linux'));
    return null;
  }
  return findInterface(given, machine, problems);
}

/** The interface of a name, which must be there, be up and not be loopback; null where there is a problem with it. */
export function findInterface(
  given: Given<string> | undefined,
  machine: PacketMachine,
  problems: Problem[],
): ChosenInterface | null {
  const all = (machine.interfaces ?? systemInterfaces)();
  const usable = all.filter(({ isUp, isLoopback }) => isUp && !isLoopback).map(({ name }) => name);
  const here = usable.length === 0 ? 'none is up here' : `up here: ${usable.join(', ')}`;
  if (given === undefined) {
    problems.push({ option: '--interface', got: null, expected: `an interface for --engine packet (${here})` });
    return null;
  }
  const iface = all.find(({ name }) => name === given.value);
  const fault = faultOf(iface, here);
  if (iface !== undefined && fault === null) {
    return { iface, kernels: all.flatMap(({ addresses }) => addresses.map(({ address }) => address)) };
  }
  problems.push(problemOf(given, fault!));
  return null;
}

/** What is expected in place of an interface; null where it can be used. */
function faultOf(iface: InterfaceFacts | undefined, here: string): string | null {
  if (iface === undefined) return `an interface of this machine (${here})`;
  if (iface.isLoopback) return `an interface other than loopback, whose packets never leave the kernel (${here})`;
  if (!iface.isUp) return `an interface that is up (${here}; to bring it up: ip link set ${iface.name} up)`;
  return null;
}

/** Says of an interface without addresses that nothing is at its other end, where it is so. The option that asks for addresses is then no way out. */
export function checkCarrier(
  given: Given<string> | undefined,
  { iface }: ChosenInterface,
  problems: Problem[],
): boolean {
  if (given === undefined || iface.hasCarrier) return true;
  const wayOut = `plug its cable in; of a veth, set its other end up: ip link set PEER up`;
  problems.push(
    problemOf(given, `an interface with a carrier: nothing is at the other end of ${iface.name} (${wayOut})`),
  );
  return false;
}

/** How many threads can share an interface: each receive queue is one thread's. Infinity where there is no interface. */
export function threadsOf(chosen: ChosenInterface | null): number {
  return chosen === null ? Infinity : (chosen.iface.queues ?? 1);
}

/** Refuses more threads than the interface has receive queues. */
export function checkThreads(
  given: Given<unknown>,
  threads: number,
  chosen: ChosenInterface | null,
  problems: Problem[],
): void {
  const most = threadsOf(chosen);
  if (chosen === null || threads <= most) return;
  const { name } = chosen.iface;
  const why = `${name} has ${formatCountOf(most, 'receive queue')}, and each is one thread's`;
  problems.push(
    problemOf(
      given,
      `at most ${most}, because ${why} (for more, where the card has them: ethtool -L ${name} combined ${threads}; of a veth: rx ${threads} tx ${threads})`,
    ),
  );
}

/** Refuses more bytes than a connection of the packet engine sends. */
export function checkPacketBytes(
  given: Given<unknown> | undefined,
  bytes: number,
  engine: string,
  problems: Problem[],
): void {
  if (given === undefined || bytes <= PACKET_PAYLOAD_MAX_BYTES || !engineHas(engine, 'worksOnInterface')) return;
  const most = formatSize(PACKET_PAYLOAD_MAX_BYTES);
  problems.push(
    problemOf(
      given,
      `at most ${most} with --engine ${engine}, whose TCP is made for many short connections (these are ${bytes} bytes)`,
    ),
  );
}

/** Where ports of the kernel's own addresses must not be: the kernel gives them to other programs. */
export function isIn({ first, last }: PortRange, port: number): boolean {
  return port >= first && port <= last;
}

export function hasKernels(addresses: readonly AddressRun[]): boolean {
  return addresses.some(({ isKernels }) => isKernels);
}

/** The part of `config` that these options are. */
export function packetConfig(packet: PacketPlan | null): InterfaceConfig {
  if (packet === null) return {};
  const { interfaceName, gateway, vlan } = packet;
  return { interface: interfaceName, ...(gateway === null ? {} : { gateway }), ...(vlan === null ? {} : { vlan }) };
}

/** The interfaces that are up and have an address, which are all that Node.js tells of. */
function systemInterfaces(): InterfaceFacts[] {
  return Object.entries(networkInterfaces()).map(([name, addresses = []]) => ({
    name,
    isUp: true,
    isLoopback: addresses.some(({ internal }) => internal),
    hasCarrier: true,
    queues: null,
    addresses: addresses.map(({ address, family, cidr }) => ({
      address,
      family: family === 'IPv4' ? (4 as const) : (6 as const),
      prefixLength: Number(cidr?.split('/')[1] ?? (family === 'IPv4' ? 32 : 128)),
    })),
  }));
}
