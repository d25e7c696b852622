/** Who has an address: the frames that ask (ARP, RFC 826; neighbour solicitation, RFC 4861), and the answers to them. */
import { HAS_TAG_BESIDE, TAG_BESIDE, type FilterCheck } from '../../../kernel/net/packet-filter.ts';
import type { FrameChoice } from '../../../kernel/net/packet-socket.ts';
import { addressBytes, addressOf } from '../../../kernel/net/sockaddr.ts';
import {
  BROADCAST_MAC,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_VLAN,
  MAC_BYTES,
} from '../link/ethernet.ts';

const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const VLAN_ID_MASK = 0xfff;

const ARP_BYTES = 28;
const ARP_ETHERNET = 1;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;

const IPV6_BYTES = 40;
const ICMPV6 = 58;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
/** Type, code, checksum, reserved, target; then the option with our address. */
const SOLICITATION_BYTES = 32;
const OPTION_AT = 24;
const SOURCE_LINK_ADDRESS = 1;
const TARGET_LINK_ADDRESS = 2;
/** Neighbour discovery is believed only with it: such a packet passed no router (RFC 4861, section 7.1). */
const HOP_LIMIT = 255;

/** What is asked for: a hardware address, and how the answer finds its way back. */
export interface Question {
  /** Whose hardware address is asked for. */
  readonly target: string;
  /** From which address; `0.0.0.0` asks as RFC 5227 probes do, which needs no route back. */
  readonly sender: string;
  readonly mac: Uint8Array;
  readonly vlan: number | null;
}

/** The whole frame that asks. */
export function questionFrame(question: Question): Uint8Array {
  const isIpv6 = question.target.includes(':');
  const target = addressBytes(question.target);
  const head = ETHERNET_BYTES + (question.vlan === null ? 0 : VLAN_BYTES);
  const frame = new Uint8Array(head + (isIpv6 ? IPV6_BYTES + SOLICITATION_BYTES : ARP_BYTES));
  // The multicast address of a solicited node ends in the last 24 bits of its address (RFC 4291, section 2.7.1; RFC 2464, section 7).
  frame.set(isIpv6 ? [0x33, 0x33, 0xff, ...target.slice(13)] : BROADCAST_MAC);
  frame.set(question.mac, MAC_BYTES);
  const view = new DataView(frame.buffer);
  view.setUint16(head - 2, isIpv6 ? ETHERTYPE_IPV6 : ETHERTYPE_ARP);
  if (question.vlan !== null) {
    view.setUint16(12, ETHERTYPE_VLAN);
    view.setUint16(14, question.vlan);
  }
  if (isIpv6) writeSolicitation(frame.subarray(head), question, target);
  else writeArp(frame.subarray(head), question, target);
  return frame;
}

function writeArp(packet: Uint8Array, { sender, mac }: Question, target: readonly number[]): void {
  const view = new DataView(packet.buffer, packet.byteOffset);
  view.setUint16(0, ARP_ETHERNET);
  view.setUint16(2, ETHERTYPE_IPV4);
  packet[4] = MAC_BYTES;
  packet[5] = 4;
  view.setUint16(6, ARP_REQUEST);
  packet.set(mac, 8);
  packet.set(addressBytes(sender), 14);
  packet.set(target, 24);
}

function writeSolicitation(packet: Uint8Array, { sender, mac }: Question, target: readonly number[]): void {
  const view = new DataView(packet.buffer, packet.byteOffset);
  packet[0] = 0x60;
  view.setUint16(4, SOLICITATION_BYTES);
  packet[6] = ICMPV6;
  packet[7] = HOP_LIMIT;
  packet.set(addressBytes(sender), 8);
  packet.set([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...target.slice(13)], 24);
  packet[IPV6_BYTES] = SOLICITATION;
  packet.set(target, IPV6_BYTES + 8);
  packet[IPV6_BYTES + OPTION_AT] = SOURCE_LINK_ADDRESS;
  packet[IPV6_BYTES + OPTION_AT + 1] = 1;
  packet.set(mac, IPV6_BYTES + OPTION_AT + 2);
  view.setUint16(IPV6_BYTES + 2, ~icmpv6Sum(packet) & 0xffff);
}

