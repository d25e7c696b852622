import { addressBytes } from '../../../kernel/net/sockaddr.ts';
import type { FramePort } from '../port/frame-port.ts';
import type { AddressRun, PacketLink } from '../../seam/link.ts';
import { BROADCAST_MAC, ETHERTYPE_ARP, ETHERTYPE_IPV6, type Ethernet } from './ethernet.ts';
import { fold, pseudoHeaderSum6, sumOf } from '../tcp/checksum.ts';
import { NextHopMac } from './next-hop-mac.ts';
import { OURS, type OwnAddresses } from './own-addresses.ts';
import { MALFORMED, NEIGHBOUR_ANSWERS } from '../packet-counters.ts';

/** ARP for IPv4 over Ethernet (RFC 826): the first six bytes of each packet, and the whole of it. */
const ARP_KIND = 0x0001_0800;
const ARP_LENGTHS = 0x0604;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const ARP_BYTES = 28;

const IPV6_BYTES = 40;
const ICMPV6 = 58;
/** RFC 4861: solicitation and advertisement, both with the hop limit that proves that no router has passed them on. */
const ADVERTISEMENT = 136;
const HOP_LIMIT = 255;
const SOLICITATION_BYTES = 24;
/** An advertisement with the option that holds our link-layer address. */
const ADVERTISEMENT_BYTES = 32;
const TARGET_LINK_LAYER_ADDRESS = 2;
/** Flags of an advertisement: it answers a solicitation; it replaces what is in the cache. */
const SOLICITED = 0x4000_0000;
const OVERRIDE = 0x2000_0000;
/** ff02::1 and its Ethernet address (RFC 2464). */
const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);

/** Addresses that are announced before they are asked for. */
const MOST_ANNOUNCED = 256;

/**
 * Neighbours answers for our own addresses on the link: ARP requests (RFC 826) and neighbour solicitations (RFC 4861). It is silent
 * about addresses that the kernel has, because the kernel answers for those.
 */
export class Neighbours {
  readonly #port: FramePort;
  readonly #link: PacketLink;
  readonly #ethernet: Ethernet;
  readonly #own: OwnAddresses;
  readonly #counters: Float64Array;
  /** Where a client's packets go, if it is an IPv4 address: it says where it is when it answers or asks one of our addresses. */
  readonly #nextHop: NextHopMac | null;
  readonly #nextHop4: number;

  constructor(port: FramePort, link: PacketLink, ethernet: Ethernet, own: OwnAddresses, counters: Float64Array) {
    this.#port = port;
    this.#link = link;
    this.#ethernet = ethernet;
    this.#own = own;
    this.#counters = counters;
    const hop = link.nextHop;
    const address = hop === undefined ? [] : addressBytes(hop.address);
    const is4 = hop !== undefined && address.length === 4;
    this.#nextHop = is4 ? new NextHopMac(hop) : null;
    this.#nextHop4 = is4 ? new DataView(Uint8Array.from(address).buffer).getInt32(0) : 0;
  }

