import { CHECKSUM_ERRORS, MALFORMED } from '../packet-counters.ts';
import { fold, halves, sumOf } from './checksum.ts';
import { ADDRESS_WORDS, Tuple } from './tuple.ts';

const PROTOCOL_TCP = 6;
const ALIGNED_TIMESTAMPS = 0x0101080a;

/** Kinds of options. */
const END = 0;
const NOP = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;
/** RFC 7323, section 2.3: more counts as this. */
const MOST_SHIFT = 14;
/** As many fit 40 bytes of options. */
const MOST_SACK_BLOCKS = 4;

/**
 * One segment at a time, as fields. `read4` and `read6` check all that can be checked without its connection: version, lengths, that it is
 * no fragment, and the checksums.
 */
export class SegmentReader {
  readonly #view: DataView;
  readonly #counters: Float64Array;
  readonly #hasUnfinishedChecksums: boolean;

  readonly tuple = new Tuple();
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  /** The field as it came, unscaled. */
  window = 0;
  payload = 0;
  payloadBytes = 0;
  hasTimestamps = false;
  timestamp = 0;
  timestampEcho = 0;
  /** Of a SYN: 0 where the option is missing; -1 for the window scale. */
  maximumSegment = 0;
  windowShift = -1;
  allowsSack = false;
  /** What the peer has beyond a gap (RFC 2018): so many blocks, their first sequence number and the one after their last. */
  sackBlocks = 0;
  readonly sackEdges = new Int32Array(2 * MOST_SACK_BLOCKS);
  /** The frame that it came in. */
  frame = 0;
  frameBytes = 0;

  constructor(view: DataView, counters: Float64Array, hasUnfinishedChecksums: boolean) {
    this.#view = view;
    this.#counters = counters;
    this.#hasUnfinishedChecksums = hasUnfinishedChecksums;
  }

  /** Reads an IPv4 packet with TCP. False, and counted, where it is malformed. */
  read4(frame: number, ip: number, end: number): boolean {
    const view = this.#view;
    if (end - ip < 40) return this.#malformed();
    const first = view.getInt32(ip);
    const second = view.getInt32(ip + 4);
    const headerBytes = ((first >>> 24) & 15) << 2;
    const total = first & 0xffff;
    // More fragments, or an offset.
    if (first >>> 28 !== 4 || headerBytes < 20 || (second & 0x3fff) !== 0) return this.#malformed();
    if (total < headerBytes + 20 || ip + total > end) return this.#malformed();
    const third = view.getInt32(ip + 8);
    const remote = view.getInt32(ip + 12);
    const local = view.getInt32(ip + 16);
    const addresses = halves(local) + halves(remote);
    let sum = halves(first) + halves(second) + halves(third) + addresses;
    if (headerBytes > 20) sum += sumOf(view, ip + 20, ip + headerBytes);
    if (fold(sum) !== 0xffff) return this.#badChecksum();
    this.tuple.family = 4;
    this.tuple.local = local;
    this.tuple.remote = remote;
    this.frame = frame;
    this.frameBytes = end - frame;
    return this.#read(ip + headerBytes, ip + total, addresses);
  }

  /** Reads an IPv6 packet whose next header is TCP. */
  read6(frame: number, ip: number, end: number): boolean {
    const view = this.#view;
    if (end - ip < 60) return this.#malformed();
    const total = 40 + view.getUint16(ip + 4);
    if (view.getUint8(ip) >> 4 !== 6 || view.getUint8(ip + 6) !== PROTOCOL_TCP) return this.#malformed();
    if (total < 60 || ip + total > end) return this.#malformed();
    const { words } = this.tuple;
    let sum = 0;
    for (let i = 0; i < ADDRESS_WORDS; i++) {
      const word = view.getInt32(ip + 8 + i * 4);
      // The sender's address is first in the packet, ours in the tuple.
      words[(i + 4) & 7] = word;
      sum += halves(word);
    }
    this.tuple.family = 6;
    this.tuple.mix();
    this.frame = frame;
    this.frameBytes = end - frame;
    return this.#read(ip + 40, ip + total, sum);
  }

