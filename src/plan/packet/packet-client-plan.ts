/** The plan of a client whose engine works on an interface: its sources, its router, its ports. */
import { ADDRESS_RUNS_MAX, addressRuns } from '../address/address-runs.ts';
import { canonicalAddress, familyOf, isOwnAddress, type Family } from '../address/address.ts';
import {
  checkCarrier,
  chooseInterface,
  hasKernels,
  type ChosenInterface,
  type InterfaceAddress,
  type PacketInput,
  type PacketMachine,
} from './packet-plan.ts';
import type { Endpoint, PacketPlan } from '../plan.ts';
import {
  expandPorts,
  formatRanges,
  partOfPorts,
  rangesOf,
  type PortChoice,
  type PortMachine,
  type PortRange,
  type SourcePorts,
} from '../ports/source-ports.ts';
import type { PortsPart } from '../fleet/share.ts';
import {
  hasSource,
  parseSource,
  runOf,
  toNumber,
  toText,
  type SourceRuns,
  type SourceSpec,
} from '../address/sources.ts';
import { problemOf, type Given, type Problem } from '../../units/problem.ts';
import { PORT_MAX } from '../../units/quantity.ts';

interface ClientPacketInput extends PacketInput {
  readonly engine: Given<string>;
  readonly source: readonly Given<SourceSpec>[];
}

interface ClientPacketMachine extends PacketMachine {
  readonly isOwnAddress?: (address: string) => Promise<boolean>;
}

/** Both ends, as far as they could be planned. */
export interface PlannedEnds {
  readonly sources: SourceRuns;
  /** Null where there is a problem with it. */
  readonly target: Endpoint | null;
  /** What said where the target is. */
  readonly asked: Given<unknown>;
}

export interface PlannedPacket {
  readonly chosen: ChosenInterface | null;
  /** Null with other engines, and where there is a problem. */
  readonly packet: PacketPlan | null;
}

/** What an engine that works on an interface needs; every problem with it is in the list. */
export async function planClientPacket(
  input: ClientPacketInput,
  machine: ClientPacketMachine,
  ends: PlannedEnds,
  problems: Problem[],
): Promise<PlannedPacket> {
  const chosen = chooseInterface(input, machine, problems);
  const { target } = ends;
  if (chosen === null || target === null) return { chosen, packet: null };
  await checkTarget(target, ends.asked, machine, problems);
  const found = problems.length;
  checkSources(input, ends.sources, target, problems);
  checkSourceKinds(input, ends.sources, chosen, problems);
  checkGateway(input, chosen, target, problems);
  const sources = input.source.length > 0 ? ends.sources : ownSource(input, chosen, target, problems);
  if (problems.length > found) return { chosen, packet: null };
  const addresses = addressRuns(sources, chosen.kernels);
  if (addresses.length > ADDRESS_RUNS_MAX) {
    const got = input.source.map(({ text }) => text).join(', ');
    const expected = `at most ${ADDRESS_RUNS_MAX} ranges with --engine packet; these are ${addresses.length}`;
    problems.push({ option: input.source[0]?.label ?? '--source', got, expected });
  }
  const packet: PacketPlan = {
    interfaceName: chosen.iface.name,
    gateway: input.gateway?.value.replace(/%.*$/, '') ?? null,
    vlan: input.vlan?.value ?? null,
    addresses,
  };
  return { chosen, packet };
}

/** The kernel hands what is for itself to itself, and no packet of it is ever on an interface. */
async function checkTarget(
  { address }: Endpoint,
  asked: Given<unknown>,
  machine: ClientPacketMachine,
  problems: Problem[],
): Promise<void> {
  const isOwn = machine.isOwnAddress ?? (async (each) => isOwnAddress(each));
  if (!(await isOwn(address))) return;
  const why = `packets to ${address} never leave this machine by an interface`;
  problems.push(problemOf(asked, `an address of another machine with --engine packet: ${why}`));
}

/** The engine answers for its sources, so they must not be addresses of another machine. */
function checkSources(
  { source, gateway }: ClientPacketInput,
  sources: SourceRuns,
  target: Endpoint,
  problems: Problem[],
): void {
  const [first] = source;
  if (first === undefined) return;
  const got = source.map(({ text }) => text).join(', ');
  const others = [
    ['the target', target.address],
    ['the router', gateway?.value ?? ''],
  ] as const;
  for (const [what, address] of others) {
    if (!hasSource(sources, canonicalAddress(address))) continue;
    const why = `conngen answers for every source, and ${address} is ${what}`;
    problems.push({ option: first.label, got, expected: `addresses without ${address}: ${why}` });
  }
}

