/** Source ports: what `--source-ports` takes, and which ports a plan uses. Pure. */
import { PORT_MAX } from '../../units/quantity.ts';
import { formatCount } from '../../units/format.ts';
import { ALL_PORTS, type PortsPart } from '../fleet/share.ts';
import { accept, refuse, type Parsed } from '../../units/problem.ts';

/** Both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What the user may ask for. */
export type PortChoice =
  | { readonly kind: 'ranges'; readonly ranges: readonly PortRange[] }
  /** `system`: the system's own range. `most`: all but an eighth of it. `kernel`: the kernel chooses. */
  | { readonly kind: 'system' | 'most' }
  | { readonly kind: 'kernel' };

/** Source ports that the generator hands out itself, in ascending ranges, or the kernel's choice. */
export type SourcePorts =
  | { readonly kind: 'own'; readonly ranges: readonly PortRange[] }
  /** `mayMeetItself`: the target's own port on this machine is one that the kernel may choose. */
  | { readonly kind: 'kernel'; readonly mayMeetItself: boolean };

/** What a machine says of its ports. */
export interface PortMachine {
  /** The ports the kernel chooses from (ip_local_port_range). */
  readonly localPorts: PortRange;
  /** The lowest port that this process may bind; any if left out. */
  readonly lowestPort?: number;
  /** Ports that the administrator keeps for a service (ip_local_reserved_ports). */
  readonly reservedPorts?: ReadonlySet<number>;
  /** Ports on which a TCP socket listens. */
  readonly listeningPorts?: ReadonlySet<number>;
  /** The local ports of connections that this machine has to an address and port. */
  readonly connectedPorts?: (address: string, port: number) => ReadonlySet<number>;
}

/** How many ports a plan takes from each source address: if the target answers immediately, and if every attempt times out. */
export interface PortsNeeded {
  readonly least: number;
  readonly most: number;
}

const LOWEST_PORT = 1024;
/** Most daemons listen below: databases, web servers, metrics. Their ports are taken only where those above are too few. */
const ABOVE_SERVICES = 10_000;
/** The parts into which the system's range is divided; the last of them is never taken. */
const PARTS = 8;

/**
 * How many ports a run gets whose rate is not known beforehand (`--rate max`, `search`, `saturate`): as many as Linux's
 * default range has. On a default system the ports outside of that range are more.
 */
export const PORTS_OF_UNKNOWN_RATE = 28_232;

/** More than the plan asks for: connections that take longer keep their ports longer, and some ports are taken by others. */
const SPARE = 0.05;

const EXPECTED = 'ports such as 1024-65535 or 10000-32767,61000-65535, or system, most or kernel';

/** Parses ports and ranges of them, separated by commas, or one of the words. */
export function parseSourcePorts(text: string): Parsed<PortChoice> {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === 'kernel' || trimmed === 'system' || trimmed === 'most') return accept({ kind: trimmed });
  const ranges: PortRange[] = [];
  for (const part of trimmed.split(',')) {
    const match = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(part);
    if (match === null) return refuse(EXPECTED);
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first < 1 || last > PORT_MAX) return refuse(`ports from 1 to ${String(PORT_MAX)}`);
    if (first > last) return refuse('a range whose first port is not above its last');
    ranges.push({ first, last });
  }
  ranges.sort((a, b) => a.first - b.first);
  // Used twice, one 4-tuple would be handed out twice.
  const isTwice = ranges.some((range, index) => index > 0 && range.first <= ranges[index - 1]!.last);
  return isTwice ? refuse('each port once') : accept({ kind: 'ranges', ranges });
}

/** The text that `--source-ports` takes for it. */
export function formatSourcePorts(ports: SourcePorts): string {
  return ports.kind === 'kernel' ? 'kernel' : formatRanges(ports.ranges);
}

export function formatRanges(ranges: readonly PortRange[]): string {
  return ranges
    .map(({ first, last }) => (first === last ? String(first) : `${String(first)}-${String(last)}`))
    .join(',');
}

export function countPorts(ranges: readonly PortRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** Every port of the ranges, in their order. */
export function expandPorts(ranges: readonly PortRange[]): number[] {
  return ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

/** The ranges of ascending ports. */
export function rangesOf(ports: readonly number[]): PortRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const port of ports) {
    const range = ranges.at(-1);
    if (range?.last === port - 1) range.last = port;
    else ranges.push({ first: port, last: port });
  }
  return ranges;
}

/**
 * One part of ports, all parts as long as each other but for one port. It is cut from a list that is the same on every machine that
 * shares the address: before ports are left out that are in use at the moment.
 */
export function partOfPorts(ports: readonly number[], { index, of }: PortsPart): readonly number[] {
  const cut = (part: number): number => Math.floor((ports.length * part) / of);
  return of === 1 ? ports : ports.slice(cut(index), cut(index + 1));
}

/**
 * The ports that a plan uses. `ownPort` is left out: the port of a target to which a connection from that port would be a
 * connection to itself. So are reserved ports. No range is left where nothing else was asked for.
 *
 * By default these are ports that the kernel gives to no program by itself. A port that a program binds belongs to this
 * program alone, also for a minute in TIME_WAIT: the kernel marks it (fastreuse of its bind bucket is not negative), and
 * `connect` of any other program passes over it, whatever its target (__inet_hash_connect in net/ipv4/inet_hashtables.c);
 * so does `bind` to port 0 (inet_csk_find_open_port in net/ipv4/inet_connection_sock.c). A run over the whole
 * ip_local_port_range therefore leaves other programs without ports. IP_BIND_ADDRESS_NO_PORT with IP_LOCAL_PORT_RANGE of one
 * port leaves no such mark, but costs half of the rate from one address (bench/README.md), and without it the kernel would
 * search; SO_REUSEADDR, which our sockets have, only helps programs that bind the same port and have it too: a server that
 * starts on a port in our TIME_WAIT. Ports outside of the range cost nothing and harm none of them.
 */
