import type { FramePort } from '../port/frame-port.ts';
import { fold, halves } from './checksum.ts';
import { ADDRESS_WORDS } from './tuple.ts';
import type { LinkPeers } from './link-peers.ts';

/** Control bits (RFC 9293, section 3.1). */
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

/** What the first bytes of options say: NOP, NOP, timestamps of 10 bytes (RFC 7323, appendix A). */
const ALIGNED_TIMESTAMPS = 0x0101080a;
/** SACK permitted (RFC 2018), then timestamps: the order of Linux. */
const SACK_AND_TIMESTAMPS = 0x0402080a;
const NOP_NOP_SACK = 0x01010402;
/** NOP, NOP, SACK, and the length without its blocks. */
const SACK_LEAD = 0x01010502;
const MOST_SACK_BLOCKS = 4;
const NOP_WINDOW_SCALE = 0x01030300;
const MSS_OPTION = 0x02040000;
const PROTOCOL_TCP = 6;
const TIME_TO_LIVE = 64;
const DO_NOT_FRAGMENT = 0x4000;
const ETHER_IPV4 = 0x0800;
const ETHER_IPV6 = 0x86dd;
/** What the IPv4 header adds to its checksum beside lengths, identification and addresses. */
const IPV4_SUM = 0x4500 + DO_NOT_FRAGMENT + ((TIME_TO_LIVE << 8) | PROTOCOL_TCP);

/**
 * Writes segments into frames and sends them. What a segment says is in fields, which are set before each: nothing is made for one, and no
 * call has more arguments than registers.
 */
export class SegmentWriter {
  readonly #port: FramePort;
  readonly #view: DataView;
  readonly #peers: LinkPeers;
  readonly #etherBytes: number;
  #identification = 0;

  /** To whom. `words` and `wordsAt` are the addresses of IPv6, `local` and `remote` those of IPv4. */
  peer = 0;
  isIpv6 = false;
  local = 0;
  remote = 0;
  words: Int32Array = new Int32Array(ADDRESS_WORDS);
  wordsAt = 0;
  ports = 0;
  /** The sum of addresses and ports: see `addressSumOf4` and `addressSumOf6`. */
  addressSum = 0;

  flags = 0;
  sequence = 0;
  acknowledgement = 0;
  /** The field as it is sent, scaled. */
  window = 0;
  hasTimestamps = false;
  timestamp = 0;
  timestampEcho = 0;
  /** Of a SYN: -1 leaves the window scale option out. */
  windowShift = -1;
  maximumSegment = 0;
  allowsSack = false;
  /** Of `sendSelective`: how many blocks, and their edges as `SegmentReader.sackEdges` has them. */
  sackBlocks = 0;
  readonly sackEdges = new Int32Array(2 * MOST_SACK_BLOCKS);

  /** Of the frame that `begin` has taken: where it starts, where TCP starts, where the payload goes. */
  #frame = 0;
  #segment = 0;
  payload = 0;

  constructor(port: FramePort, peers: LinkPeers) {
    this.#port = port;
    this.#view = port.view;
    this.#peers = peers;
    this.#etherBytes = peers.headerBytes;
  }