  /**
   * Reads the segment from `at` to `end`; `addresses` is the sum of the words of both addresses. Each word of the header is read once, for its
   * field and for the checksum.
   */
  #read(at: number, end: number, addresses: number): boolean {
    const view = this.#view;
    const control = view.getInt32(at + 12);
    const headerBytes = (control >>> 28) << 2;
    const payload = at + headerBytes;
    if (headerBytes < 20 || payload > end) return this.#malformed();
    const ports = view.getInt32(at);
    const sequence = view.getInt32(at + 4);
    const acknowledgement = view.getInt32(at + 8);
    const last = view.getInt32(at + 16);
    this.tuple.ports = (ports << 16) | (ports >>> 16);
    this.sequence = sequence;
    this.acknowledgement = acknowledgement;
    this.flags = (control >>> 16) & 0x3f;
    this.window = control & 0xffff;
    this.payload = payload;
    this.payloadBytes = end - payload;
    this.sackBlocks = 0;
    this.maximumSegment = 0;
    this.windowShift = -1;
    this.allowsSack = false;
    const pseudo = addresses + PROTOCOL_TCP + (end - at);
    const sum = pseudo + halves(ports) + halves(sequence) + halves(acknowledgement) + halves(control) + halves(last);
    // All that a segment without SYN has, as nearly every sender writes it.
    if (headerBytes === 32) {
      const lead = view.getInt32(at + 20);
      if (lead === ALIGNED_TIMESTAMPS) {
        const timestamp = view.getInt32(at + 24);
        const echo = view.getInt32(at + 28);
        this.hasTimestamps = true;
        this.timestamp = timestamp;
        this.timestampEcho = echo;
        const options = halves(lead) + halves(timestamp) + halves(echo);
        return this.#isIntact(sum + options, payload, end, pseudo, last);
      }
    }
    this.hasTimestamps = false;
    if (!this.#isIntact(sum, at + 20, end, pseudo, last)) return false;
    return this.#readOptions(at + 20, payload) || this.#malformed();
  }

  /** Whether the checksum is right, counted where not: `sum` is that of the words before `rest`, `last` the word with the checksum. */
  #isIntact(sum: number, rest: number, end: number, pseudo: number, last: number): boolean {
    // The kernel hands over what it sends through a pair of virtual interfaces before the checksum is filled in: only the sum of the
    // pseudo header is there (include/linux/skbuff.h, CHECKSUM_PARTIAL).
    if (this.#hasUnfinishedChecksums && last >>> 16 === fold(pseudo)) return true;
    const whole = rest === end ? sum : sum + sumOf(this.#view, rest, end);
    return fold(whole) === 0xffff || this.#badChecksum();
  }

  /** Reads options one by one. False where a length is wrong (RFC 9293, section 3.1: such a segment may be dropped). */
  #readOptions(from: number, end: number): boolean {
    const view = this.#view;
    let at = from;
    while (at < end) {
      const kind = view.getUint8(at);
      if (kind === END) return true;
      if (kind === NOP) {
        at++;
        continue;
      }
      if (at + 2 > end) return false;
      const length = view.getUint8(at + 1);
      if (length < 2 || at + length > end) return false;
      this.#readOption(kind, length, at + 2);
      at += length;
    }
    return true;
  }

  #readOption(kind: number, length: number, value: number): void {
    const view = this.#view;
    if (kind === MSS && length === 4) this.maximumSegment = view.getUint16(value);
    else if (kind === WINDOW_SCALE && length === 3) this.windowShift = Math.min(MOST_SHIFT, view.getUint8(value));
    else if (kind === SACK_PERMITTED && length === 2) this.allowsSack = true;
    else if (kind === TIMESTAMPS && length === 10) {
      this.hasTimestamps = true;
      this.timestamp = view.getInt32(value);
      this.timestampEcho = view.getInt32(value + 4);
    } else if (kind === SACK && (length & 7) === 2) this.#readSack((length - 2) >> 3, value);
  }

  #readSack(blocks: number, value: number): void {
    this.sackBlocks = Math.min(blocks, MOST_SACK_BLOCKS);
    for (let i = 0; i < 2 * this.sackBlocks; i++) this.sackEdges[i] = this.#view.getInt32(value + 4 * i);
  }

  #malformed(): false {
    this.#counters[MALFORMED]!++;
    return false;
  }

  #badChecksum(): false {
    this.#counters[CHECKSUM_ERRORS]!++;
    return false;
  }
}