/** Ranges of which no address can be the source of a packet on a network. */
const NO_SOURCES = [
  ['0.0.0.0/8', 'an address of "this network" (RFC 1122)'],
  ['127.0.0.0/8', 'a loopback address'],
  ['224.0.0.0/4', 'a multicast address'],
  ['255.255.255.255', 'the broadcast address'],
  ['::', 'the unspecified address'],
  ['::1', 'the loopback address'],
  ['ff00::/8', 'a multicast address'],
] as const;

/** Other machines drop what comes from such an address (RFC 1122, section 3.2.1.3; RFC 4291, section 2.7). */
function checkSourceKinds(
  { source }: ClientPacketInput,
  sources: SourceRuns,
  { iface }: ChosenInterface,
  problems: Problem[],
): void {
  const [first] = source;
  if (first === undefined) return;
  const broadcasts = iface.addresses.flatMap((own) => broadcastOf(own) ?? []);
  const ranges: readonly NoSources[] = [
    ...NO_SOURCES.map(([range, what]) => [...endsOf(range), what] as const),
    ...broadcasts.map((value) => [4, value, value, `the broadcast address of a network of ${iface.name}`] as const),
  ];
  for (const spec of sources) {
    const run = runOf(spec);
    const last = run.first + BigInt(run.count) - 1n;
    const fault = ranges.find(([family, from, to]) => family === run.family && run.first <= to && last >= from);
    if (fault === undefined) continue;
    const [family, from, , what] = fault;
    const address = toText(family, run.first > from ? run.first : from);
    const got = source.map(({ text }) => text).join(', ');
    const expected = `addresses without ${address}, which is ${what}`;
    problems.push({ option: first.label, got, expected: `${expected}${withoutThem(first.label, run, ranges)}` });
  }
}

/** Family, first and last address, and what they are. */
type NoSources = readonly [Family, bigint, bigint, string];

/** More pieces are not worth typing. */
const PIECES_MAX = 3;

/** What to type in place of a run of addresses, some of which cannot be sources; empty where nothing is left of it. */
function withoutThem(
  label: string,
  { family, first, count }: ReturnType<typeof runOf>,
  ranges: readonly NoSources[],
): string {
  let pieces: (readonly [bigint, bigint])[] = [[first, first + BigInt(count) - 1n]];
  for (const [of, from, to] of ranges) {
    if (of !== family) continue;
    pieces = pieces.flatMap(([low, high]): [bigint, bigint][] => {
      if (from > high || to < low) return [[low, high]];
      return [[low, from - 1n] as [bigint, bigint], [to + 1n, high] as [bigint, bigint]].filter(([a, b]) => a <= b);
    });
  }
  if (pieces.length === 0 || pieces.length > PIECES_MAX) return '';
  const text = pieces.map(([low, high]) => {
    const range = low === high ? toText(family, low) : `${toText(family, low)}-${toText(family, high)}`;
    return `${label} ${range}`;
  });
  return `: ${text.join(' ')}`;
}

function endsOf(range: string): readonly [4 | 6, bigint, bigint] {
  const [address = '', length] = range.split('/');
  const { family, value } = toNumber(address)!;
  const bits = family === 4 ? 32 : 128;
  return [family, value, value + (1n << BigInt(bits - Number(length ?? bits))) - 1n];
}

/** Of a network with one (RFC 3021: /31 has none). */
function broadcastOf({ address, family, prefixLength }: InterfaceAddress): bigint | null {
  if (family !== 4 || prefixLength > 30) return null;
  return toNumber(address)!.value | ((1n << BigInt(32 - prefixLength)) - 1n);
}

function checkGateway(
  { gateway, source }: ClientPacketInput,
  { iface, kernels }: ChosenInterface,
  target: Endpoint,
  problems: Problem[],
): void {
  if (gateway === undefined) return;
  const [address = '', zone] = gateway.value.split('%');
  if (zone !== undefined && zone !== iface.name) {
    problems.push(problemOf(gateway, `a router on ${iface.name}, which is the --interface, and not on ${zone}`));
    return;
  }
  const family = familyOf(address);
  if (family !== target.family) {
    problems.push(problemOf(gateway, `an IPv${target.family} address, as the target ${target.address} is one`));
    return;
  }
  if (kernels.some((own) => canonicalAddress(own) === canonicalAddress(address))) {
    problems.push(problemOf(gateway, 'the address of a router, which is not one of this machine'));
    return;
  }
  // What network sources have that are not the kernel's is not known here.
  if (source.length > 0 || isLinkLocal(address)) return;
  const networks = iface.addresses.filter((own) => own.family === family);
  if (networks.length === 0 || networks.some((own) => isInNetwork(address, own))) return;
  const listed = networks.map((own) => `${own.address}/${own.prefixLength}`).join(', ');
  problems.push(problemOf(gateway, `an address in a network of ${iface.name} (${listed})`));
}

