/** What `--engine packet` needs beside a plan of any engine: an interface, and how to leave by it. */
import { networkInterfaces } from 'node:os';
import type { InterfaceConfig } from '../document/config.ts';
import { engineHas } from './engines.ts';
import { familyOf, type Family } from './address.ts';
import type { PacketPlan } from './plan.ts';
import { accept, problemOf, refuse, withRange, type Given, type Parsed, type Problem } from '../units/problem.ts';

/** The options that say where the packets of an engine go, each parsed by itself. */
export interface PacketInput {
  readonly interface?: Given<string> | undefined;
  readonly gateway?: Given<string> | undefined;
  readonly vlan?: Given<number> | undefined;
}

interface EngineInput extends PacketInput {
  readonly engine: Given<string>;
}

/** An interface of this machine. */
export interface InterfaceFacts {
  readonly name: string;
  readonly isUp: boolean;
  readonly isLoopback: boolean;
  /** Its receive queues; null where the system does not say. */
  readonly queues: number | null;
  readonly addresses: readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  readonly address: string;
  readonly family: Family;
  readonly prefixLength: number;
}

/** What the plan of a packet engine needs to know of the machine. */
export interface PacketMachine {
  readonly platform?: string;
  /** The interfaces; those that Node.js lists if left out. */
  readonly interfaces?: () => readonly InterfaceFacts[];
}

/** IFNAMSIZ in linux/if.h, less the byte that ends a name. */
const NAME_MAX_BYTES = 15;

/** Parses the name of an interface as Linux takes it (dev_valid_name in net/core/dev.c). */
export function parseInterface(text: string): Parsed<string> {
  const name = text.trim();
  const isName = /^[^\s/:]+$/.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) <= NAME_MAX_BYTES;
  return isName && !name.includes('\0') ? accept(name) : refuse('the name of an interface, such as eth0');
}

/** Parses an IPv4 or IPv6 address without a zone. */
export function parseGateway(text: string): Parsed<string> {
  const address = text.trim();
  return familyOf(address) !== null && !address.includes('%')
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

/** The part of a plan that only an engine has which works on an interface; null with other engines, and where there is a problem. */
export function planPacket(input: EngineInput, machine: PacketMachine, problems: Problem[]): PacketPlan | null {
  if (!engineHas(input.engine.value, 'worksOnInterface')) {
    for (const given of [input.interface, input.gateway, input.vlan]) {
      if (given !== undefined) problems.push(problemOf(given, 'to be left out, or --engine packet beside it'));
    }
    return null;
  }
  if ((machine.platform ?? process.platform) !== 'linux') {
    problems.push(problemOf(input.engine, 'an engine for this system: packet needs Linux'));
    return null;
  }
  const interfaceName = planInterface(input, machine, problems);
  if (interfaceName === null) return null;
  return { interfaceName, gateway: input.gateway?.value ?? null, vlan: input.vlan?.value ?? null };
}

/** The part of `config` that these options are. */
export function packetConfig(packet: PacketPlan | null): InterfaceConfig {
  if (packet === null) return {};
  const { interfaceName, gateway, vlan } = packet;
  return { interface: interfaceName, ...(gateway === null ? {} : { gateway }), ...(vlan === null ? {} : { vlan }) };
}

function planInterface({ interface: given }: EngineInput, machine: PacketMachine, problems: Problem[]): string | null {
  const all = (machine.interfaces ?? systemInterfaces)();
  const usable = all.filter(({ isUp, isLoopback }) => isUp && !isLoopback).map(({ name }) => name);
  const here = usable.length === 0 ? 'none is up here' : `up here: ${usable.join(', ')}`;
  if (given === undefined) {
    problems.push({ option: '--interface', got: null, expected: `an interface for --engine packet (${here})` });
    return null;
  }
  const expected = faultOf(given.value, all, here);
  if (expected === null) return given.value;
  problems.push(problemOf(given, expected));
  return null;
}

/** What is expected in place of an interface; null where it can be used. */
function faultOf(name: string, all: readonly InterfaceFacts[], here: string): string | null {
  const found = all.find((each) => each.name === name);
  if (found === undefined) return `an interface of this machine (${here})`;
  if (found.isLoopback) return `an interface other than loopback, whose packets never leave the kernel (${here})`;
  if (!found.isUp) return `an interface that is up (${here}; to bring it up: ip link set ${name} up)`;
  return null;
}

/** The interfaces that are up and have an address, which are all that Node.js tells of. */
function systemInterfaces(): InterfaceFacts[] {
  return Object.entries(networkInterfaces()).map(([name, addresses = []]) => ({
    name,
    isUp: true,
    isLoopback: addresses.some(({ internal }) => internal),
    queues: null,
    addresses: addresses.map(({ address, family, cidr }) => ({
      address,
      family: family === 'IPv4' ? (4 as const) : (6 as const),
      prefixLength: Number(cidr?.split('/')[1] ?? (family === 'IPv4' ? 32 : 128)),
    })),
  }));
}
