import { BpfProgram, type Operand } from '../../../kernel/xdp/bpf-program.ts';
import {
  BPF_FUNC_redirect_map,
  XDP_MD_DATA,
  XDP_MD_DATA_END,
  XDP_MD_RX_QUEUE_INDEX,
  XDP_PASS,
} from '../../../kernel/xdp/bpf-numbers.ts';
import { addressBytes } from '../../../kernel/net/sockaddr.ts';
import { emitRunSearch } from './capture-addresses.ts';
import type { AttachRequest } from '../../seam/link.ts';
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN } from '../link/ethernet.ts';

export type CaptureRequest = Pick<AttachRequest, 'vlan' | 'target' | 'listenPort' | 'addresses' | 'portRanges'>;

/** Of Ethernet II and IEEE 802.1Q, before what they carry. */
const TYPE_AT = 12;
const TAG_AT = 14;
const TAG_BYTES = 4;
const ETHERNET_BYTES = 14;
const VLAN_ID_MASK = 0x0fff;

/** RFC 791: offsets in the header, which has 20 bytes where there are no options. */
const IPV4 = { bytes: 20, versionAndLength: 0x45, fragment: 6, protocol: 9, source: 12, destination: 16 } as const;
/** More fragments, or an offset other than 0. */
const FRAGMENT_MASK = 0x3fff;
/** RFC 8200. */
const IPV6 = { bytes: 40, version: 0x60, nextHeader: 6, source: 8, destination: 24 } as const;
const VERSION_MASK = 0xf0;

const PROTOCOL_ICMP = 1;
const PROTOCOL_TCP = 6;
const PROTOCOL_ICMPV6 = 58;
/** RFC 9293: the ports come first. */
const TCP = { bytes: 20, source: 0, destination: 2 } as const;
/** Of a quoted segment, RFC 792 promises 8 bytes: the ports and the sequence number. */
const QUOTED_TCP_BYTES = 8;
/** ICMP and ICMPv6: what follows the first 8 bytes is the quoted packet, or the target of a solicitation. */
const ICMP_BYTES = 8;

/** RFC 792: destination unreachable, time exceeded, parameter problem; echo request. */
const ICMP_ERRORS = [3, 11, 12];
const ICMP_ECHO = 8;
/** RFC 4443: destination unreachable, packet too big, time exceeded, parameter problem; echo request. */
const ICMPV6_ERRORS = [1, 2, 3, 4];
const ICMPV6_ECHO = 128;
/** RFC 4861: neighbour solicitation and advertisement. */
const ICMPV6_NEIGHBOURS = [135, 136];
const NEIGHBOUR_BYTES = 24;

/** RFC 826, for Ethernet and IPv4. */
const ARP = { bytes: 28, types: 0x00010800, lengths: 4, sizes: 0x0604, target: 24 } as const;

/** The argument of the program. */
const CONTEXT = 'r9';
/** The first byte of the frame, and the byte behind its last. */
const DATA = 'r6';
const END = 'r7';
/** An IPv6 address that may be ours in two halves, an IPv4 address in the lower one; as numbers. */
const HIGH = 'r1';
const LOW = 'r2';
/** What is compared. */
const VALUE = 'r3';
/** The port of ours that a packet is for, 0 where it is for the address alone. */
const OUR_PORT = 'r4';

/**
 * The XDP program that takes from an interface what is the engine's, and leaves all else to the kernel. To the sockets in the map of
 * `socketMapFd` go, of the frames with the tag `vlan` (null: without a tag):
 *
 * - TCP without IP options, extension headers or fragments: for a client from the target to one of our addresses, for a server to its port on
 *   one of them;
 * - ICMP errors that quote a packet of ours of that kind;
 * - ARP, neighbour solicitations and advertisements, and echo requests for our addresses.
 *
 * Of addresses that the kernel has too, it takes no ARP, solicitation or echo request, and for a client only the ports of `portRanges`. A frame
 * of a queue without a socket goes to the kernel. Throws where nothing could be ours: the kernel has the addresses, and no port is ours.
 */
