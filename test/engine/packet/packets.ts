/**
 * Frames as tests read and write them: plain objects, made by the formats' definitions (RFC 791, 8200, 9293, 7323, 826, 792, 4443)
 * and without any code of the engine, so that the two check each other.
 */

export const SYN = 2;
export const FIN = 1;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;
const PROTOCOL_TCP = 6;

export interface TcpOptions {
  mss?: number;
  windowScale?: number;
  sackPermitted?: boolean;
  /** Blocks of selective acknowledgements: first number, and the one after the last. */
  sack?: readonly (readonly [number, number])[];
  /** TSval and TSecr. */
  timestamps?: readonly [number, number];
}

export interface Ethernet {
  sourceMac: string;
  destinationMac: string;
  vlan: number | null;
}

export interface TcpPacket extends Ethernet {
  kind: 'tcp';
  family: 4 | 6;
  /** Addresses: dotted, or eight groups of hexadecimal digits without leading zeros and without `::`. */
  source: string;
  destination: string;
  ttl: number;
  /** Of IPv4; 0 and true for IPv6. */
  id: number;
  dontFragment: boolean;
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgement: number;
  flags: number;
  window: number;
  options: TcpOptions;
  payload: Uint8Array;
  /** Both checksums, IP and TCP, are right. */
  isSound: boolean;
}

/** ICMP or ICMPv6; `body` is what follows the checksum. */
export interface IcmpPacket extends Ethernet {
  kind: 'icmp';
  family: 4 | 6;
  source: string;
  destination: string;
  ttl: number;
  type: number;
  code: number;
  body: Uint8Array;
  isSound: boolean;
}

export interface ArpPacket extends Ethernet {
  kind: 'arp';
  operation: number;
  senderMac: string;
  sender: string;
  targetMac: string;
  target: string;
}

export interface OtherPacket extends Ethernet {
  kind: 'other';
  ethertype: number;
  bytes: Uint8Array;
}

export type Packet = TcpPacket | IcmpPacket | ArpPacket | OtherPacket;

const hex = (bytes: Uint8Array): string[] => [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));

export const macText = (bytes: Uint8Array): string => hex(bytes).join(':');
export const macBytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(':').map((part) => Number.parseInt(part, 16)));

export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return groups.join(':');
}

/** Takes an IPv6 address with or without one `::`. */
export function addressBytes(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.').map(Number));
  const [before = '', after] = text.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

/** The Internet checksum (RFC 1071) of bytes that follow one another. */
export function checksumOf(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  let count = 0;
  for (const part of parts) for (const byte of part) sum += (count++ & 1) === 0 ? byte * 256 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65_536);
  return ~sum & 0xffff;
}

const number16 = (value: number): number[] => [(value >>> 8) & 255, value & 255];
const number32 = (value: number): number[] => [
  (value >>> 24) & 255,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];
const at16 = (bytes: Uint8Array, at: number): number => bytes[at]! * 256 + bytes[at + 1]!;
const at32 = (bytes: Uint8Array, at: number): number => at16(bytes, at) * 65_536 + at16(bytes, at + 2);

function pseudoHeader(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): Uint8Array {
  return Uint8Array.from([...source, ...destination, ...number32(length), 0, 0, ...number16(protocol)]);
}

/** Reads a frame. What is not well formed comes back as `other`. */
export function decodeFrame(frame: Uint8Array): Packet {
  const ethernet: Ethernet = {
    destinationMac: macText(frame.subarray(0, 6)),
    sourceMac: macText(frame.subarray(6, 12)),
    vlan: null,
  };
  let ethertype = at16(frame, 12);
  let body = frame.subarray(14);
  if (ethertype === ETHERTYPE_VLAN) {
    ethernet.vlan = at16(body, 0) & 0xfff;
    ethertype = at16(body, 2);
    body = body.subarray(4);
  }
  const other: OtherPacket = { ...ethernet, kind: 'other', ethertype, bytes: frame.slice() };
  if (ethertype === ETHERTYPE_ARP) return decodeArp(ethernet, body) ?? other;
  if (ethertype === ETHERTYPE_IPV4) return decodeIpv4(ethernet, body) ?? other;
  if (ethertype === ETHERTYPE_IPV6) return decodeIpv6(ethernet, body) ?? other;
  return other;
}

function decodeArp(ethernet: Ethernet, body: Uint8Array): ArpPacket | null {
  if (body.length < 28 || at32(body, 0) !== 0x0001_0800 || at16(body, 4) !== 0x0604) return null;
  return {
    ...ethernet,
    kind: 'arp',
    operation: at16(body, 6),
    senderMac: macText(body.subarray(8, 14)),
    sender: addressText(body.subarray(14, 18)),
    targetMac: macText(body.subarray(18, 24)),
    target: addressText(body.subarray(24, 28)),
  };
}