  /** Takes a frame for a segment that is no SYN. False where there is none. The payload is then to be written to `payload`. */
  begin(): boolean {
    if (!this.#take()) return false;
    this.payload = this.#segment + (this.hasTimestamps ? 32 : 20);
    return true;
  }

  /** Sends the segment with so much payload, whose sum of words is given (see `SendSource.write`). */
  end(payloadBytes: number, payloadSum: number): void {
    const view = this.#view;
    const at = this.#segment;
    const tcpBytes = (this.hasTimestamps ? 32 : 20) + payloadBytes;
    const sum = this.#writeFixed(view, at, this.hasTimestamps ? 0x8000 : 0x5000) + PROTOCOL_TCP + tcpBytes + payloadSum;
    if (this.hasTimestamps) this.#finish(view, at, tcpBytes, sum + this.#writeTimestamps(view, at + 20));
    else this.#finish(view, at, tcpBytes, sum);
  }

  /** Sends a SYN or SYN-ACK with the options of Linux, in its order. False where there is no frame. */
  sendSyn(): boolean {
    if (!this.#take()) return false;
    const view = this.#view;
    const at = this.#segment;
    let options = at + 20;
    const first = MSS_OPTION | this.maximumSegment;
    view.setInt32(options, first);
    options += 4;
    let sum = halves(first);
    if (this.hasTimestamps) {
      const lead = this.allowsSack ? SACK_AND_TIMESTAMPS : ALIGNED_TIMESTAMPS;
      view.setInt32(options, lead);
      view.setInt32(options + 4, this.timestamp);
      view.setInt32(options + 8, this.timestampEcho);
      sum += halves(lead) + halves(this.timestamp) + halves(this.timestampEcho);
      options += 12;
    } else if (this.allowsSack) {
      view.setInt32(options, NOP_NOP_SACK);
      sum += halves(NOP_NOP_SACK);
      options += 4;
    }
    if (this.windowShift >= 0) {
      const last = NOP_WINDOW_SCALE | this.windowShift;
      view.setInt32(options, last);
      sum += halves(last);
      options += 4;
    }
    const tcpBytes = options - at;
    sum += this.#writeFixed(view, at, (tcpBytes >> 2) << 12) + PROTOCOL_TCP + tcpBytes;
    this.#finish(view, at, tcpBytes, sum);
    return true;
  }

  /** Sends a segment without payload. False where there is no frame. */
  sendBare(): boolean {
    if (!this.begin()) return false;
    this.end(0, 0);
    return true;
  }

  /** Sends a segment without payload that tells what was received beyond a gap (RFC 2018). False where there is no frame. */
  sendSelective(): boolean {
    if (!this.#take()) return false;
    const view = this.#view;
    const at = this.#segment;
    let options = at + 20;
    let sum = 0;
    if (this.hasTimestamps) {
      sum += this.#writeTimestamps(view, options);
      options += 12;
    }
    const lead = SACK_LEAD + 8 * this.sackBlocks;
    view.setInt32(options, lead);
    sum += halves(lead);
    options += 4;
    for (let i = 0; i < 2 * this.sackBlocks; i++) {
      const edge = this.sackEdges[i]!;
      view.setInt32(options, edge);
      sum += halves(edge);
      options += 4;
    }
    const tcpBytes = options - at;
    sum += this.#writeFixed(view, at, (tcpBytes >> 2) << 12) + PROTOCOL_TCP + tcpBytes;
    this.#finish(view, at, tcpBytes, sum);
    return true;
  }

  #take(): boolean {
    const port = this.#port;
    let frame = port.take();
    if (frame < 0) {
      // All are on their way to the wire, or done with but not yet taken back.
      port.flush();
      frame = port.take();
      if (frame < 0) return false;
    }
    this.#frame = frame;
    this.#segment = frame + this.#etherBytes + (this.isIpv6 ? 40 : 20);
    return true;
  }

  /** Writes the 20 bytes that every segment has, checksum 0. Returns their sum without the ports. */
  #writeFixed(view: DataView, at: number, length: number): number {
    const { sequence, acknowledgement } = this;
    const control = length | this.flags;
    view.setInt32(at, this.ports);
    view.setInt32(at + 4, sequence);
    view.setInt32(at + 8, acknowledgement);
    view.setInt32(at + 12, (control << 16) | this.window);
    return (
      (sequence >>> 16) +
      (sequence & 0xffff) +
      (acknowledgement >>> 16) +
      (acknowledgement & 0xffff) +
      control +
      this.window
    );
  }

  #writeTimestamps(view: DataView, at: number): number {
    const { timestamp, timestampEcho } = this;
    view.setInt32(at, ALIGNED_TIMESTAMPS);
    view.setInt32(at + 4, timestamp);
    view.setInt32(at + 8, timestampEcho);
    const upper = (timestamp >>> 16) + (timestampEcho >>> 16);
    return upper + (timestamp & 0xffff) + (timestampEcho & 0xffff) + 0x0101 + 0x080a;
  }

  /** Writes checksums and the headers below, and hands the frame over. */
  #finish(view: DataView, at: number, tcpBytes: number, sum: number): void {
    const { addressSum } = this;
    view.setInt32(at + 16, (~fold(addressSum + sum) & 0xffff) << 16);
    const ip = this.#frame + this.#etherBytes;
    let ipBytes = tcpBytes + 40;
    if (this.isIpv6) this.#writeIpv6(view, ip, tcpBytes);
    else {
      ipBytes = tcpBytes + 20;
      const identification = (this.#identification = (this.#identification + 0x3fd) & 0xffff);
      const { local, remote, ports } = this;
      const ipSum = addressSum - (ports >>> 16) - (ports & 0xffff) + IPV4_SUM + ipBytes + identification;
      view.setInt32(ip, 0x45000000 | ipBytes);
      view.setInt32(ip + 4, (identification << 16) | DO_NOT_FRAGMENT);
      view.setInt32(ip + 8, (((TIME_TO_LIVE << 8) | PROTOCOL_TCP) << 16) | (~fold(ipSum) & 0xffff));
      view.setInt32(ip + 12, local);
      view.setInt32(ip + 16, remote);
    }
    this.#peers.writeHeader(view, this.#frame, this.peer, this.isIpv6 ? ETHER_IPV6 : ETHER_IPV4);
    this.#port.send(this.#frame, this.#etherBytes + ipBytes);
  }

  #writeIpv6(view: DataView, ip: number, tcpBytes: number): void {
    // A label for each flow, as Linux makes one (net.ipv6.auto_flowlabels): the same for all packets of a connection.
    view.setInt32(ip, 0x60000000 | (this.addressSum & 0xfffff));
    view.setInt32(ip + 4, (tcpBytes << 16) | (PROTOCOL_TCP << 8) | TIME_TO_LIVE);
    for (let i = 0; i < ADDRESS_WORDS; i++) view.setInt32(ip + 8 + i * 4, this.words[this.wordsAt + i]!);
  }
}

/** The sum of addresses and ports, as `SegmentWriter.addressSum` and checksums have it. */
export function addressSumOf4(local: number, remote: number, ports: number): number {
  return halves(local) + halves(remote) + halves(ports);
}

export function addressSumOf6(words: Int32Array, from: number, ports: number): number {
  let sum = halves(ports);
  for (let i = 0; i < ADDRESS_WORDS; i++) sum += halves(words[from + i]!);
  return sum;
}
