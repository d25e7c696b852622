/** Addresses as people write them, and what the resolver makes of names. */
import { lookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { PORT_MAX } from '../../units/quantity.ts';
import { accept, codeOf, refuse, type Parsed } from '../../units/problem.ts';
import { withNamedZone } from './zones.ts';

export type Family = 4 | 6;

export interface HostPort {
  readonly host: string;
  /** Null where only a host was written. */
  readonly port: number | null;
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i;
const EXPECTED_HOST = 'an IPv4 address, an IPv6 address or a host name';

/** `127.0.0.1:80`, `[::1]:80`, `example.org:80`, or any of them without the port; a bare IPv6 address needs no brackets. */
export function parseHostPort(text: string): Parsed<HostPort> {
  const trimmed = text.trim();
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(trimmed)?.[0];
  if (scheme !== undefined) return refuse(`HOST:PORT alone: leave out ${scheme} and what follows the port`);
  const { host, port } = split(trimmed);
  const parsedHost = parseHost(host);
  if (!parsedHost.ok) return refuse(`HOST:PORT, with ${EXPECTED_HOST} as HOST`);
  if (port === null) return accept({ host: parsedHost.value, port: null });
  const portNumber = /^\d+$/.test(port) ? Number(port) : Number.NaN;
  if (!(portNumber >= 1 && portNumber <= PORT_MAX))
    return refuse(`HOST:PORT, with a PORT from 1 to ${String(PORT_MAX)}`);
  return accept({ host: parsedHost.value, port: portNumber });
}

function split(text: string): { readonly host: string; readonly port: string | null } {
  const bracketed = /^(\[[^\]]*\])(?::(.*))?$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? null };
  const colon = text.lastIndexOf(':');
  // Two colons and no brackets: the whole of it can only be an IPv6 address.
  if (colon === -1 || text.indexOf(':') !== colon) return { host: text, port: null };
  return { host: text.slice(0, colon), port: text.slice(colon + 1) };
}

/** An address (IPv6 with or without brackets) or a name, without a port. Brackets are taken off. */
export function parseHost(text: string): Parsed<string> {
  const trimmed = text.trim();
  const bracketed = /^\[(.*)\]$/.exec(trimmed)?.[1];
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? accept(bracketed) : refuse(EXPECTED_HOST);
  if (isIP(trimmed) !== 0) return accept(trimmed);
  if (!HOST_NAME.test(trimmed)) return refuse(`${EXPECTED_HOST}, without a port`);
  // The resolver would read 2345 as 0.0.9.41, 10.1 as 10.0.0.1 and 0x10 as 0.0.0.16 (inet_aton(3)).
  if (/(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$/i.test(trimmed)) return refuse(`${EXPECTED_HOST}; a number alone is neither`);
  return accept(trimmed);
}

/** `1.2.3.4:80` or `[::1]:80`. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}

/** `::1:9` is an address, and may be meant as `[::1]:9`: that, or null where it can mean nothing but the address. */
export function bracketed(host: string): string | null {
  const colon = host.lastIndexOf(':');
  const port = host.slice(colon + 1);
  const isPort = /^[1-9]\d*$/.test(port) && Number(port) <= PORT_MAX;
  return isPort && isIP(host.slice(0, colon)) === 6 ? `[${host.slice(0, colon)}]:${port}` : null;
}

/** 4 or 6 for an address, null for a name. */
export function familyOf(host: string): Family | null {
  if (isIPv4(host)) return 4;
  return isIP(host) === 6 ? 6 : null;
}

export interface Resolved {
  readonly address: string;
  readonly family: Family;
  /** The first address of the other family that the name has too, where both families were asked for. */
  readonly otherAddress?: string;
}

/**
 * The first address of `host` in the system's order, of `family` if one is asked for. Addresses pass through, with
 * their zone as a device's name.
 * Never throws: a name that does not resolve is an expectation.
 */
export async function resolveHost(host: string, family: Family | null): Promise<Parsed<Resolved>> {
  const literal = familyOf(host);
  if (literal !== null) {
    const zoned = withNamedZone(host);
    return zoned.ok ? accept({ address: zoned.value, family: literal }) : zoned;
  }
  try {
    const all = await lookup(host, { family: family ?? 0, verbatim: true, all: true });
    const [found] = all;
    if (found === undefined) return refuse('a host name that resolves to an address');
    const other = all.find((each) => each.family !== found.family);
    return accept({
      address: found.address,
      family: found.family === 6 ? 6 : 4,
      ...(other === undefined ? {} : { otherAddress: other.address }),
    });
  } catch (error) {
    const kind = family === null ? 'an address' : `an IPv${String(family)} address`;
    return refuse(`a host name that resolves to ${kind} (the resolver says ${codeOf(error)})`);
  }
}

/** An address in its shortest form (RFC 5952), without a zone; an IPv4 address that is written as an IPv6 one becomes IPv4. */
export function canonicalAddress(address: string): string {
  const bare = address.replace(/%.*$/, '');
  const mapped = /^::ffff:([\d.]+)$/i.exec(bare)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  return isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare;
}

/** Whether an address is one of this machine: also all of 127.0.0.0/8, and the unspecified ones, which connect to loopback. */
export function isOwnAddress(address: string): boolean {
  const wanted = canonicalAddress(address);
  if (wanted.startsWith('127.') || wanted === '::1' || wanted === '0.0.0.0' || wanted === '::') return true;
  return Object.values(networkInterfaces()).some((each) =>
    each?.some((own) => canonicalAddress(own.address) === wanted),
  );
}