function decodeIpv4(ethernet: Ethernet, body: Uint8Array): Packet | null {
  const headerBytes = (body[0]! & 15) * 4;
  const total = at16(body, 2);
  if (body[0]! >> 4 !== 4 || headerBytes < 20 || total < headerBytes || total > body.length) return null;
  if ((at16(body, 6) & 0x3fff) !== 0) return null;
  const isHeaderSound = checksumOf(body.subarray(0, headerBytes)) === 0;
  const ip = {
    family: 4 as const,
    source: addressText(body.subarray(12, 16)),
    destination: addressText(body.subarray(16, 20)),
    ttl: body[8]!,
    id: at16(body, 4),
    dontFragment: (body[6]! & 0x40) !== 0,
  };
  const data = body.subarray(headerBytes, total);
  if (body[9] === PROTOCOL_TCP) {
    const sum = checksumOf(pseudoHeader(body.subarray(12, 16), body.subarray(16, 20), PROTOCOL_TCP, data.length), data);
    return decodeTcp({ ...ethernet, ...ip }, data, isHeaderSound && sum === 0);
  }
  if (body[9] !== 1 || data.length < 4) return null;
  const { id: _id, dontFragment: _dontFragment, ...addresses } = ip;
  const isSound = isHeaderSound && checksumOf(data) === 0;
  return { ...ethernet, ...addresses, kind: 'icmp', type: data[0]!, code: data[1]!, body: data.slice(4), isSound };
}

function decodeIpv6(ethernet: Ethernet, body: Uint8Array): Packet | null {
  const length = at16(body, 4);
  if (body[0]! >> 4 !== 6 || body.length < 40 + length) return null;
  const [source, destination] = [body.subarray(8, 24), body.subarray(24, 40)];
  const ip = {
    family: 6 as const,
    source: addressText(source),
    destination: addressText(destination),
    ttl: body[7]!,
    id: 0,
    dontFragment: true,
  };
  const data = body.subarray(40, 40 + length);
  const isSound = checksumOf(pseudoHeader(source, destination, body[6]!, length), data) === 0;
  if (body[6] === PROTOCOL_TCP) return decodeTcp({ ...ethernet, ...ip }, data, isSound);
  if (body[6] !== 58 || length < 4) return null;
  const { id: _id, dontFragment: _dontFragment, ...addresses } = ip;
  return { ...ethernet, ...addresses, kind: 'icmp', type: data[0]!, code: data[1]!, body: data.slice(4), isSound };
}

type IpFields = Ethernet & Pick<TcpPacket, 'family' | 'source' | 'destination' | 'ttl' | 'id' | 'dontFragment'>;

function decodeTcp(ip: IpFields, data: Uint8Array, isSound: boolean): TcpPacket | null {
  if (data.length < 20) return null;
  const headerBytes = (data[12]! >> 4) * 4;
  if (headerBytes < 20 || headerBytes > data.length) return null;
  return {
    ...ip,
    kind: 'tcp',
    sourcePort: at16(data, 0),
    destinationPort: at16(data, 2),
    sequence: at32(data, 4),
    acknowledgement: at32(data, 8),
    flags: data[13]!,
    window: at16(data, 14),
    options: decodeOptions(data.subarray(20, headerBytes)),
    payload: data.slice(headerBytes),
    isSound,
  };
}

function decodeOptions(bytes: Uint8Array): TcpOptions {
  const options: TcpOptions = {};
  for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
    if (bytes[at] === 1) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2) break;
    if (bytes[at] === 2) options.mss = at16(bytes, at + 2);
    if (bytes[at] === 3) options.windowScale = bytes[at + 2]!;
    if (bytes[at] === 4) options.sackPermitted = true;
    if (bytes[at] === 5) options.sack = decodeSack(bytes.subarray(at + 2, at + length));
    if (bytes[at] === 8) options.timestamps = [at32(bytes, at + 2), at32(bytes, at + 6)];
    at += length;
  }
  return options;
}

function decodeSack(bytes: Uint8Array): [number, number][] {
  return Array.from({ length: bytes.length >> 3 }, (_, block) => [at32(bytes, 8 * block), at32(bytes, 8 * block + 4)]);
}

function encodeOptions({ mss, windowScale, sackPermitted, timestamps, sack = [] }: TcpOptions): number[] {
  const bytes: number[] = [];
  if (mss !== undefined) bytes.push(2, 4, ...number16(mss));
  if (sackPermitted === true) bytes.push(4, 2);
  if (timestamps !== undefined) bytes.push(8, 10, ...number32(timestamps[0]), ...number32(timestamps[1]));
  if (windowScale !== undefined) bytes.push(3, 3, windowScale);
  if (sack.length > 0) bytes.push(5, 2 + 8 * sack.length, ...sack.flat().flatMap(number32));
  while (bytes.length % 4 !== 0) bytes.push(1);
  return bytes;
}

function frameOf(
  { destinationMac, sourceMac, vlan }: Ethernet,
  ethertype: number,
  body: readonly number[],
): Uint8Array {
  const tag = vlan === null ? [] : [...number16(ETHERTYPE_VLAN), ...number16(vlan)];
  return Uint8Array.from([
    ...macBytes(destinationMac),
    ...macBytes(sourceMac),
    ...tag,
    ...number16(ethertype),
    ...body,
  ]);
}