/** The interface's own address: of the target's network where there is one. */
function ownSource(
  { interface: given, vlan }: ClientPacketInput,
  chosen: ChosenInterface,
  target: Endpoint,
  problems: Problem[],
): SourceRuns {
  const { iface } = chosen;
  const example = target.family === 4 ? '198.18.0.0/24' : 'fd00:c::/120';
  if (vlan !== undefined) {
    const expected = `source addresses in VLAN ${vlan.value}, to which those of ${iface.name} do not belong, beside ${vlan.label} (such as ${example})`;
    problems.push({ option: '--source', got: null, expected });
    return [];
  }
  const usable = iface.addresses.filter(
    ({ address, family }) => family === target.family && isLinkLocal(address) === isLinkLocal(target.address),
  );
  const own = usable.find((each) => isInNetwork(target.address, each)) ?? usable[0];
  const parsed = own === undefined ? null : parseSource(own.address);
  if (parsed?.ok === true) return [parsed.value];
  if (!checkCarrier(given, chosen, problems)) return [];
  const why = `${iface.name} has no IPv${target.family} address that could be the default`;
  const expected = `source addresses with --engine packet, because ${why} (such as ${example}, with a route to them at the target's side)`;
  problems.push({ option: '--source', got: null, expected });
  return [];
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

function isInNetwork(address: string, network: InterfaceAddress): boolean {
  const one = toNumber(address.replace(/%.*$/, ''));
  const other = toNumber(network.address.replace(/%.*$/, ''));
  if (one === null || other?.family !== one.family) return false;
  const hostBits = BigInt((one.family === 4 ? 32 : 128) - network.prefixLength);
  return one.value >> hostBits === other.value >> hostBits;
}

const LOWEST_PORT = 1024;

/** What ports of the packet engine are planned for. */
interface PacketEnds {
  readonly packet: PacketPlan;
  readonly target: Endpoint;
}

/**
 * The source ports of an engine whose connections are its own. With addresses that this machine does not have, all of them from 1024 on.
 * With the kernel's addresses, none that the kernel gives to programs, and none from which a program is connected to the target: their
 * packets would be taken from them.
 */
export function planPacketPorts(
  given: Given<PortChoice> | undefined,
  { packet, target }: PacketEnds,
  machine: PortMachine,
  part: PortsPart,
  problems: Problem[],
): SourcePorts {
  const { localPorts } = machine;
  const isShared = hasKernels(packet.addresses);
  if (given?.value.kind === 'kernel') {
    problems.push(
      problemOf(given, 'ports that conngen takes itself: with --engine packet the kernel has no part in it'),
    );
    return { kind: 'own', ranges: [] };
  }
  const asked = askedPorts(given?.value, localPorts, isShared);
  const clash = isShared && asked.some(({ first, last }) => first <= localPorts.last && last >= localPorts.first);
  const system = formatRanges([localPorts]);
  const wayOut = `or --source with addresses that this machine does not have`;
  if (clash && given !== undefined) {
    const why = `the kernel gives those to programs of this machine, which has a source address too`;
    const free = formatRanges(without([{ first: LOWEST_PORT, last: PORT_MAX }], localPorts));
    problems.push(
      problemOf(given, `ports outside of ${system}: ${why} (${free === '' ? '' : `such as ${free}, `}${wayOut})`),
    );
    return { kind: 'own', ranges: [] };
  }
  const { listeningPorts, reservedPorts } = machine;
  const inUse = isShared ? [listeningPorts, reservedPorts, machine.connectedPorts?.(target.address, target.port)] : [];
  const isFree = (port: number): boolean => !inUse.some((ports) => ports?.has(port) === true);
  const ranges = rangesOf(partOfPorts(expandPorts(asked), part).filter(isFree));
  if (ranges.length === 0) {
    const expected = `a port that the kernel gives to no program of this machine: ip_local_port_range is ${system} (sysctl -w net.ipv4.ip_local_port_range="32768 60999", ${wayOut})`;
    problems.push({ option: given?.label ?? '--source-ports', got: given?.text ?? null, expected });
  }
  return { kind: 'own', ranges };
}

function askedPorts(choice: PortChoice | undefined, localPorts: PortRange, isShared: boolean): readonly PortRange[] {
  if (choice?.kind === 'ranges') return choice.ranges;
  if (choice?.kind === 'system') return [localPorts];
  const all = [{ first: LOWEST_PORT, last: PORT_MAX }];
  return isShared ? without(all, localPorts) : all;
}

function without(ranges: readonly PortRange[], { first, last }: PortRange): PortRange[] {
  return ranges.flatMap((range) =>
    [
      { first: range.first, last: Math.min(range.last, first - 1) },
      { first: Math.max(range.first, last + 1), last: range.last },
    ].filter((part) => part.first <= part.last),
  );
}
