import type { PacketLink } from '../../seam/link.ts';
import type { FramePort, FrameReceiver } from '../port/frame-port.ts';
import { fold, sumOf } from '../tcp/checksum.ts';
import { ACK, FIN, RST, SYN } from '../tcp/segment-writer.ts';
import { FIRST_SEQUENCE, SYN_OPTIONS, TIMESTAMPS } from './rehearsed-options.ts';

const FRAMES = 1024;
const FRAME_BYTES = 2048;
const HEADROOM = 2;
const BATCH = 128;
const HEADERS_4 = 20;
const HEADERS_6 = 40;
const MOST_SEGMENT = 1400;

/** What answers the frames of a rehearsal. */
export interface RehearsedPeer {
  /** Takes a frame, and delivers others to the port. */
  answer(frame: number): void;
  /** Nothing is under way. */
  idle(): void;
}

/** The bytes that a rehearsed connection sends, and those that it gets. */
export interface RehearsedExchange {
  readonly payloadBytes: number;
  readonly responseBytes: number;
}

/**
 * A port without a wire: each frame that is sent is answered in memory, as a server would answer it. It keeps nothing of a connection, since
 * all of them begin with the same sequence number: what a segment acknowledges says how far its connection is.
 */
export class RehearsalPort implements FramePort {
  /** The initial sequence number that the TCP has to use. */
  static readonly firstSequence = FIRST_SEQUENCE;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly frameBytes = FRAME_BYTES - HEADROOM;
  /** Where a packet begins in its frame. */
  readonly etherBytes: number;
  readonly #exchange: RehearsedExchange | null;
  #peer: RehearsedPeer | null = null;
  /** Free frames, and what has come: a ring of offsets and lengths. */
  readonly #free = new Int32Array(FRAMES);
  #freeCount = FRAMES;
  readonly #offsets = new Int32Array(FRAMES);
  readonly #lengths = new Int32Array(FRAMES);
  #first = 0;
  #count = 0;

  /** Without an exchange, what is sent goes to the peer of `meet`. */
  constructor(link: Pick<PacketLink, 'vlan'>, exchange: RehearsedExchange | null) {
    const memory = new ArrayBuffer(FRAMES * FRAME_BYTES);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
    this.etherBytes = link.vlan === null ? 14 : 18;
    this.#exchange = exchange;
    for (let i = 0; i < FRAMES; i++) this.#free[i] = i * FRAME_BYTES + HEADROOM;
  }

  take(): number {
    return this.#freeCount === 0 ? -1 : this.#free[--this.#freeCount]!;
  }

  give(offset: number): void {
    this.#free[this.#freeCount++] = offset;
  }