interface IpPart extends Ethernet {
  family: 4 | 6;
  source: string;
  destination: string;
  ttl: number;
  id?: number;
  dontFragment?: boolean;
}

function ipFrame(ip: IpPart, protocol: number, data: readonly number[]): Uint8Array {
  const [source, destination] = [addressBytes(ip.source), addressBytes(ip.destination)];
  if (ip.family === 6) {
    const head = [0x60, 0, 0, 0, ...number16(data.length), protocol, ip.ttl, ...source, ...destination];
    return frameOf(ip, ETHERTYPE_IPV6, [...head, ...data]);
  }
  const flags = ip.dontFragment === false ? 0 : 0x40;
  const rest = [ip.ttl, protocol, 0, 0, ...source, ...destination];
  const head = [0x45, 0, ...number16(20 + data.length), ...number16(ip.id ?? 0), flags, 0, ...rest];
  const sum = checksumOf(Uint8Array.from(head));
  head[10] = sum >> 8;
  head[11] = sum & 255;
  return frameOf(ip, ETHERTYPE_IPV4, [...head, ...data]);
}

/** Writes a segment with right checksums; with `isSound` false the one of TCP is wrong. */
export function encodeTcp(packet: TcpPacket): Uint8Array {
  const options = encodeOptions(packet.options);
  const head = [
    ...number16(packet.sourcePort),
    ...number16(packet.destinationPort),
    ...number32(packet.sequence),
    ...number32(packet.acknowledgement),
    (5 + options.length / 4) << 4,
    packet.flags,
    ...number16(packet.window),
    ...[0, 0, 0, 0],
    ...options,
  ];
  const data = [...head, ...packet.payload];
  const pseudo = pseudoHeader(addressBytes(packet.source), addressBytes(packet.destination), PROTOCOL_TCP, data.length);
  const sum = checksumOf(pseudo, Uint8Array.from(data)) ^ (packet.isSound ? 0 : 1);
  data[16] = sum >> 8;
  data[17] = sum & 255;
  return ipFrame(packet, PROTOCOL_TCP, data);
}

export function encodeIcmp(packet: IcmpPacket): Uint8Array {
  const data = [packet.type, packet.code, 0, 0, ...packet.body];
  const [source, destination] = [addressBytes(packet.source), addressBytes(packet.destination)];
  const pseudo = packet.family === 6 ? pseudoHeader(source, destination, 58, data.length) : new Uint8Array(0);
  const sum = checksumOf(pseudo, Uint8Array.from(data)) ^ (packet.isSound ? 0 : 1);
  data[2] = sum >> 8;
  data[3] = sum & 255;
  return ipFrame(packet, packet.family === 6 ? 58 : 1, data);
}

export function encodeArp(packet: ArpPacket): Uint8Array {
  const sender = [...macBytes(packet.senderMac), ...addressBytes(packet.sender)];
  const target = [...macBytes(packet.targetMac), ...addressBytes(packet.target)];
  const body = [0, 1, 8, 0, 6, 4, ...number16(packet.operation), ...sender, ...target];
  return frameOf(packet, ETHERTYPE_ARP, body);
}

/** The IP datagram of a frame, as an ICMP error quotes it. */
export function datagramOf(frame: Uint8Array): Uint8Array {
  return frame.slice(at16(frame, 12) === ETHERTYPE_VLAN ? 18 : 14);
}

/** `SYN`, `SYN ACK`, `FIN ACK`, `-`: for expectations. */
export function flagsText(flags: number): string {
  const names = (
    [
      [SYN, 'SYN'],
      [FIN, 'FIN'],
      [RST, 'RST'],
      [ACK, 'ACK'],
    ] as const
  ).filter(([flag]) => (flags & flag) !== 0);
  return names.map(([, name]) => name).join(' ') || '-';
}

/** Lets a test change the TCP header of a frame in place, and makes its checksum right again. Other frames stay as they are. */
export function rewriteTcp(frame: Uint8Array, change: (header: Uint8Array) => void): void {
  const packet = decodeFrame(frame);
  if (packet.kind !== 'tcp' || !packet.isSound) return;
  const datagram = frame.subarray(packet.vlan === null ? 14 : 18);
  const start = packet.family === 4 ? (datagram[0]! & 15) * 4 : 40;
  const end = packet.family === 4 ? at16(datagram, 2) : 40 + at16(datagram, 4);
  const segment = datagram.subarray(start, end);
  change(segment.subarray(0, (segment[12]! >> 4) * 4));
  segment.fill(0, 16, 18);
  const [source, destination] = [addressBytes(packet.source), addressBytes(packet.destination)];
  const sum = checksumOf(pseudoHeader(source, destination, PROTOCOL_TCP, segment.length), segment);
  segment.set(number16(sum), 16);
}

/** Makes windows small, and scales none: for `rewriteTcp`. */
export function clampWindow(most: number): (header: Uint8Array) => void {
  return (header) => {
    if (at16(header, 14) > most) header.set(number16(most), 14);
    for (let at = 20; at < header.length && header[at] !== 0; at += header[at] === 1 ? 1 : header[at + 1]!)
      if (header[at] === 3) header.fill(1, at, at + 3);
  };
}
