import type { FramePort } from '../port/frame-port.ts';
import { FOREIGN, SHARED_WITH_KERNEL, type OwnAddresses } from '../link/own-addresses.ts';
import { STRAY, TIME_WAIT_ACKS } from '../packet-counters.ts';
import type { AcknowledgementBudget } from './acknowledgement-budget.ts';
import { HAS_SCALING, HAS_TIMESTAMPS, IS_IPV6 } from './connection-table.ts';
import type { LinkPeers } from './link-peers.ts';
import type { SegmentReader } from './segment-reader.ts';
import { ACK, addressSumOf4, addressSumOf6, FIN, RST, SYN, type SegmentWriter } from './segment-writer.ts';
import { isAfter, isBefore } from './sequence.ts';
import { NONE } from './tcp-user.ts';
import type { TimeWait } from './time-wait.ts';
import type { Sizes } from './sizes.ts';
import { WINDOW_SHIFT } from './transmission.ts';

export interface StrangerParts {
  readonly writer: SegmentWriter;
  readonly peers: LinkPeers;
  readonly own: OwnAddresses;
  readonly timeWait: TimeWait;
  readonly budget: AcknowledgementBudget;
  readonly view: DataView;
  readonly counters: Float64Array;
  readonly port: Pick<FramePort, 'pass'>;
  /** Of a client: the thread that has a local port is its remainder by this. 0 of a server, where any may have it. */
  readonly owners: number;
  readonly sizes4: Sizes;
  readonly sizes6: Sizes;
}

/** Answers segments of no connection: those of a 4-tuple in TIME-WAIT, and strays. */
export class Strangers {
  readonly #o: StrangerParts;

  constructor(parts: StrangerParts) {
    this.#o = parts;
  }

  /** A segment of nothing that this thread knows: another thread has its connection, or it is answered with RST. */
  stray(reader: SegmentReader): void {
    const { port, owners, counters, own } = this.#o;
    const owner = owners === 0 ? -1 : (reader.tuple.ports >>> 16) % owners;
    if (port.pass(reader.frame, reader.frameBytes, owner)) return;
    counters[STRAY]!++;
    const kind = own.kindOf(reader.tuple);
    if (kind === FOREIGN) return;
    // A client shares the address with programs of this machine. What comes for one of them must not end its connection. A SYN-ACK has none yet.
    const mayBeAnothers = kind === SHARED_WITH_KERNEL && owners > 0 && (reader.flags & SYN) === 0;
    if (!mayBeAnothers) this.reset(reader);
  }

  /** Answers with RST, as if there were no connection (RFC 9293, section 3.10.7.1). A reset is never answered. */
  reset(reader: SegmentReader): void {
    const { flags } = reader;
    if ((flags & RST) !== 0 || !this.#address(reader)) return;
    const { writer } = this.#o;
    writer.hasTimestamps = false;
    writer.window = 0;
    if ((flags & ACK) !== 0) {
      writer.flags = RST;
      writer.sequence = reader.acknowledgement;
      writer.acknowledgement = 0;
    } else {
      const length = reader.payloadBytes + ((flags & SYN) !== 0 ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0);
      writer.flags = RST | ACK;
      writer.sequence = 0;
      writer.acknowledgement = (reader.sequence + length) | 0;
    }
    writer.sendBare();
  }

  /**
   * A segment for a tuple in TIME-WAIT: a FIN that comes again is acknowledged again. True for a SYN that begins another connection
   * (RFC 6191, and RFC 9293, section 3.10.7.4): the tuple is then to be forgotten.
   */
  resting(reader: SegmentReader, entry: number, listens: boolean, nowMs: number): boolean {
    const { timeWait, counters, budget } = this.#o;
    const place = timeWait.placeOf(entry);
    const { flags } = reader;
    // RFC 1337: a reset does not end TIME-WAIT.
    if ((flags & RST) !== 0) return false;
    const hasTimestamps = (timeWait.flags[place]! & HAS_TIMESTAMPS) !== 0 && reader.hasTimestamps;
    const recent = timeWait.timestampRecent[place]!;
    if (listens && (flags & (SYN | ACK)) === SYN) {
      if (isAfter(reader.sequence, timeWait.receiveNext[place]!)) return true;
      if (hasTimestamps && isAfter(reader.timestamp, recent)) return true;
    }
    const isBare = reader.payloadBytes === 0 && (flags & (SYN | FIN)) === 0;
    const isOld = hasTimestamps && isBefore(reader.timestamp, recent);
    if (isBare && !isOld && reader.sequence === timeWait.receiveNext[place]!) return false;
    if (isBare && !budget.take(nowMs)) return false;
    if ((flags & FIN) !== 0) counters[TIME_WAIT_ACKS]!++;
    this.#acknowledge(reader, place, nowMs);
    return false;
  }

  #acknowledge(reader: SegmentReader, place: number, nowMs: number): void {
    if (!this.#address(reader)) return;
    const { writer, timeWait, sizes4, sizes6 } = this.#o;
    const flags = timeWait.flags[place]!;
    const { window } = (flags & IS_IPV6) === 0 ? sizes4 : sizes6;
    writer.peer = timeWait.peer[place]!;
    writer.flags = ACK;
    writer.sequence = timeWait.sendNext[place]!;
    writer.acknowledgement = timeWait.receiveNext[place]!;
    writer.window = (flags & HAS_SCALING) === 0 ? window : window >> WINDOW_SHIFT;
    writer.hasTimestamps = (flags & HAS_TIMESTAMPS) !== 0;
    writer.timestamp = (nowMs + timeWait.timestampOffset[place]!) | 0;
    writer.timestampEcho = timeWait.timestampRecent[place]!;
    writer.sendBare();
  }

  /** Addresses an answer to where the segment came from. */
  #address(reader: SegmentReader): boolean {
    const { writer, peers, view } = this.#o;
    const { tuple } = reader;
    const peer = peers.senderOf(view, reader.frame);
    if (peer === NONE) return false;
    writer.peer = peer;
    writer.isIpv6 = tuple.family === 6;
    writer.local = tuple.local;
    writer.remote = tuple.remote;
    writer.ports = tuple.ports;
    writer.words = tuple.words;
    writer.wordsAt = 0;
    writer.addressSum =
      tuple.family === 6
        ? addressSumOf6(tuple.words, 0, tuple.ports)
        : addressSumOf4(tuple.local, tuple.remote, tuple.ports);
    return true;
  }
}
