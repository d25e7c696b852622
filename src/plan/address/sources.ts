/** Source addresses: how a list of them is written, expanded, checked against this machine and written back. */
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Family } from './address.ts';
import { accept, refuse, type Parsed } from '../../units/problem.ts';

/** Addresses as one contiguous run of numbers, or a single one with a zone (`fe80::1%eth0`), which is no number. */
export type SourceSpec =
  | { readonly kind: 'run'; readonly family: Family; readonly first: bigint; readonly count: number }
  | { readonly kind: 'zoned'; readonly family: 6; readonly address: string };

/** Source addresses in the order of their indices. */
export type SourceRuns = readonly SourceSpec[];

/** The most addresses of an engine that binds them: each takes a place in its tables. */
export const SOURCES_MAX = 65_536;
/** The most addresses of an engine that answers for them itself: a /8, or a /104. */
export const OWN_SOURCES_MAX = 2 ** 24;

const EXPECTED = 'an address, a range such as 127.0.0.1-127.0.0.8, or a prefix such as 10.0.0.0/28';
const MOST_SOURCES = `${String(SOURCES_MAX)} source addresses, or ${String(OWN_SOURCES_MAX)} with --engine packet`;
const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Parses an address, a range (both ends included) or a prefix, IPv4 or IPv6. */
export function parseSource(text: string): Parsed<SourceSpec> {
  const trimmed = text.trim();
  if (trimmed.includes(',')) return refuse('one address, range or prefix: give the option once for each');
  if (trimmed.includes('/')) return parsePrefix(trimmed);
  const dash = trimmed.indexOf('-');
  if (dash === -1) {
    if (isIP(trimmed) === 6 && trimmed.includes('%')) return accept({ kind: 'zoned', family: 6, address: trimmed });
    return parseRange(trimmed, trimmed);
  }
  return parseRange(trimmed.slice(0, dash).trim(), trimmed.slice(dash + 1).trim());
}

function parseRange(firstText: string, lastText: string): Parsed<SourceSpec> {
  const first = toNumber(firstText);
  const last = toNumber(lastText);
  if (first === null || last === null) return refuse(EXPECTED);
  if (first.family !== last.family) return refuse('a range with both ends in the same family');
  if (first.value > last.value) return refuse('a range whose first address is not above its last');
  return run(first.family, first.value, last.value);
}

/** Parses a prefix, IPv4 or IPv6: `expected` and `most` are the words for texts that are none, and for too many addresses. */
export function parsePrefix(text: string, expected = EXPECTED, most = MOST_SOURCES): Parsed<SourceSpec> {
  const [addressText = '', lengthText = '', ...rest] = text.split('/');
  const address = toNumber(addressText);
  if (address === null || rest.length > 0 || !/^\d{1,3}$/.test(lengthText)) return refuse(expected);
  const bits = BITS[address.family];
  const length = Number(lengthText);
  if (length > bits) return refuse(`a prefix length from 0 to ${String(bits)}`);
  const size = 1n << BigInt(bits - length);
  let first = address.value - (address.value % size);
  let last = first + size - 1n;
  if (address.family === 4 && length < 31) {
    // All of 127.0.0.0/8 are addresses of this machine; elsewhere the ends are the network and its broadcast address.
    if (!isLoopback4(first) || first === LOOPBACK_FIRST) first += 1n;
    if (!isLoopback4(last) || last === LOOPBACK_LAST) last -= 1n;
  }
  return run(address.family, first, last, most);
}

/**
 * The prefix that a text means where it has bits beyond its length: `198.0.0.0/8` for `198.18.0.0/8`. Null for one that has none, and for what is no
 * prefix. An engine that answers for all addresses of a prefix must not take such a slip for what was meant.
 */
export function looselyMeant(text: string): string | null {
  const [addressText = '', lengthText = ''] = text.trim().split('/');
  const address = toNumber(addressText);
  if (address === null || lengthText === '') return null;
  const size = 1n << BigInt(BITS[address.family] - Number(lengthText));
  const first = address.value - (address.value % size);
  return first === address.value ? null : `${toText(address.family, first)}/${lengthText}`;
}

const LOOPBACK_FIRST = 0x7f00_0000n;
const LOOPBACK_LAST = 0x7fff_ffffn;

function isLoopback4(value: bigint): boolean {
  return value >= LOOPBACK_FIRST && value <= LOOPBACK_LAST;
}

function run(family: Family, first: bigint, last: bigint, most = MOST_SOURCES): Parsed<SourceSpec> {
  const count = last - first + 1n;
  if (count > BigInt(OWN_SOURCES_MAX)) return refuse(`at most ${most}; these are ${String(count)}`);
  return accept({ kind: 'run', family, first, count: Number(count) });
}

/** The addresses in the order written, neighbours joined; refused beyond `most` and where an address is given twice. */
export function planRuns(specs: readonly SourceSpec[], most: number): Parsed<SourceRuns> {
  const total = countSources(specs);
  const these = specs.length === 1 ? 'these are' : 'all together these are';
  if (total > most) return refuse(`at most ${String(most)} source addresses; ${these} ${String(total)}`);
  // Used twice, one 4-tuple would be handed out twice.
  const twice = firstTwice(specs);
  return twice === null ? accept(joined(specs)) : refuse(`every source address once; ${twice} is given again`);
}

type Run = Extract<SourceSpec, { kind: 'run' }>;

function lastOf({ first, count }: Run): bigint {
  return first + BigInt(count) - 1n;
}

