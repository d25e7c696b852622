import { AF_INET, AF_INET6 } from '../constants.ts';
import { zoneIndex, zoneName } from './zones.ts';

export const SOCKADDR_IN_SIZE = 16;
export const SOCKADDR_IN6_SIZE = 28;
/** Room for one address of either family, aligned. */
export const SOCKADDR_STRIDE = 32;

export function sockaddrSize(family: 4 | 6): number {
  return family === 4 ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_SIZE;
}

export function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/**
 * Writes a sockaddr_in or sockaddr_in6 (ip(7), ipv6(7)) at `offset`. `address` is a literal; an IPv6 zone may follow it as
 * `%eth0`, or as the number of the device.
 */
export function writeSockaddr(memory: Uint8Array, offset: number, family: 4 | 6, address: string, port: number): void {
  memory.fill(0, offset, offset + SOCKADDR_STRIDE);
  memory[offset] = familyNumber(family);
  writePort(memory, offset, port);
  if (family === 4) memory.set(ipv4Bytes(address), offset + 4);
  else {
    const [literal = '', zone] = address.split('%');
    memory.set(ipv6Bytes(literal), offset + 8);
    if (zone !== undefined)
      new DataView(memory.buffer, memory.byteOffset).setUint32(offset + 24, zoneIndex(zone), true);
  }
}

/** Changes only the port; it stands at the same place in both families. */
export function writePort(memory: Uint8Array, offset: number, port: number): void {
  memory[offset + 2] = port >> 8;
  memory[offset + 3] = port & 0xff;
}

export function readPort(memory: Uint8Array, offset: number): number {
  return ((memory[offset + 2] ?? 0) << 8) | (memory[offset + 3] ?? 0);
}

/** The 4 or 16 bytes of a literal, in network order; a zone is left out. */
export function addressBytes(address: string): number[] {
  return address.includes(':') ? ipv6Bytes(address.replace(/%.*$/, '')) : ipv4Bytes(address);
}

/** The literal of 4 or 16 bytes in network order; IPv6 in its shortest form (RFC 5952). */
export function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const parts = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
  return new URL(`http://[${parts.join(':')}]`).hostname.slice(1, -1);
}

function ipv4Bytes(address: string): number[] {
  return address.split('.').map(Number);
}

function ipv6Bytes(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = new Array<number>(16 - left.length - right.length).fill(0);
  return [...left, ...middle, ...right];
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return ipv4Bytes(group);
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/**
 * The address as a literal; IPv6 uncompressed, with its zone where it has one: the device's name, which node:net
 * understands, too.
 */
export function readAddress(memory: Uint8Array, offset: number, family: 4 | 6): string {
  if (family === 4) return memory.subarray(offset + 4, offset + 8).join('.');
  const view = new DataView(memory.buffer, memory.byteOffset + offset);
  const parts = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i).toString(16));
  const scope = view.getUint32(24, true);
  return parts.join(':') + (scope === 0 ? '' : `%${zoneName(scope)}`);
}
