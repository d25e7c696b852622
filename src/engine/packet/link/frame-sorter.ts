import type { PacketLink } from '../../seam/link.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN, Ethernet } from './ethernet.ts';
import type { FramePort, FrameReceiver } from '../port/frame-port.ts';
import { Icmp, type ErrorReceiver } from './icmp.ts';
import { sumOf } from '../tcp/checksum.ts';
import { Neighbours } from './neighbours.ts';
import { OwnAddresses } from './own-addresses.ts';
import { CHECKSUM_ERRORS, countersOf, MALFORMED, STRAY } from '../packet-counters.ts';

const PROTOCOL_ICMP = 1;
const PROTOCOL_TCP = 6;
const PROTOCOL_ICMPV6 = 58;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
/** More fragments, and the offset of a fragment. */
const FRAGMENT = 0x3fff;

/** Takes the segments of a link: a `Tcp`. */
export interface SegmentReceiver {
  /** A packet whose protocol is TCP lies at `ip`, in the frame from `frame` to before `end`. Nothing else of it was checked. */
  packet4(frame: number, ip: number, end: number): void;
  packet6(frame: number, ip: number, end: number): void;
}

/**
 * FrameSorter takes each frame of a link to what handles it: segments to the TCP, ARP and solicitations to the neighbours, ICMP to its
 * errors and answers. It drops and counts what is not for
 * this interface or not well formed.
 */
export class FrameSorter implements FrameReceiver {
  readonly own: OwnAddresses;
  readonly neighbours: Neighbours;
  readonly #icmp: Icmp;
  readonly #segments: SegmentReceiver;
  readonly #counters: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #headerBytes: number;
  readonly #vlan: number;
  /** The interface's address in two numbers. */
  readonly #macUpper: number;
  readonly #macLower: number;

  constructor(port: FramePort, link: PacketLink, segments: SegmentReceiver, errors: ErrorReceiver) {
    this.#bytes = port.bytes;
    this.#view = port.view;
    this.#segments = segments;
    this.#counters = countersOf(link.counters, link.worker);
    const ethernet = new Ethernet(port, link);
    this.#headerBytes = ethernet.headerBytes;
    this.#vlan = link.vlan ?? -1;
    const mac = new DataView(link.mac.buffer, link.mac.byteOffset, link.mac.byteLength);
    this.#macUpper = mac.getInt32(0);
    this.#macLower = mac.getUint16(4);
    this.own = new OwnAddresses(link.addresses);
    this.neighbours = new Neighbours(port, link, ethernet, this.own, this.#counters);
    this.#icmp = new Icmp(port, ethernet, this.own, this.#counters, this.neighbours, errors);
  }

  frame(offset: number, length: number): void {
    const view = this.#view;
    const ip = offset + this.#headerBytes;
    let ethertype = length < this.#headerBytes ? -1 : view.getUint16(offset + 12);
    if (this.#vlan >= 0 && ethertype !== -1) {
      const isOurs = ethertype === ETHERTYPE_VLAN && (view.getUint16(offset + 14) & 0xfff) === this.#vlan;
      ethertype = isOurs ? view.getUint16(offset + 16) : 0;
    }
    if (ethertype === ETHERTYPE_IPV4) this.#ipv4(offset, ip, offset + length);
    else if (ethertype === ETHERTYPE_IPV6) this.#ipv6(offset, ip, offset + length);
    else if (ethertype === ETHERTYPE_ARP) this.neighbours.arp(offset, ip, offset + length);
    else this.#counters[ethertype === -1 ? MALFORMED : STRAY]!++;
  }

  #ipv4(frame: number, ip: number, end: number): void {
    if (end - ip < IPV4_BYTES) this.#counters[MALFORMED]!++;
    else if (!this.#isToUs(frame)) this.#counters[STRAY]!++;
    else if (this.#bytes[ip + 9] === PROTOCOL_TCP) this.#segments.packet4(frame, ip, end);
    else if (this.#bytes[ip + 9] === PROTOCOL_ICMP) this.#icmp4(frame, ip, end);
    else this.#counters[STRAY]!++;
  }

  #icmp4(frame: number, ip: number, frameEnd: number): void {
    const view = this.#view;
    const headerBytes = (this.#bytes[ip]! & 15) * 4;
    const end = ip + view.getUint16(ip + 2);
    if (this.#bytes[ip]! >> 4 !== 4 || headerBytes < IPV4_BYTES || end < ip + headerBytes || end > frameEnd)
      this.#counters[MALFORMED]!++;
    else if (sumOf(view, ip, ip + headerBytes) !== 0xffff) this.#counters[CHECKSUM_ERRORS]!++;
    else if ((view.getUint16(ip + 6) & FRAGMENT) !== 0) this.#counters[STRAY]!++;
    else this.#icmp.message4(frame, ip, ip + headerBytes, end);
  }

  /** What stands behind extension headers counts as stray. */
  #ipv6(frame: number, ip: number, frameEnd: number): void {
    if (frameEnd - ip < IPV6_BYTES) {
      this.#counters[MALFORMED]!++;
      return;
    }
    const protocol = this.#bytes[ip + 6];
    if (protocol === PROTOCOL_TCP && this.#isToUs(frame)) this.#segments.packet6(frame, ip, frameEnd);
    // Solicitations go to a group.
    else if (protocol === PROTOCOL_ICMPV6) this.#icmp6(frame, ip, frameEnd);
    else this.#counters[STRAY]!++;
  }

  #icmp6(frame: number, ip: number, frameEnd: number): void {
    const end = ip + IPV6_BYTES + this.#view.getUint16(ip + 4);
    if (end > frameEnd || this.#bytes[ip]! >> 4 !== 6) this.#counters[MALFORMED]!++;
    else this.#icmp.message6(frame, ip, ip + IPV6_BYTES, end);
  }

  /** Whether the frame went to this interface alone: a segment to a group is no segment (RFC 1122, section 4.2.3.10). */
  #isToUs(frame: number): boolean {
    return this.#view.getInt32(frame) === this.#macUpper && this.#view.getUint16(frame + 4) === this.#macLower;
  }
}