/** An address that is in two of the runs; null where there is none. */
function firstTwice(specs: readonly SourceSpec[]): string | null {
  const zoned = new Set<string>();
  for (const spec of specs) {
    if (spec.kind !== 'zoned') continue;
    if (zoned.has(spec.address)) return spec.address;
    zoned.add(spec.address);
  }
  const runs = specs
    .filter((spec) => spec.kind === 'run')
    .sort((a, b) => a.family - b.family || (a.first < b.first ? -1 : 1));
  // All before the run overlap no other, so the last of them is the one that reaches furthest.
  const again = runs.find((each, index) => index > 0 && contains(runs[index - 1]!, each.family, each.first));
  return again === undefined ? null : toText(again.family, again.first);
}

function joined(specs: readonly SourceSpec[]): SourceSpec[] {
  const runs: SourceSpec[] = [];
  for (const spec of specs) {
    const before = runs.at(-1);
    const follows =
      before?.kind === 'run' &&
      spec.kind === 'run' &&
      spec.family === before.family &&
      spec.first === lastOf(before) + 1n;
    if (follows) runs[runs.length - 1] = { ...before, count: before.count + spec.count };
    else runs.push(spec);
  }
  return runs;
}

export function countSources(runs: SourceRuns): number {
  return runs.reduce((sum, spec) => sum + (spec.kind === 'run' ? spec.count : 1), 0);
}

/** Every address, in order. For lists that an engine binds: a /8 would be 16 million texts. */
export function listSources(runs: SourceRuns): string[] {
  return runs.flatMap((spec) => {
    if (spec.kind === 'zoned') return spec.address;
    return Array.from({ length: spec.count }, (_, index) => toText(spec.family, spec.first + BigInt(index)));
  });
}

/** The first address; none of an empty list. */
export function firstSource(runs: SourceRuns): string[] {
  const [spec] = runs;
  if (spec === undefined) return [];
  return [spec.kind === 'zoned' ? spec.address : toText(spec.family, spec.first)];
}

/** Whether an address is one of them, whatever the zones. */
export function hasSource(runs: SourceRuns, address: string): boolean {
  const number = toNumber(withoutZone(address));
  return number !== null && runs.some((spec) => contains(runOf(spec), number.family, number.value));
}

function contains(run: Run, family: Family, value: bigint): boolean {
  return run.family === family && run.first <= value && value <= lastOf(run);
}

/** An address with a zone as the number that it has on its device. */
export function runOf(spec: SourceSpec): Run {
  if (spec.kind === 'run') return spec;
  return { kind: 'run', family: 6, first: toNumber(withoutZone(spec.address))!.value, count: 1 };
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '');
}

/** The texts that `--source` takes for them: a range for each run. */
export function formatSources(runs: SourceRuns): string[] {
  return runs.map((spec) => {
    if (spec.kind === 'zoned') return spec.address;
    const first = toText(spec.family, spec.first);
    return spec.count === 1 ? first : `${first}-${toText(spec.family, lastOf(spec))}`;
  });
}

export interface NumberedAddress {
  readonly family: Family;
  readonly value: bigint;
}

/** An address as a number; null for a text that is none, or has a zone. */
export function toNumber(text: string): NumberedAddress | null {
  const family = isIP(text);
  if (family === 4) return { family, value: ipv4ToNumber(text) };
  if (family !== 6 || text.includes('%')) return null;
  // The last 32 bits may be written as IPv4 (RFC 4291 section 2.2).
  const lastColon = text.lastIndexOf(':');
  const tail = text.slice(lastColon + 1);
  let groupsText = text;
  if (tail.includes('.')) {
    const low = ipv4ToNumber(tail);
    groupsText = `${text.slice(0, lastColon + 1)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  }
  const [head = '', rest] = groupsText.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = rest === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...new Array<string>(zeros).fill('0'), ...after];
  return { family, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}

function ipv4ToNumber(text: string): bigint {
  return text.split('.').reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** The text of an address, for IPv6 as in RFC 5952. */
export function toText(family: Family, value: bigint): string {
  if (family === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  }
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn));
  return compressGroups(groups);
}

/** RFC 5952: lower case, the longest run of two or more zero groups (the first of equals) becomes `::`. */
function compressGroups(groups: readonly number[]): string {
  let bestStart = -1;
  let bestLength = 1;
  let length = 0;
  groups.forEach((group, index) => {
    length = group === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestLength = length;
      bestStart = index - length + 1;
    }
  });
  const hex = groups.map((group) => group.toString(16));
  if (bestStart === -1) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

// Small enough for any open-file limit, large enough that 65 536 addresses take about a second.
const SOCKETS_AT_ONCE = 64;

/**
 * Those of `addresses` that this machine does not have, in order. Binds a UDP socket to each and closes it again, so that
 * AnyIP routes (`ip route add local 10.0.0.0/8 dev lo`) count too; nothing is sent. Works everywhere, at 50 µs an address.
 */
export async function missingSources(addresses: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (let first = 0; first < addresses.length; first += SOCKETS_AT_ONCE) {
    const batch = addresses.slice(first, first + SOCKETS_AT_ONCE);
    const bound = await Promise.all(batch.map(canBind));
    missing.push(...batch.filter((_, index) => bound[index] !== true));
  }
  return missing;
}

function canBind(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const finish = (bound: boolean): void => {
      socket.removeAllListeners();
      socket.close(() => {
        resolve(bound);
      });
    };
    socket.once('error', () => {
      finish(false);
    });
    socket.bind({ address, port: 0, exclusive: true }, () => {
      finish(true);
    });
  });
}
