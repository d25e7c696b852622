/** The source ports of a plan, from its load and its machine. */
import { canonicalAddress } from '../address/address.ts';
import { demandOf, type PlannedLoad } from '../demand/demand.ts';
import { problemOf, type Given, type Problem } from '../../units/problem.ts';
import { NS_PER_SEC } from '../../units/quantity.ts';
import { planPacketPorts } from '../packet/packet-client-plan.ts';
import { choosePorts, portsNeeded, type PortChoice, type PortMachine, type SourcePorts } from './source-ports.ts';
import type { PortsPart } from '../fleet/share.ts';
import { countSources, hasSource, missingSources } from '../address/sources.ts';

/** What the ports of a plan depend on. */
export interface SourcePortsMachine extends PortMachine {
  /** How long a port rests after our close before it is used again towards an address; the 60 s of TIME_WAIT if left out. */
  readonly reuseDelayNs?: (address: string) => number;
  /** Whether an address is this machine's; asked of the system if left out. */
  readonly isOwnAddress?: (address: string) => Promise<boolean>;
}

const TIME_WAIT_NS = 60 * NS_PER_SEC;

/** Refuses ports that this process may not bind. */
export function checkSourcePorts(
  given: Given<PortChoice> | undefined,
  machine: SourcePortsMachine,
  problems: Problem[],
): void {
  const lowest = machine.lowestPort ?? 0;
  if (given?.value.kind !== 'ranges') return;
  const { first } = given.value.ranges[0]!;
  if (first >= lowest) return;
  const wayOut = `sysctl -w net.ipv4.ip_unprivileged_port_start=${first}`;
  problems.push(problemOf(given, `ports from ${lowest} on, because those below take root (or ${wayOut})`));
}

/** Addresses of this machine, and no others, can be bound; AnyIP routes count too. */
async function canBindTo(address: string): Promise<boolean> {
  return (await missingSources([address])).length === 0;
}

/** What source ports are planned for. */
interface PortsPlanned {
  /** The plan, whose other parts are checked. */
  readonly load: PlannedLoad;
  /** False where trials find the rate. */
  readonly isRateKnown: boolean;
  readonly portsPart: PortsPart;
}

/** The ports of a plan whose other parts are checked. */
export async function planSourcePorts(
  given: Given<PortChoice> | undefined,
  { load, isRateKnown, portsPart }: PortsPlanned,
  machine: SourcePortsMachine,
  problems: Problem[],
): Promise<SourcePorts> {
  const { target, sources, packet } = load;
  if (packet !== null) return planPacketPorts(given, { packet, target }, machine, portsPart, problems);
  const address = canonicalAddress(target.address);
  const isOwn = machine.isOwnAddress ?? canBindTo;
  // TCP connects to itself where both ends are the same address and port (RFC 9293 section 3.5, simultaneous open).
  const meetsItself = sources.length === 0 ? await isOwn(target.address) : hasSource(sources, address);
  const reuseDelayNs = machine.reuseDelayNs?.(target.address) ?? TIME_WAIT_NS;
  const needed = portsNeeded(demandOf(load, reuseDelayNs), countSources(sources), isRateKnown, portsPart.of);
  const ports = choosePorts(given?.value, machine, needed, meetsItself ? target.port : null, portsPart);
  if (given !== undefined && ports.kind === 'own' && ports.ranges.length === 0) {
    const own = meetsItself
      ? ` or the target's own (${target.port}), from which a connection would be one to itself`
      : '';
    problems.push(problemOf(given, `a port that is not reserved (ip_local_reserved_ports)${own}`));
  }
  return ports;
}