  send(offset: number, _length: number): void {
    if (this.#peer !== null) this.#peer.answer(offset);
    else {
      const reply = this.take();
      if (reply >= 0) this.#answer(offset, reply);
    }
    this.give(offset);
  }

  /** From now on this peer answers. */
  meet(peer: RehearsedPeer): void {
    this.#peer = peer;
  }

  /** A frame that was taken comes in. */
  deliver(offset: number, length: number): void {
    const place = (this.#first + this.#count++) & (FRAMES - 1);
    this.#offsets[place] = offset;
    this.#lengths[place] = length;
  }

  flush(): void {
    // Everything has been answered already.
  }

  receive(receiver: FrameReceiver): number {
    const count = Math.min(this.#count, BATCH);
    for (let i = 0; i < count; i++) {
      const at = this.#first;
      this.#first = (at + 1) & (FRAMES - 1);
      this.#count--;
      receiver.frame(this.#offsets[at]!, this.#lengths[at]!);
      this.give(this.#offsets[at]!);
    }
    return count;
  }

  wait(): void {
    // What would be waited for is there, or never comes.
    if (this.#count === 0) this.#peer?.idle();
  }

  readonly companions = null;

  /** There is no other thread. */
  pass(): boolean {
    return false;
  }

  watch(): void {
    // No one wakes a rehearsal.
  }

  dispose(): void {
    // The memory is the collector's.
  }

  /** Answers the segment in the frame at `from` with one at `to`, if it is one that is answered. */
  #answer(from: number, to: number): void {
    const { view } = this;
    const ip = from + this.etherBytes;
    const isIpv6 = view.getUint8(ip) >> 4 === 6;
    const at = ip + (isIpv6 ? HEADERS_6 : HEADERS_4);
    const end = isIpv6 ? at + view.getUint16(ip + 4) : ip + view.getUint16(ip + 2);
    const control = view.getInt32(at + 12);
    const headerBytes = (control >>> 28) << 2;
    const flags = (control >>> 16) & 0x3f;
    const bytes = end - at - headerBytes;
    const { payloadBytes, responseBytes } = this.#exchange!;
    const next = (view.getInt32(at + 4) + bytes + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) | 0;
    const received = next - FIRST_SEQUENCE - 1 - ((flags & FIN) === 0 ? 0 : 1);
    const acknowledged = view.getInt32(at + 8) - 1;
    const left = responseBytes - acknowledged;
    const isComplete = received >= payloadBytes;
    if ((flags & RST) !== 0 || acknowledged > responseBytes) this.give(to);
    else if ((flags & SYN) !== 0) this.#reply(from, to, SYN | ACK, 0, next, 0);
    else if (!isComplete && bytes > 0) this.#reply(from, to, ACK, acknowledged + 1, next, 0);
    else if (!isComplete) this.give(to);
    else if (left > 0) this.#reply(from, to, ACK, acknowledged + 1, next, Math.min(left, MOST_SEGMENT));
    else this.#reply(from, to, FIN | ACK, acknowledged + 1, next, 0);
  }

  #reply(from: number, to: number, flags: number, sequence: number, acknowledgement: number, bytes: number): void {
    const { view } = this;
    this.#swapEnds(from, to);
    const ip = to + this.etherBytes;
    const isIpv6 = view.getUint8(from + this.etherBytes) >> 4 === 6;
    const ipBytes = isIpv6 ? HEADERS_6 : HEADERS_4;
    const at = ip + ipBytes;
    const ports = view.getInt32(from - to + at);
    const isSyn = (flags & SYN) !== 0;
    const headerBytes = isSyn ? 40 : 32;
    const stamp = from - to + at + (isSyn ? 28 : 24);
    view.setInt32(at, (ports << 16) | (ports >>> 16));
    view.setInt32(at + 4, sequence);
    view.setInt32(at + 8, acknowledgement);
    view.setInt32(at + 12, ((headerBytes >> 2) << 28) | (flags << 16) | 0xffff);
    view.setInt32(at + 16, 0);
    let option = at + 20;
    if (isSyn) for (let i = 0; i < SYN_OPTIONS.length; i++, option += 4) view.setInt32(option, SYN_OPTIONS[i]!);
    view.setInt32(option, TIMESTAMPS);
    const echo = view.getInt32(stamp);
    view.setInt32(option + 4, echo);
    view.setInt32(option + 8, echo);
    const tcpBytes = headerBytes + bytes;
    const end = at + tcpBytes;
    const addresses = fold(sumOf(view, isIpv6 ? ip + 8 : ip + 12, at));
    view.setUint16(at + 16, ~fold(addresses + 6 + tcpBytes + sumOf(view, at, end)) & 0xffff);
    if (isIpv6) view.setUint16(ip + 4, tcpBytes);
    else {
      view.setUint16(ip + 2, ipBytes + tcpBytes);
      view.setUint16(ip + 10, 0);
      view.setUint16(ip + 10, ~sumOf(view, ip, at) & 0xffff);
    }
    this.deliver(to, end - to);
  }

  /** Copies the headers below TCP, from the other end's view. */
  #swapEnds(from: number, to: number): void {
    const { view } = this;
    const ip = this.etherBytes;
    for (let i = 12; i < ip; i += 2) view.setUint16(to + i, view.getUint16(from + i));
    for (let i = 0; i < 6; i += 2) {
      view.setUint16(to + i, view.getUint16(from + i + 6));
      view.setUint16(to + i + 6, view.getUint16(from + i));
    }
    const isIpv6 = view.getUint8(from + ip) >> 4 === 6;
    const addresses = ip + (isIpv6 ? 8 : 12);
    const size = isIpv6 ? 16 : 4;
    for (let i = ip; i < addresses; i += 4) view.setInt32(to + i, view.getInt32(from + i));
    for (let i = 0; i < size; i += 4) {
      view.setInt32(to + addresses + i, view.getInt32(from + addresses + size + i));
      view.setInt32(to + addresses + size + i, view.getInt32(from + addresses + i));
    }
  }
}