/** The sum of RFC 1071 over the pseudo-header (RFC 8200, section 8.1) and the message. */
function icmpv6Sum(packet: Uint8Array): number {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  let sum = SOLICITATION_BYTES + ICMPV6;
  for (let at = 8; at < packet.length; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** The hardware address in an untagged frame that answers for `target`; null for any other frame. */
export function macInAnswer(frame: Uint8Array, target: string): Uint8Array | null {
  if (frame.length < ETHERNET_BYTES + ARP_BYTES) return null;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const wanted = addressBytes(target);
  const isAt = (offset: number): boolean => wanted.every((byte, i) => frame[offset + i] === byte);
  const packet = ETHERNET_BYTES;
  if (wanted.length === 4) {
    const isReply = view.getUint16(12) === ETHERTYPE_ARP && view.getUint16(packet + 6) === ARP_REPLY;
    return isReply && isAt(packet + 14) ? frame.slice(packet + 8, packet + 8 + MAC_BYTES) : null;
  }
  const message = packet + IPV6_BYTES;
  if (view.getUint16(12) !== ETHERTYPE_IPV6 || frame.length < message + OPTION_AT) return null;
  if (frame[packet + 6] !== ICMPV6 || frame[packet + 7] !== HOP_LIMIT) return null;
  if (frame[message] !== ADVERTISEMENT || !isAt(message + 8)) return null;
  // The option may be left out of an answer to one host (RFC 4861, section 4.4): then it is the sender's.
  const option = message + OPTION_AT;
  const hasOption = frame.length >= option + 2 + MAC_BYTES && frame[option] === TARGET_LINK_ADDRESS;
  return hasOption ? frame.slice(option + 2, option + 2 + MAC_BYTES) : frame.slice(MAC_BYTES, 2 * MAC_BYTES);
}

/** The bit of an advertisement that says that it replaces what is known (RFC 4861, section 4.4). */
const OVERRIDE = 0x20;

/**
 * The hardware address in a frame by which the owner of `address` says where it is: any ARP packet from that address (RFC 826, which
 * learns from requests too), an advertisement that replaces what is known, or with `isAsked` any advertisement. Null for any other frame.
 */
export function macTold(frame: Uint8Array, address: string, isAsked: boolean): Uint8Array | null {
  if (address.includes(':')) {
    const isReplacing = ((frame[ETHERNET_BYTES + IPV6_BYTES + 4] ?? 0) & OVERRIDE) !== 0;
    return isReplacing || isAsked ? macInAnswer(frame, address) : null;
  }
  if (frame.length < ETHERNET_BYTES + ARP_BYTES) return null;
  const isSender = addressBytes(address).every((byte, i) => frame[ETHERNET_BYTES + 14 + i] === byte);
  return isSender ? frame.slice(ETHERNET_BYTES + 8, ETHERNET_BYTES + 8 + MAC_BYTES) : null;
}

/** The frames that may tell it: ARP packets from the address, or advertisements of it, in the network of the tag. */
export function neighbourChecks(address: string, vlan: number | null): FrameChoice {
  const bytes = Uint8Array.from(addressBytes(address));
  const view = new DataView(bytes.buffer);
  const tag = tagCheck(vlan);
  const words = (at: number): FilterCheck[] =>
    Array.from({ length: bytes.length / 4 }, (_, i) => ({ bits: 32, at: at + i * 4, values: [view.getUint32(i * 4)] }));
  if (bytes.length === 4) return { etherType: ETHERTYPE_ARP, checks: [tag, ...words(ETHERNET_BYTES + 14)] };
  return {
    etherType: ETHERTYPE_IPV6,
    checks: [tag, ...IS_ADVERTISEMENT, ...words(ETHERNET_BYTES + IPV6_BYTES + 8)],
  };
}

const IS_ADVERTISEMENT: readonly FilterCheck[] = [
  { bits: 8, at: ETHERNET_BYTES + 6, values: [ICMPV6] },
  { bits: 8, at: ETHERNET_BYTES + IPV6_BYTES, values: [ADVERTISEMENT] },
];

/** The answers for any address of a family, in the network of the tag. */
export function answerChecks(family: 4 | 6, vlan: number | null): FrameChoice {
  if (family === 6) return { etherType: ETHERTYPE_IPV6, checks: [tagCheck(vlan), ...IS_ADVERTISEMENT] };
  return {
    etherType: ETHERTYPE_ARP,
    checks: [tagCheck(vlan), { bits: 16, at: ETHERNET_BYTES + 6, values: [ARP_REPLY] }],
  };
}

/** For which address an untagged frame of `answerChecks` answers; null where it is too short. */
export function answeredAddress(frame: Uint8Array, family: 4 | 6): string | null {
  const at = ETHERNET_BYTES + (family === 4 ? 14 : IPV6_BYTES + 8);
  const bytes = frame.subarray(at, at + (family === 4 ? 4 : 16));
  return bytes.length === (family === 4 ? 4 : 16) ? addressOf(bytes) : null;
}

/** The kernel's own VLAN has taken its tag away already. */
function tagCheck(vlan: number | null): FilterCheck {
  return vlan === null
    ? { bits: 16, at: HAS_TAG_BESIDE, values: [0] }
    : { bits: 16, at: TAG_BESIDE, mask: VLAN_ID_MASK, values: [vlan, 0] };
}

/** The link-local address that an interface has by its hardware address (RFC 4291, appendix A). */
export function linkLocalOf(mac: Uint8Array): string {
  const byte = (i: number): number => mac[i] ?? 0;
  const groups = [
    [byte(0) ^ 2, byte(1)],
    [byte(2), 0xff],
    [0xfe, byte(3)],
    [byte(4), byte(5)],
  ] as const;
  return `fe80::${groups.map(([high, low]) => ((high << 8) | low).toString(16)).join(':')}`;
}
