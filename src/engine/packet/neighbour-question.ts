/** Who has an address: the frames that ask (ARP, RFC 826; neighbour solicitation, RFC 4861), and the answers to them. */
import { addressBytes } from '../../kernel/sockaddr.ts';

export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_VLAN = 0x8100;
const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const MAC_BYTES = 6;

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
  frame.set(isIpv6 ? [0x33, 0x33, 0xff, ...target.slice(13)] : [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
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