export function captureProgram(request: CaptureRequest, socketMapFd: number): BpfProgram {
  const { addresses, portRanges, listenPort } = request;
  const hasKernels = addresses.some(({ isKernels }) => isKernels);
  const hasOwn = addresses.some(({ isKernels }) => !isKernels);
  if (!hasOwn && listenPort === null && portRanges.length === 0) throw new Error('no address and no port is ours');
  const program = new BpfProgram();
  const capture = new Capture(program, request);
  capture.frame();
  emitRunSearch(program, addresses, { high: HIGH, low: LOW, scratch: VALUE, spare: 'r5' });
  if (hasKernels) capture.ports();
  redirect(program, socketMapFd);
  return program;
}

/** The end of the program: a frame goes to the socket of the queue that it came in on, or to the kernel. */
function redirect(program: BpfProgram, socketMapFd: number): void {
  program.label('take');
  program.load(32, 'r2', CONTEXT, XDP_MD_RX_QUEUE_INDEX); // the key: the queue
  program.loadMap('r1', socketMapFd); // the map of sockets
  program.move('r3', XDP_PASS); // what to return where the map has no socket for the queue
  program.call(BPF_FUNC_redirect_map); // r0 = XDP_REDIRECT, or r3
  program.exit();
  program.label('pass');
  program.move('r0', XDP_PASS);
  program.exit();
}

/** Writes the part of the program that finds out which of our addresses and ports a frame is for. */
class Capture {
  readonly #program: BpfProgram;
  readonly #request: CaptureRequest;
  /** Where the packet begins in the frame. */
  readonly #packetAt: number;

  constructor(program: BpfProgram, request: CaptureRequest) {
    this.#program = program;
    this.#request = request;
    this.#packetAt = ETHERNET_BYTES + (request.vlan === null ? 0 : TAG_BYTES);
  }

  frame(): void {
    const p = this.#program;
    const { vlan, addresses } = this.#request;
    p.move(CONTEXT, 'r1'); // kept: a call would lose r1
    p.load(32, DATA, CONTEXT, XDP_MD_DATA);
    p.load(32, END, CONTEXT, XDP_MD_DATA_END);
    this.#requireBytes(this.#packetAt);
    if (vlan !== null) {
      p.load(16, VALUE, DATA, TYPE_AT);
      p.jumpIf(VALUE, '!=', network16(ETHERTYPE_VLAN), 'pass'); // untagged, or tagged in another way
      p.load(16, VALUE, DATA, TAG_AT);
      p.swapNetworkOrder(16, VALUE);
      p.and(VALUE, VLAN_ID_MASK); // without the priority
      p.jumpIf(VALUE, '!=', vlan, 'pass'); // the VLAN of another
    }
    p.load(16, VALUE, DATA, this.#packetAt - 2); // the type of what follows
    const has4 = addresses.some(({ family }) => family === 4);
    const has6 = addresses.some(({ family }) => family === 6);
    if (has4) p.jumpIf(VALUE, '==', network16(ETHERTYPE_IPV4), 'ipv4');
    if (has6) p.jumpIf(VALUE, '==', network16(ETHERTYPE_IPV6), 'ipv6');
    if (has4) p.jumpIf(VALUE, '==', network16(ETHERTYPE_ARP), 'arp');
    p.jump('pass'); // another protocol
    if (has4) {
      this.#ipv4();
      this.#arp();
    }
    if (has6) this.#ipv6();
  }

  #ipv4(): void {
    const p = this.#program;
    const ip = this.#packetAt;
    const next = ip + IPV4.bytes;
    p.label('ipv4');
    this.#requireBytes(next);
    p.load(8, VALUE, DATA, ip);
    p.jumpIf(VALUE, '!=', IPV4.versionAndLength, 'pass'); // options
    p.load(16, VALUE, DATA, ip + IPV4.fragment);
    p.jumpIf(VALUE, '&', network16(FRAGMENT_MASK), 'pass'); // a fragment
    p.load(8, VALUE, DATA, ip + IPV4.protocol);
    p.jumpIf(VALUE, '==', PROTOCOL_ICMP, 'icmp');
    p.jumpIf(VALUE, '!=', PROTOCOL_TCP, 'pass'); // UDP and others
    this.#requireBytes(next + TCP.bytes);
    this.#segment4(ip + IPV4.source, ip + IPV4.destination, next + TCP.source, next + TCP.destination);

    p.label('icmp');
    this.#requireBytes(next + ICMP_BYTES);
    p.load(8, VALUE, DATA, next); // the type
    for (const type of ICMP_ERRORS) p.jumpIf(VALUE, '==', type, 'icmp error');
    p.jumpIf(VALUE, '!=', ICMP_ECHO, 'pass'); // a reply to the kernel's own ping, and others
    this.#addressAlone4(ip + IPV4.destination);

    const quoted = next + ICMP_BYTES;
    const quotedNext = quoted + IPV4.bytes;
    p.label('icmp error');
    this.#requireBytes(quotedNext + QUOTED_TCP_BYTES);
    p.load(8, VALUE, DATA, quoted);
    p.jumpIf(VALUE, '!=', IPV4.versionAndLength, 'pass'); // ours have no options
    p.load(8, VALUE, DATA, quoted + IPV4.protocol);
    p.jumpIf(VALUE, '!=', PROTOCOL_TCP, 'pass'); // about a datagram of the kernel
    // What is quoted went from us to the other end.
    const [source, destination] = [quoted + IPV4.source, quoted + IPV4.destination];
    this.#segment4(destination, source, quotedNext + TCP.destination, quotedNext + TCP.source);
  }

