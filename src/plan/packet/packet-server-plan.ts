/** The plan of a server whose engine works on an interface: the addresses that it answers for. */
import { addressRuns } from '../address/address-runs.ts';
import { parseHost } from '../address/address.ts';
import {
  checkCarrier,
  chooseInterface,
  hasKernels,
  isIn,
  type ChosenInterface,
  type PacketInput,
  type PacketMachine,
} from './packet-plan.ts';
import type { PacketPlan, ServerProtocol } from '../plan.ts';
import type { PortMachine } from '../ports/source-ports.ts';
import { OWN_SOURCES_MAX, parsePrefix, parseSource, planRuns, type SourceRuns } from '../address/sources.ts';
import { accept, problemOf, type Given, type Parsed, type Problem } from '../../units/problem.ts';
import { formatRanges } from '../ports/source-ports.ts';

interface ServerPacketInput extends PacketInput {
  readonly engine: Given<string>;
  readonly host?: Given<string> | undefined;
  readonly port: Given<number>;
  readonly protocol: Given<ServerProtocol>;
}

/** Parses where a server listens: an address, a name, or a prefix for an engine that answers for one. */
export function parseListenHost(text: string): Parsed<string> {
  if (!text.includes('/')) return parseHost(text);
  const expected = 'an address, a name, or a prefix such as 198.18.1.0/24';
  const prefix = parsePrefix(text.trim(), expected, `${String(OWN_SOURCES_MAX)} addresses`);
  return prefix.ok ? accept(text.trim()) : prefix;
}

export interface PlannedServerPacket {
  readonly chosen: ChosenInterface | null;
  readonly packet: PacketPlan | null;
}

/** What an engine that works on an interface needs; `host` is resolved, null where none was given or there is a problem with it. */
export function planServerPacket(
  input: ServerPacketInput,
  host: string | null,
  machine: PacketMachine & PortMachine,
  problems: Problem[],
): PlannedServerPacket {
  const chosen = chooseInterface(input, machine, problems);
  if (chosen === null) return { chosen, packet: null };
  if (input.protocol.value !== 'tcp') {
    problems.push(problemOf(input.protocol, 'tcp with --engine packet, which has no datagrams'));
  }
  const sources = answeredFor(input, host, chosen, problems);
  if (sources === null) return { chosen, packet: null };
  const addresses = addressRuns(sources, chosen.kernels);
  if (hasKernels(addresses)) checkPort(input.port, machine, problems);
  const vlan = input.vlan?.value ?? null;
  return { chosen, packet: { interfaceName: chosen.iface.name, gateway: null, vlan, addresses } };
}

/** The addresses of `--host`, else all of the interface's own. */
function answeredFor(
  input: ServerPacketInput,
  host: string | null,
  chosen: ChosenInterface,
  problems: Problem[],
): SourceRuns | null {
  const { host: given, vlan } = input;
  const { iface } = chosen;
  if (given !== undefined && host === null) return null;
  const own = vlan === undefined ? iface.addresses.map(({ address }) => address) : [];
  const specs = (host === null ? own : [host]).map(parseSource).flatMap((parsed) => (parsed.ok ? parsed.value : []));
  if (specs.length === 0) {
    if (vlan === undefined && !checkCarrier(input.interface, chosen, problems)) return null;
    const why =
      vlan === undefined ? `${iface.name} has no address of its own` : `those of ${iface.name} are in no VLAN`;
    const expected = `an address or a prefix to answer for with --engine packet, because ${why} (such as 198.18.1.1)`;
    problems.push({ option: '--host', got: null, expected });
    return null;
  }
  const runs = planRuns(specs, OWN_SOURCES_MAX);
  if (runs.ok) return runs.value;
  problems.push({ option: given?.label ?? '--host', got: given?.text ?? null, expected: runs.expected });
  return null;
}

/** On an address that the kernel has, a port is either the kernel's or ours. */
function checkPort(port: Given<number>, { localPorts, listeningPorts }: PortMachine, problems: Problem[]): void {
  if (isIn(localPorts, port.value)) {
    const why = 'the kernel gives those to programs of this machine, which has the address too';
    problems.push(problemOf(port, `a port outside of ${formatRanges([localPorts])} with --engine packet: ${why}`));
  } else if (listeningPorts?.has(port.value) === true) {
    problems.push(
      problemOf(
        port,
        'a port that no program of this machine listens on, or an address of --host that it does not have',
      ),
    );
  }
}
