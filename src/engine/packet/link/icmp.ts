import {
  EACCES,
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from '../../../kernel/errno.ts';
import type { FramePort } from '../port/frame-port.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, type Ethernet } from './ethernet.ts';
import { fold, pseudoHeaderSum6, sumOf } from '../tcp/checksum.ts';
import type { Neighbours } from './neighbours.ts';
import { OURS, FOREIGN, type OwnAddresses } from './own-addresses.ts';
import {
  CHECKSUM_ERRORS,
  ICMP_HOST_UNREACHABLE,
  ICMP_NET_UNREACHABLE,
  ICMP_OTHER,
  ICMP_PORT_UNREACHABLE,
  ICMP_PROHIBITED,
  ICMP_TIME_EXCEEDED,
  ICMP_TOO_BIG,
  MALFORMED,
  STRAY,
} from '../packet-counters.ts';
import { NONE } from '../tcp/tcp-user.ts';

const PROTOCOL_ICMP = 1;
const PROTOCOL_TCP = 6;
const PROTOCOL_ICMPV6 = 58;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
/** The head of a message. What follows in an error is a quotation, at least 8 bytes of which are of the transport (RFC 792). */
const ICMP_BYTES = 8;
const QUOTED_TCP_BYTES = 8;
const TTL = 64;

/** Types of ICMP (RFC 792). */
const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const ECHO_REQUEST = 8;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
/** Types of ICMPv6 (RFC 4443, RFC 4861). */
const UNREACHABLE_6 = 1;
const TOO_BIG_6 = 2;
const TIME_EXCEEDED_6 = 3;
const PARAMETER_PROBLEM_6 = 4;
const ECHO_REQUEST_6 = 128;
const ECHO_REPLY_6 = 129;
const SOLICITATION_6 = 135;

/**
 * The smallest packets that an error may ask for. Linux takes nothing below 552 (net.ipv4.route.min_pmtu), so that a forged error cannot
 * make segments tiny; IPv6 has 1280 (RFC 8200, section 5).
 */
const LEAST_MTU = 552;
const LEAST_MTU_6 = 1280;
/** The most that an MTU can be; the field has room for more. */
const MOST_MTU = 0xffff;

/** What an error says: the index of its counter, and what Linux makes of it. */
interface Meaning {
  readonly counter: number;
  readonly errno: number;
}

const NET: Meaning = { counter: ICMP_NET_UNREACHABLE, errno: ENETUNREACH };
const HOST: Meaning = { counter: ICMP_HOST_UNREACHABLE, errno: EHOSTUNREACH };
const PORT: Meaning = { counter: ICMP_PORT_UNREACHABLE, errno: ECONNREFUSED };
const PROHIBITED: Meaning = { counter: ICMP_PROHIBITED, errno: EHOSTUNREACH };
const PROHIBITED_6: Meaning = { counter: ICMP_PROHIBITED, errno: EACCES };
const TOO_BIG: Meaning = { counter: ICMP_TOO_BIG, errno: 0 };
const EXPIRED: Meaning = { counter: ICMP_TIME_EXCEEDED, errno: EHOSTUNREACH };
const OTHER: Meaning = { counter: ICMP_OTHER, errno: EPROTO };

/**
 * What the codes of the type unreachable say (RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1); the errnos are those of
 * net/ipv4/icmp.c, icmp_err_convert.
 */
const UNREACHABLE_CODES: readonly Meaning[] = [
  NET,
  HOST,
  { counter: ICMP_OTHER, errno: ENOPROTOOPT },
  PORT,
  TOO_BIG,
  { counter: ICMP_OTHER, errno: EOPNOTSUPP },
  NET,
  { counter: ICMP_HOST_UNREACHABLE, errno: EHOSTDOWN },
  { counter: ICMP_HOST_UNREACHABLE, errno: ENONET },
  { counter: ICMP_PROHIBITED, errno: ENETUNREACH },
  PROHIBITED,
  NET,
  HOST,
  PROHIBITED,
  PROHIBITED,
  PROHIBITED,
];
/** The same for ICMPv6 (RFC 4443, section 3.1; net/ipv6/icmp.c, tab_unreach). */
const UNREACHABLE_CODES_6: readonly Meaning[] = [NET, PROHIBITED_6, HOST, HOST, PORT, PROHIBITED_6, PROHIBITED_6];

/** Takes errors that quote a segment of ours: `Tcp.quotations`, whose methods say more. */
export interface ErrorReceiver {
  quoted4(ip: number, end: number): number;
  quoted6(ip: number, end: number): number;
  unreachable(connection: number, errno: number): void;
  tooBig(connection: number, mtu: number): void;
}

/**
 * Icmp takes the ICMP and ICMPv6 messages of a link. Errors that quote a segment of ours go to the TCP and are counted by what they say.
 * Echo requests to addresses that are ours alone are answered, so that ping shows whether the way back is right.
 */
export class Icmp {
  readonly #port: FramePort;
  readonly #ethernet: Ethernet;
  readonly #own: OwnAddresses;
  readonly #counters: Float64Array;
  readonly #neighbours: Neighbours;
  readonly #errors: ErrorReceiver;

  constructor(
    port: FramePort,
    ethernet: Ethernet,
    own: OwnAddresses,
    counters: Float64Array,
    neighbours: Neighbours,
    errors: ErrorReceiver,
  ) {
    this.#port = port;
    this.#ethernet = ethernet;
    this.#own = own;
    this.#counters = counters;
    this.#neighbours = neighbours;
    this.#errors = errors;
  }

  /** Takes a message of the frame at `frame`: the IPv4 header at `ip`, the message from `icmp` to before `end`. */
  message4(frame: number, ip: number, icmp: number, end: number): void {
    const { view, bytes } = this.#port;
    if (end - icmp < ICMP_BYTES) this.#counters[MALFORMED]!++;
    else if (sumOf(view, icmp, end) !== 0xffff) this.#counters[CHECKSUM_ERRORS]!++;
    else {
      const type = bytes[icmp];
      const code = bytes[icmp + 1]!;
      if (type === ECHO_REQUEST) this.#answer4(frame, ip, icmp, end);
      else if (type === UNREACHABLE) this.#error4(UNREACHABLE_CODES[code] ?? OTHER, icmp, end);
      else if (type === TIME_EXCEEDED) this.#error4(EXPIRED, icmp, end);
      else if (type === PARAMETER_PROBLEM) this.#error4(OTHER, icmp, end);
      else this.#counters[STRAY]!++;
    }
  }

  /** The same for IPv6. */
  message6(frame: number, ip: number, icmp: number, end: number): void {
    const { view, bytes } = this.#port;
    if (end - icmp < ICMP_BYTES) {
      this.#counters[MALFORMED]!++;
      return;
    }
    const pseudo = pseudoHeaderSum6(view, ip, end - icmp, PROTOCOL_ICMPV6);
    if (fold(pseudo + sumOf(view, icmp, end)) !== 0xffff) {
      this.#counters[CHECKSUM_ERRORS]!++;
      return;
    }
    const type = bytes[icmp];
    const code = bytes[icmp + 1]!;
    if (type === SOLICITATION_6) this.#neighbours.solicitation(frame, ip, icmp, end);
    else if (type === ECHO_REQUEST_6) this.#answer6(frame, ip, icmp, end);
    else if (type === UNREACHABLE_6) this.#error6(UNREACHABLE_CODES_6[code] ?? OTHER, icmp, end);
    else if (type === TOO_BIG_6) this.#error6(TOO_BIG, icmp, end);
    else if (type === TIME_EXCEEDED_6) this.#error6(EXPIRED, icmp, end);
    else if (type === PARAMETER_PROBLEM_6) this.#error6(OTHER, icmp, end);
    else this.#counters[STRAY]!++;
  }

  #error4(meaning: Meaning, icmp: number, end: number): void {
    const { view, bytes } = this.#port;
    const ip = icmp + ICMP_BYTES;
    const tcp = ip + (end > ip ? (bytes[ip]! & 15) * 4 : 0);
    const isWhole = tcp - ip >= IPV4_BYTES && tcp + QUOTED_TCP_BYTES <= end && bytes[ip]! >> 4 === 4;
    const isSegment =
      isWhole && bytes[ip + 9] === PROTOCOL_TCP && this.#own.kindOf4(view.getInt32(ip + 12)) !== FOREIGN;
    const connection = isSegment ? this.#errors.quoted4(ip, end) : NONE;
    // Routers before RFC 1191 leave the MTU out: it reads 0.
    this.#report(meaning, connection, Math.max(view.getUint16(icmp + 6), LEAST_MTU));
  }

  #error6(meaning: Meaning, icmp: number, end: number): void {
    const { view, bytes } = this.#port;
    const ip = icmp + ICMP_BYTES;
    const isWhole = ip + IPV6_BYTES + QUOTED_TCP_BYTES <= end && bytes[ip]! >> 4 === 6;
    const isSegment = isWhole && bytes[ip + 6] === PROTOCOL_TCP && this.#own.kindOf6(view, ip + 8) !== FOREIGN;
    const connection = isSegment ? this.#errors.quoted6(ip, end) : NONE;
    this.#report(meaning, connection, Math.max(Math.min(view.getUint32(icmp + 4), MOST_MTU), LEAST_MTU_6));
  }

  #report({ counter, errno }: Meaning, connection: number, mtu: number): void {
    if (connection === NONE) {
      this.#counters[STRAY]!++;
      return;
    }
    this.#counters[counter]!++;
    if (counter === ICMP_TOO_BIG) this.#errors.tooBig(connection, mtu);
    else this.#errors.unreachable(connection, errno);
  }

  #answer4(frame: number, ip: number, icmp: number, end: number): void {
    const { view, bytes } = this.#port;
    if (this.#own.kindOf4(view.getInt32(ip + 16)) !== OURS) return;
    const length = end - icmp;
    const answer = this.#take(IPV4_BYTES + length);
    if (answer < 0) return;
    this.#ethernet.answer(answer, frame, ETHERTYPE_IPV4);
    const at = answer + this.#ethernet.headerBytes;
    view.setUint16(at, 0x4500);
    view.setUint16(at + 2, IPV4_BYTES + length);
    view.setUint32(at + 4, 0x4000);
    view.setUint16(at + 8, (TTL << 8) | PROTOCOL_ICMP);
    view.setUint16(at + 10, 0);
    bytes.copyWithin(at + 12, ip + 16, ip + 20);
    bytes.copyWithin(at + 16, ip + 12, ip + 16);
    view.setUint16(at + 10, ~sumOf(view, at, at + IPV4_BYTES));
    const reply = at + IPV4_BYTES;
    bytes.copyWithin(reply, icmp, end);
    view.setUint32(reply, ECHO_REPLY << 24);
    view.setUint16(reply + 2, ~sumOf(view, reply, reply + length));
    this.#send(answer, IPV4_BYTES + length);
  }

  #answer6(frame: number, ip: number, icmp: number, end: number): void {
    const { view, bytes } = this.#port;
    if (this.#own.kindOf6(view, ip + 24) !== OURS) return;
    const length = end - icmp;
    const answer = this.#take(IPV6_BYTES + length);
    if (answer < 0) return;
    this.#ethernet.answer(answer, frame, ETHERTYPE_IPV6);
    const at = answer + this.#ethernet.headerBytes;
    view.setUint32(at, 0x6000_0000);
    view.setUint16(at + 4, length);
    view.setUint16(at + 6, (PROTOCOL_ICMPV6 << 8) | TTL);
    bytes.copyWithin(at + 8, ip + 24, ip + 40);
    bytes.copyWithin(at + 24, ip + 8, ip + 24);
    const reply = at + IPV6_BYTES;
    bytes.copyWithin(reply, icmp, end);
    view.setUint32(reply, ECHO_REPLY_6 << 24);
    const pseudo = pseudoHeaderSum6(view, at, length, PROTOCOL_ICMPV6);
    view.setUint16(reply + 2, ~fold(pseudo + sumOf(view, reply, reply + length)));
    this.#send(answer, IPV6_BYTES + length);
  }

  /** A frame for a packet of so many bytes, or -1. */
  #take(packetBytes: number): number {
    if (this.#ethernet.headerBytes + packetBytes > this.#port.frameBytes) return -1;
    return this.#port.take();
  }

  #send(frame: number, packetBytes: number): void {
    this.#port.send(frame, this.#ethernet.headerBytes + packetBytes);
  }
}