  /** Of a segment, in whichever direction it went: the addresses and ports of the other end and of ours, by their places. */
  #segment4(theirs: number, ours: number, theirPort: number, ourPort: number): void {
    const p = this.#program;
    const { target } = this.#request;
    if (target !== null) {
      p.load(32, VALUE, DATA, theirs);
      p.jumpIf32(VALUE, '!=', viewOf(target.address).getUint32(0, true), 'pass'); // not the target
    }
    this.#ports(theirPort, ourPort);
    this.#loadAddress4(ours);
  }

  #addressAlone4(place: number): void {
    this.#program.move(OUR_PORT, 0);
    this.#loadAddress4(place);
  }

  #loadAddress4(place: number): void {
    const p = this.#program;
    p.load(32, LOW, DATA, place);
    p.swapNetworkOrder(32, LOW);
    p.jump('ours4');
  }

  #arp(): void {
    const p = this.#program;
    const arp = this.#packetAt;
    p.label('arp');
    this.#requireBytes(arp + ARP.bytes);
    p.load(32, VALUE, DATA, arp);
    p.jumpIf32(VALUE, '!=', network32(ARP.types), 'pass'); // not Ethernet and IPv4
    p.load(16, VALUE, DATA, arp + ARP.lengths);
    p.jumpIf(VALUE, '!=', network16(ARP.sizes), 'pass'); // addresses of other lengths
    this.#addressAlone4(arp + ARP.target); // asked for in a request, answered in a reply
  }

  #ipv6(): void {
    const p = this.#program;
    const ip = this.#packetAt;
    const next = ip + IPV6.bytes;
    p.label('ipv6');
    this.#requireBytes(next);
    p.load(8, VALUE, DATA, ip);
    p.and(VALUE, VERSION_MASK); // without the traffic class
    p.jumpIf(VALUE, '!=', IPV6.version, 'pass');
    p.load(8, VALUE, DATA, ip + IPV6.nextHeader);
    p.jumpIf(VALUE, '==', PROTOCOL_ICMPV6, 'icmpv6');
    p.jumpIf(VALUE, '!=', PROTOCOL_TCP, 'pass'); // extension headers, fragments, UDP and others
    this.#requireBytes(next + TCP.bytes);
    this.#segment6(ip + IPV6.source, ip + IPV6.destination, next + TCP.source, next + TCP.destination);

    p.label('icmpv6');
    this.#requireBytes(next + ICMP_BYTES);
    p.load(8, VALUE, DATA, next); // the type
    for (const type of ICMPV6_ERRORS) p.jumpIf(VALUE, '==', type, 'icmpv6 error');
    for (const type of ICMPV6_NEIGHBOURS) p.jumpIf(VALUE, '==', type, 'neighbour');
    p.jumpIf(VALUE, '!=', ICMPV6_ECHO, 'pass'); // router advertisements and others
    this.#addressAlone6(ip + IPV6.destination);

    p.label('neighbour');
    this.#requireBytes(next + NEIGHBOUR_BYTES);
    this.#addressAlone6(next + ICMP_BYTES); // the target, whatever multicast address it came by

    const quoted = next + ICMP_BYTES;
    const quotedNext = quoted + IPV6.bytes;
    p.label('icmpv6 error');
    this.#requireBytes(quotedNext + QUOTED_TCP_BYTES);
    p.load(8, VALUE, DATA, quoted + IPV6.nextHeader);
    p.jumpIf(VALUE, '!=', PROTOCOL_TCP, 'pass'); // about a datagram of the kernel
    // What is quoted went from us to the other end.
    const [source, destination] = [quoted + IPV6.source, quoted + IPV6.destination];
    this.#segment6(destination, source, quotedNext + TCP.destination, quotedNext + TCP.source);
  }

  #segment6(theirs: number, ours: number, theirPort: number, ourPort: number): void {
    const p = this.#program;
    const { target } = this.#request;
    if (target !== null) {
      const view = viewOf(target.address);
      for (const half of [0, 8]) {
        p.load(64, VALUE, DATA, theirs + half);
        p.loadImmediate64('r5', view.getBigUint64(half, true));
        p.jumpIf(VALUE, '!=', 'r5', 'pass'); // not the target
      }
    }
    this.#ports(theirPort, ourPort);
    this.#loadAddress6(ours);
  }

  #addressAlone6(place: number): void {
    this.#program.move(OUR_PORT, 0);
    this.#loadAddress6(place);
  }

  #loadAddress6(place: number): void {
    const p = this.#program;
    p.load(64, HIGH, DATA, place);
    p.swapNetworkOrder(64, HIGH);
    p.load(64, LOW, DATA, place + 8);
    p.swapNetworkOrder(64, LOW);
    p.jump('ours6');
  }

  /** A client's segments have the target's port at one end, a server's its own at the other. */
  #ports(theirPort: number, ourPort: number): void {
    const p = this.#program;
    const { target, listenPort } = this.#request;
    if (target !== null) {
      p.load(16, VALUE, DATA, theirPort);
      p.jumpIf(VALUE, '!=', network16(target.port), 'pass'); // another service of the target
    }
    p.load(16, OUR_PORT, DATA, ourPort);
    p.swapNetworkOrder(16, OUR_PORT);
    if (listenPort !== null) p.jumpIf(OUR_PORT, '!=', listenPort, 'pass'); // another service of this machine
  }

  /** Decides on a packet to an address that the kernel has too. */
  ports(): void {
    const p = this.#program;
    p.label('kernel');
    p.jumpIf(OUR_PORT, '==', 0, 'pass'); // the kernel answers for its addresses
    if (this.#request.listenPort !== null) {
      p.jump('take'); // its port was compared before
      return;
    }
    this.#request.portRanges.forEach(({ first, last }, index) => {
      p.jumpIf(OUR_PORT, '<', first, `after range ${index}`);
      p.jumpIf(OUR_PORT, '<=', last, 'take');
      p.label(`after range ${index}`);
    });
    p.jump('pass'); // a connection of the kernel
  }

  /** Leaves the frame to the kernel where it is shorter. The verifier allows no read that this does not cover. */
  #requireBytes(count: Operand & number): void {
    const p = this.#program;
    p.move(VALUE, DATA);
    p.add(VALUE, count);
    p.jumpIf(VALUE, '>', END, 'pass');
  }
}

/** The bytes of an address, in the order of the network. */
function viewOf(address: string): DataView {
  return new DataView(Uint8Array.from(addressBytes(address)).buffer);
}

/** What 16 bits of the network are to a machine that begins with the lower byte, as both do that we know. */
function network16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}

function network32(value: number): number {
  return ((network16(value & 0xffff) << 16) | network16(value >>> 16)) >>> 0;
}
