/** What an agent may aim at: networks with ports (`--allow-target`). Names are not among them: who owns a name can move it. */
import { formatHostPort, type Family } from './address.ts';
import { toNumber, toText } from './sources.ts';
import { accept, refuse, type Parsed } from '../../units/problem.ts';
import { PORT_MAX } from '../../units/quantity.ts';

/** Ports from the first to the last, both included. */
interface Ports {
  readonly first: number;
  readonly last: number;
}

/** Addresses that agree with `address` in the first `length` bits. */
interface Network {
  readonly family: Family;
  readonly address: bigint;
  readonly length: number;
}

/** A network, or all addresses, with ports. */
export interface AllowedTarget {
  /** Null: any address, which the word `any` means. */
  readonly network: Network | null;
  /** Empty: any port. */
  readonly ports: readonly Ports[];
}

const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };
const EXAMPLES = 'such as 10.0.0.0/8, 10.0.0.5:80,443 or [2001:db8::/32]:8000-8100';
const ANY = 'any';
/** `::ffff:0:0/96`: IPv4 addresses that are written as IPv6 ones (RFC 4291, section 2.5.5.2). */
const MAPPED = 0xffffn;

/** What an agent may aim at without `--allow-target`: itself. */
export const LOOPBACK_TARGETS: readonly AllowedTarget[] = [
  { network: { family: 4, address: 0x7f00_0000n, length: 8 }, ports: [] },
  { network: { family: 6, address: 1n, length: 128 }, ports: [] },
];

/** Parses `10.0.0.0/8`, `10.0.0.5:80,443`, `[2001:db8::/32]:8000-8100`, `any` or `any:443`. */
export function parseAllowedTarget(text: string): Parsed<AllowedTarget> {
  const { networkText, portsText } = split(text.trim());
  if (/^\d+(?:-\d+)?$/.test(networkText) && portsText === null) {
    return refuse(`a network ${EXAMPLES}; where commas separate networks, give the network again for each port`);
  }
  const ports = portsText === null ? accept<readonly Ports[]>([]) : parsePorts(portsText);
  if (networkText === ANY) return ports.ok ? accept({ network: null, ports: ports.value }) : ports;
  const network = parseNetwork(networkText);
  if (!network.ok) return network;
  return ports.ok ? accept({ network: network.value, ports: ports.value }) : ports;
}

/** Returns what the parser reads back. */
export function formatAllowedTarget({ network, ports }: AllowedTarget): string {
  const portsText = ports.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(',');
  if (network === null) return portsText === '' ? ANY : `${ANY}:${portsText}`;
  const { family, address, length } = network;
  const networkText = `${toText(family, address)}${length === BITS[family] ? '' : `/${length}`}`;
  if (portsText === '') return networkText;
  return `${family === 6 ? `[${networkText}]` : networkText}:${portsText}`;
}

/** Whether an address, not a name, and a port are among the allowed ones. A zone after `%` is left aside. */
export function allowsTarget(allowed: readonly AllowedTarget[], address: string, port: number): boolean {
  const target = numberOf(address);
  if (target === null) return false;
  return allowed.some(
    ({ network, ports }) =>
      (network === null || contains(network, target)) &&
      (ports.length === 0 || ports.some(({ first, last }) => port >= first && port <= last)),
  );
}

/** Returns the option that would allow a target, which is an address. */
export function optionToAllow(address: string, port: number): string {
  return `--allow-target ${formatHostPort(address.replace(/%.*$/, ''), port)}`;
}

/** The ports follow the last colon; of an IPv6 network, only where it is in brackets. */
function split(text: string): { readonly networkText: string; readonly portsText: string | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return { networkText: bracketed[1] ?? '', portsText: bracketed[2] ?? null };
  const colon = text.indexOf(':');
  if (colon === -1 || text.includes(':', colon + 1)) return { networkText: text, portsText: null };
  return { networkText: text.slice(0, colon), portsText: text.slice(colon + 1) };
}

function parseNetwork(text: string): Parsed<Network> {
  const [addressText = '', lengthText, ...rest] = text.split('/');
  if (addressText.includes('%')) return refuse('a network without a zone: it holds for every interface');
  const number = toNumber(addressText);
  if (number === null) {
    if (/^[a-z0-9_.-]+$/i.test(addressText) && /[a-z]/i.test(addressText)) {
      return refuse(`a network, ${EXAMPLES}; no name, because who owns a name can move it (any: all targets)`);
    }
    return refuse(`a network, ${EXAMPLES}; or any, for all targets`);
  }
  const bits = BITS[number.family];
  const length = lengthText === undefined ? bits : /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : Number.NaN;
  if (rest.length > 0 || !(length <= bits)) return refuse(`a prefix length from 0 to ${bits} after /`);
  const size = 1n << BigInt(bits - length);
  const address = number.value - (number.value % size);
  const network = { family: number.family, address, length };
  if (address !== number.value) {
    const meant = formatAllowedTarget({ network, ports: [] });
    return refuse(`${meant}, which is the network of that length, or ${toText(number.family, number.value)} alone`);
  }
  return accept(network);
}

function parsePorts(text: string): Parsed<readonly Ports[]> {
  const ports = text.split(',').map((each) => {
    const [, firstText = '', lastText = firstText] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(each) ?? [];
    return { first: Number(firstText), last: Number(lastText) };
  });
  const areGood = ports.every(({ first, last }) => first >= 1 && first <= last && last <= PORT_MAX);
  return areGood
    ? accept(ports)
    : refuse(`ports from 1 to ${PORT_MAX} after the network, such as 80, 80,443 or 8000-8100`);
}

/** The number of the address that a connection goes to. */
function numberOf(address: string): { readonly family: Family; readonly value: bigint } | null {
  const number = toNumber(address.replace(/%.*$/, ''));
  if (number === null) return null;
  const { family, value } = number;
  if (family === 6 && value >> 32n === MAPPED) return numberOf(toText(4, value & 0xffff_ffffn));
  // The unspecified address means this machine (ip(7), ipv6(7)).
  if (value === 0n) return family === 4 ? { family, value: 0x7f00_0001n } : { family, value: 1n };
  return number;
}

function contains(network: Network, target: { readonly family: Family; readonly value: bigint }): boolean {
  const shift = BigInt(BITS[network.family] - network.length);
  return network.family === target.family && network.address >> shift === target.value >> shift;
}