export function choosePorts(
  choice: PortChoice | undefined,
  machine: PortMachine,
  needed: PortsNeeded,
  ownPort: number | null,
  part: PortsPart = ALL_PORTS,
): SourcePorts {
  const { localPorts, reservedPorts } = machine;
  if (choice?.kind === 'kernel') {
    const mayMeetItself = ownPort !== null && ownPort >= localPorts.first && ownPort <= localPorts.last;
    return { kind: 'kernel', mayMeetItself };
  }
  const isUsable = (port: number): boolean => port !== ownPort && reservedPorts?.has(port) !== true;
  const asked = choice?.kind === 'system' ? [localPorts] : choice?.kind === 'ranges' ? choice.ranges : null;
  if (asked !== null) return { kind: 'own', ranges: rangesOf(partOfPorts(expandPorts(asked).filter(isUsable), part)) };
  const isFree = (port: number): boolean => isUsable(port) && machine.listeningPorts?.has(port) !== true;
  const wanted = choice?.kind === 'most' ? { least: Infinity, most: Infinity } : needed;
  return { kind: 'own', ranges: rangesOf(portsFor(wanted, machine, isFree, part)) };
}

/** Chooses this many ports: first those that no other program uses, last a part of the system's range. */
function portsFor(
  needed: PortsNeeded,
  machine: PortMachine,
  isFree: (port: number) => boolean,
  part: PortsPart,
): number[] {
  const { localPorts, lowestPort = 0 } = machine;
  const isOutside = (port: number): boolean => port < localPorts.first || port > localPorts.last;
  const freeOf = (first: number, last: number, isIn: (port: number) => boolean): number[] =>
    partOfPorts(expandPorts([{ first, last }]).filter(isIn), part).filter(isFree);
  const lowest = Math.max(LOWEST_PORT, lowestPort);
  const quiet = freeOf(Math.max(ABOVE_SERVICES, lowest), PORT_MAX, isOutside);
  if (quiet.length >= needed.most) return quiet;
  const outside = [...freeOf(lowest, ABOVE_SERVICES - 1, isOutside), ...quiet];
  if (outside.length >= needed.least) return outside;
  const systems = freeOf(localPorts.first, localPorts.last, (port) => port >= lowestPort);
  const parts = Math.min(PARTS - 1, Math.ceil(((needed.least - outside.length) * PARTS) / systems.length));
  // From its end: a bind to port 0 looks in the lower half first.
  const tail = systems.slice(systems.length - Math.floor((systems.length * parts) / PARTS));
  return [...outside, ...tail].sort((a, b) => a - b);
}

/** One line: which ports a run takes, and what is left for other programs. */
export function sourcePortsLine(ports: SourcePorts, machine: PortMachine): string {
  const { left, of } = leftToOthers(ports, machine);
  const range = formatRanges([machine.localPorts]);
  if (ports.kind === 'kernel') return `source ports: the kernel chooses them (${range})`;
  const own = ownPortsLine(ports.ranges);
  if (left === of) return `${own}; other programs keep all ${formatCount(of)} of theirs (${range})`;
  return `${own}; other programs keep ${formatCount(left)} of their ${formatCount(of)} (${range})`;
}

/** The same of an engine that takes no ports of the kernel's. */
export function ownPortsLine(ranges: readonly PortRange[]): string {
  return `source ports: ${formatCount(countPorts(ranges))} for each source address (${shortRanges(ranges)})`;
}

const RANGES_SHOWN = 6;

function shortRanges(ranges: readonly PortRange[]): string {
  if (ranges.length <= RANGES_SHOWN) return formatRanges(ranges);
  const { first } = ranges[0]!;
  const { last } = ranges.at(-1)!;
  return `${String(ranges.length)} ranges from ${String(first)} to ${String(last)}`;
}

/** What a plan asks for over all its source addresses, see `demandOf`. */
interface PortDemand {
  readonly ports: PortsNeeded;
  readonly hasClosedLoop: boolean;
}

/**
 * What a plan takes from each of its source addresses. `isRateKnown` is false where trials find the rate. `machines`: how many share
 * the addresses.
 */
export function portsNeeded(demand: PortDemand, sources: number, isRateKnown: boolean, machines = 1): PortsNeeded {
  const each = (ports: number): number => Math.ceil(ports / Math.max(1, sources));
  const { least, most } = demand.ports;
  if (isRateKnown && !demand.hasClosedLoop) return { least: each(least * (1 + SPARE)), most: each(most * (1 + SPARE)) };
  return { least: Math.ceil(PORTS_OF_UNKNOWN_RATE / machines), most: Infinity };
}

/** How many ports of the system's range other programs can still be given, and how many these are without the run. */
export function leftToOthers(
  ports: SourcePorts,
  { localPorts, reservedPorts }: PortMachine,
): { readonly left: number; readonly of: number } {
  const systems = expandPorts([localPorts]).filter((port) => reservedPorts?.has(port) !== true);
  if (ports.kind === 'kernel') return { left: systems.length, of: systems.length };
  const isTaken = (port: number): boolean => ports.ranges.some(({ first, last }) => port >= first && port <= last);
  return { left: systems.filter((port) => !isTaken(port)).length, of: systems.length };
}