  /** Takes the ARP packet of the frame at `frame` that lies from `arp` to before `end`. */
  arp(frame: number, arp: number, end: number): void {
    const { view } = this.#port;
    const isWhole = end - arp >= ARP_BYTES && view.getInt32(arp) === ARP_KIND;
    if (!isWhole || view.getUint16(arp + 4) !== ARP_LENGTHS) {
      this.#counters[MALFORMED]!++;
      return;
    }
    if (this.#nextHop !== null && view.getInt32(arp + 14) === this.#nextHop4)
      this.#nextHop.told(this.#port.bytes, arp + 8);
    if (view.getUint16(arp + 6) !== ARP_REQUEST || this.#own.kindOf4(view.getInt32(arp + 24)) !== OURS) return;
    const answer = this.#port.take();
    if (answer < 0) return;
    this.#ethernet.answer(answer, frame, ETHERTYPE_ARP);
    const { bytes } = this.#port;
    const at = this.#writeArpHead(answer, ARP_REPLY);
    bytes.copyWithin(at + 14, arp + 24, arp + 28);
    // The asker becomes the target: its two addresses stand together.
    bytes.copyWithin(at + 18, arp + 8, arp + 18);
    this.#send(answer, ARP_BYTES);
  }

  /**
   * Takes the neighbour solicitation of the frame at `frame`: its IPv6 header is at `ip`, its ICMPv6 message from `icmp` to before `end`,
   * with a checksum that was found right.
   */
  solicitation(frame: number, ip: number, icmp: number, end: number): void {
    const { view, bytes } = this.#port;
    if (end - icmp < SOLICITATION_BYTES || bytes[ip + 7] !== HOP_LIMIT || bytes[icmp + 1] !== 0) {
      this.#counters[MALFORMED]!++;
      return;
    }
    if (this.#own.kindOf6(view, icmp + 8) !== OURS) return;
    const answer = this.#port.take();
    if (answer < 0) return;
    // An asker without an address checks whether anyone has the one that it wants (RFC 4862): all are told.
    const isNameless = sumOf(view, ip + 8, ip + 24) === 0;
    if (isNameless) this.#ethernet.address(answer, ALL_NODES_MAC, ETHERTYPE_IPV6);
    else this.#ethernet.answer(answer, frame, ETHERTYPE_IPV6);
    const at = answer + this.#ethernet.headerBytes;
    bytes.copyWithin(at + 8, icmp + 8, icmp + 24);
    if (isNameless) bytes.set(ALL_NODES, at + 24);
    else bytes.copyWithin(at + 24, ip + 8, ip + 24);
    this.#finishAdvertisement(answer, isNameless ? OVERRIDE : SOLICITED | OVERRIDE);
  }

  /**
   * Tells the link where our addresses are: a neighbour that remembers another interface for them, from a run before, would send into
   * the void until it asks again. Only the first few addresses; the others are asked for.
   */
  announce(): void {
    let left = MOST_ANNOUNCED;
    for (const run of this.#link.addresses) {
      if (run.isKernels) continue;
      for (let i = 0; i < run.count && left > 0; i++, left--) this.#announceOne(run, run.low + BigInt(i));
    }
    this.#port.flush();
  }

  #announceOne({ family, high }: AddressRun, low: bigint): void {
    const { view, bytes } = this.#port;
    const frame = this.#port.take();
    if (frame < 0) return;
    if (family === 4) {
      this.#ethernet.address(frame, BROADCAST_MAC, ETHERTYPE_ARP);
      const at = this.#writeArpHead(frame, ARP_REQUEST);
      view.setUint32(at + 14, Number(low));
      bytes.fill(0, at + 18, at + 24);
      view.setUint32(at + 24, Number(low));
      this.#send(frame, ARP_BYTES);
      return;
    }
    this.#ethernet.address(frame, ALL_NODES_MAC, ETHERTYPE_IPV6);
    const at = frame + this.#ethernet.headerBytes;
    view.setBigUint64(at + 8, high);
    view.setBigUint64(at + 16, low);
    bytes.set(ALL_NODES, at + 24);
    this.#finishAdvertisement(frame, OVERRIDE);
  }

  /** Writes what an ARP packet of ours begins with, up to our own link-layer address. Returns where the packet begins. */
  #writeArpHead(frame: number, operation: number): number {
    const { view, bytes } = this.#port;
    const at = frame + this.#ethernet.headerBytes;
    view.setInt32(at, ARP_KIND);
    view.setUint16(at + 4, ARP_LENGTHS);
    view.setUint16(at + 6, operation);
    bytes.set(this.#link.mac, at + 8);
    return at;
  }

  /** Completes an advertisement in whose IPv6 header both addresses stand, and sends it. */
  #finishAdvertisement(frame: number, flags: number): void {
    const { view, bytes } = this.#port;
    const ip = frame + this.#ethernet.headerBytes;
    view.setUint32(ip, 0x6000_0000);
    view.setUint16(ip + 4, ADVERTISEMENT_BYTES);
    view.setUint16(ip + 6, (ICMPV6 << 8) | HOP_LIMIT);
    const icmp = ip + IPV6_BYTES;
    view.setUint32(icmp, ADVERTISEMENT << 24);
    view.setUint32(icmp + 4, flags);
    bytes.copyWithin(icmp + 8, ip + 8, ip + 24);
    view.setUint16(icmp + 24, (TARGET_LINK_LAYER_ADDRESS << 8) | 1);
    bytes.set(this.#link.mac, icmp + 26);
    const end = icmp + ADVERTISEMENT_BYTES;
    const pseudo = pseudoHeaderSum6(view, ip, ADVERTISEMENT_BYTES, ICMPV6);
    view.setUint16(icmp + 2, ~fold(pseudo + sumOf(view, icmp, end)));
    this.#send(frame, IPV6_BYTES + ADVERTISEMENT_BYTES);
  }

  #send(frame: number, bodyBytes: number): void {
    this.#port.send(frame, this.#ethernet.headerBytes + bodyBytes);
    this.#counters[NEIGHBOUR_ANSWERS]!++;
  }
}
