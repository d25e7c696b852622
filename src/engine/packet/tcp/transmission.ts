import { RETRANSMITTED_DATA, RETRANSMITTED_FIN, WINDOW_PROBES, WINDOW_STALLS } from '../packet-counters.ts';
import {
  ACK_DUE,
  FIN_QUEUED,
  FIN_SENT,
  HAS_GAP,
  HAS_SACK,
  HAS_SCALING,
  HAS_SCOREBOARD,
  HAS_TIMESTAMPS,
  HOLDS_WINDOW,
  IS_IPV6,
  IS_RECOVERING,
  IS_STALLED,
  IS_STARVED,
  IS_TIMED,
  type ConnectionTable,
} from './connection-table.ts';
import type { LossRecovery } from './loss-recovery.ts';
import type { Reassembly } from './reassembly.ts';
import { timeoutMs } from './retransmission.ts';
import { ACK, FIN, PSH, RST, SYN, type SegmentWriter } from './segment-writer.ts';
import { isAfter, isBefore } from './sequence.ts';
import type { Sizes } from './sizes.ts';
import { CLOSE_WAIT, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, LAST_ACK, SYN_SENT } from './states.ts';
import type { StarvedRows } from './starved-rows.ts';
import { NONE, type SendSource, type TcpUser } from './tcp-user.ts';
import type { TimerWheel } from './timer-wheel.ts';
import { ADDRESS_WORDS } from './tuple.ts';

/** What is announced of our receive window, as Linux does with 64 KiB: a shift of 7. */
export const WINDOW_SHIFT = 7;

export interface TransmissionParts {
  readonly connections: ConnectionTable;
  readonly wheel: TimerWheel;
  readonly writer: SegmentWriter;
  readonly recovery: LossRecovery;
  readonly reassembly: Reassembly;
  readonly source: SendSource;
  readonly user: TcpUser;
  readonly counters: Float64Array;
  readonly starved: StarvedRows;
  /** By family: what fits a packet of this link. */
  readonly sizes4: Sizes;
  readonly sizes6: Sizes;
}

/** Sends what a connection owes: data as the windows let it, FIN, acknowledgements, and again what is lost. */
export class Transmission {
  readonly #connections: ConnectionTable;
  readonly #wheel: TimerWheel;
  readonly #writer: SegmentWriter;
  readonly #recovery: LossRecovery;
  readonly #reassembly: Reassembly;
  readonly #source: SendSource;
  readonly #user: TcpUser;
  readonly #counters: Float64Array;
  readonly #starved: StarvedRows;
  readonly #sizes4: Sizes;
  readonly #sizes6: Sizes;
  /** The time of this turn, in ms; never 0. */
  nowMs = 1;

  constructor(parts: TransmissionParts) {
    this.#connections = parts.connections;
    this.#wheel = parts.wheel;
    this.#writer = parts.writer;
    this.#recovery = parts.recovery;
    this.#reassembly = parts.reassembly;
    this.#source = parts.source;
    this.#user = parts.user;
    this.#counters = parts.counters;
    this.#starved = parts.starved;
    this.#sizes4 = parts.sizes4;
    this.#sizes6 = parts.sizes6;
  }

  sizesOf(row: number): Sizes {
    return (this.#connections.flags[row]! & IS_IPV6) === 0 ? this.#sizes4 : this.#sizes6;
  }

  /**
   * Sends what the connection owes. Events of the user may come before this returns, so that the connection may be gone then.
   */
  output(row: number): void {
    const connections = this.#connections;
    const state = connections.state[row]!;
    if (state < ESTABLISHED) return;
    let fresh = 0;
    if ((connections.flags[row]! & IS_RECOVERING) !== 0) this.#sendLost(row);
    if (state !== FIN_WAIT_2) fresh = this.#sendQueued(row);
    if ((connections.flags[row]! & ACK_DUE) !== 0) this.sendAck(row);
    if (fresh === 0) return;
    const slot = connections.slot[row]!;
    if (slot !== NONE) this.#user.sent(slot, fresh);
  }

  /** Sends data and FIN from `sendNext` on as far as the windows let it. Returns how many bytes left for the first time. */
  #sendQueued(row: number): number {
    const connections = this.#connections;
    let fresh = 0;
    for (;;) {
      if ((connections.flags[row]! & HAS_SCOREBOARD) !== 0) this.#skip(row);
      const next = connections.sendNext[row]!;
      const unsent = (connections.sendEnd[row]! - next) | 0;
      const hasFin = (connections.flags[row]! & FIN_QUEUED) !== 0;
      if (unsent < 0 || (unsent === 0 && !hasFin)) break;
      let bytes = 0;
      if (unsent > 0) {
        bytes = this.#allowedBytes(row, next, unsent);
        if (bytes === 0) break;
      }
      const isLast = bytes === unsent;
      const isFin = isLast && hasFin;
      if (!this.#sendSegment(row, next, bytes, ACK | (isLast && bytes > 0 ? PSH : 0) | (isFin ? FIN : 0))) break;
      fresh += this.#advance(row, next, bytes, isFin);
    }
    return fresh;
  }

  /** How many bytes the next segment may have; 0 to wait. */
  #allowedBytes(row: number, next: number, unsent: number): number {
    const connections = this.#connections;
    const inFlight = (next - connections.sendUnacknowledged[row]!) | 0;
    if (inFlight > 0 && (connections.flags[row]! & HAS_SCOREBOARD) !== 0)
      return this.#allowedAfterLoss(row, next, unsent);
    const segment = connections.segmentBytes[row]!;
    const window = connections.sendWindow[row]!;
    const congestion = (connections.congestionWindow[row]! * segment) >> 3;
    const room = (window < congestion ? window : congestion) - inFlight;
    let bytes = unsent < segment ? unsent : segment;
    if (bytes <= room) return bytes;
    bytes = room;
    // Whole segments, as long as an acknowledgement is to come that makes room (RFC 9293, section 3.8.6.2.1).
    if (inFlight > 0) return 0;
    if (bytes > 0) return bytes;
    if ((connections.flags[row]! & IS_STALLED) === 0) {
      connections.flags[row] = connections.flags[row]! | IS_STALLED;
      this.#counters[WINDOW_STALLS]!++;
    }
    if (connections.deadlineMs[row] === 0) this.#wheel.set(row, this.nowMs, timeoutMs(connections, row));
    return 0;
  }

  /** The same where something was lost: what the peer has and what is lost are not under way, though the window counts them. */
  #allowedAfterLoss(row: number, next: number, unsent: number): number {
    const connections = this.#connections;
    const window = (connections.sendUnacknowledged[row]! + connections.sendWindow[row]! - next) | 0;
    const segment = connections.segmentBytes[row]!;
    const bytes = Math.min(unsent, this.#recovery.bytesBefore(row, next, segment));
    return bytes <= window && bytes <= this.#congestionRoom(row, next) ? bytes : 0;
  }

  /** How many bytes more may be under way, where those before `next` are. */
  #congestionRoom(row: number, next: number): number {
    const { congestionWindow, segmentBytes } = this.#connections;
    return ((congestionWindow[row]! * segmentBytes[row]!) >> 3) - this.#recovery.bytesUnderWay(row, next);
  }

  /** After a timeout: passes over what the peer has. */
  #skip(row: number): void {
    const { sendNext, sendHighest } = this.#connections;
    const next = sendNext[row]!;
    if (isBefore(next, sendHighest[row]!)) sendNext[row] = this.#recovery.skip(row, next);
  }

  /** Sends again what is lost, as far as the congestion window lets it; the first of it always. */
  #sendLost(row: number): void {
    const connections = this.#connections;
    const recovery = this.#recovery;
    const segment = connections.segmentBytes[row]!;
    while (recovery.findHole(row)) {
      const at = recovery.hole;
      const left = (connections.sendEnd[row]! - at) | 0;
      const bytes = Math.min(left, segment, recovery.holeBytes);
      const isFirst = at === connections.sendUnacknowledged[row]!;
      if (!isFirst && this.#congestionRoom(row, connections.sendNext[row]!) < bytes) return;
      const isFin = bytes === left && recovery.holeBytes > bytes && (connections.flags[row]! & FIN_SENT) !== 0;
      if (bytes === 0 && !isFin) return;
      const flags = ACK | (bytes === left && bytes > 0 ? PSH : 0) | (isFin ? FIN : 0);
      if (!this.#sendSegment(row, at, bytes, flags)) return;
      this.#counters[bytes > 0 ? RETRANSMITTED_DATA : RETRANSMITTED_FIN]!++;
      recovery.sentAgain(row, (at + bytes + (isFin ? 1 : 0)) | 0);
      if (connections.deadlineMs[row] === 0) this.rearm(row);
    }
  }

  #sendSegment(row: number, sequence: number, bytes: number, flags: number): boolean {
    const connections = this.#connections;
    const writer = this.#writer;
    this.#address(row);
    writer.flags = flags;
    writer.sequence = sequence;
    if (!writer.begin()) {
      this.#starve(row);
      return false;
    }
    let sum = 0;
    if (bytes > 0) sum = this.#source.write(row, (sequence - connections.sendStart[row]!) | 0, bytes, writer.payload);
    writer.end(bytes, sum);
    return true;
  }

  /** Counts a segment as sent. Returns how many of its bytes left for the first time. */
  #advance(row: number, next: number, bytes: number, isFin: boolean): number {
    const connections = this.#connections;
    const highest = connections.sendHighest[row]!;
    const after = (next + bytes + (isFin ? 1 : 0)) | 0;
    connections.sendNext[row] = after;
    let fresh = bytes;
    if (isBefore(next, highest)) {
      this.#counters[bytes > 0 ? RETRANSMITTED_DATA : RETRANSMITTED_FIN]!++;
      fresh = Math.max(0, bytes - ((highest - next) | 0));
    } else if ((connections.flags[row]! & (HAS_TIMESTAMPS | IS_TIMED)) === 0) this.#time(row, after);
    if (isAfter(after, highest)) connections.sendHighest[row] = after;
    if (isFin) this.#finSent(row);
    if (connections.deadlineMs[row] === 0) this.#wheel.set(row, this.nowMs, timeoutMs(connections, row));
    return fresh;
  }

  /** Times the round trip of what was just sent, for a peer without timestamps (RFC 6298, section 3). */
  #time(row: number, after: number): void {
    const connections = this.#connections;
    connections.flags[row] = connections.flags[row]! | IS_TIMED;
    connections.timestampRecent[row] = after;
    connections.timestampOffset[row] = this.nowMs;
  }

  #finSent(row: number): void {
    const connections = this.#connections;
    if ((connections.flags[row]! & FIN_SENT) !== 0) return;
    connections.flags[row] = connections.flags[row]! | FIN_SENT;
    if (connections.state[row] === ESTABLISHED) connections.state[row] = FIN_WAIT_1;
    else if (connections.state[row] === CLOSE_WAIT) connections.state[row] = LAST_ACK;
  }

  /** Acknowledges what has come, now. */
  sendAck(row: number): void {
    const writer = this.#writer;
    this.#address(row);
    writer.flags = ACK;
    writer.sequence = this.#connections.sendNext[row]!;
    const isSent = (this.#connections.flags[row]! & HAS_GAP) === 0 ? writer.sendBare() : this.#sendGap(row);
    if (!isSent) this.#starve(row);
  }

  /** Acknowledges what has come, and tells of what came after a gap. */
  #sendGap(row: number): boolean {
    const { flags } = this.#connections;
    const writer = this.#writer;
    flags[row] = flags[row]! & ~ACK_DUE;
    if ((flags[row] & HAS_SACK) === 0) return writer.sendBare();
    this.#reassembly.report(row, writer);
    return writer.sendSelective();
  }

  /** Sends the SYN of a connection, or its SYN-ACK, and sets the timer for the next one. */
  sendSyn(row: number): void {
    const connections = this.#connections;
    const writer = this.#writer;
    const sizes = this.sizesOf(row);
    const isFirst = connections.state[row] === SYN_SENT;
    this.#address(row);
    writer.flags = isFirst ? SYN : SYN | ACK;
    writer.sequence = connections.sendUnacknowledged[row]!;
    writer.window = sizes.synWindow;
    writer.maximumSegment = sizes.maximumSegment;
    writer.windowShift = isFirst || (connections.flags[row]! & HAS_SCALING) !== 0 ? WINDOW_SHIFT : -1;
    writer.allowsSack = isFirst || (connections.flags[row]! & HAS_SACK) !== 0;
    if (isFirst) {
      writer.acknowledgement = 0;
      writer.hasTimestamps = true;
      writer.timestampEcho = 0;
    }
    if (!writer.sendSyn()) this.#starve(row);
    this.#wheel.set(row, this.nowMs, timeoutMs(connections, row));
  }

  /** Resets the connection: RST at SND.NXT, which the peer takes from any state. */
  sendReset(row: number): void {
    const writer = this.#writer;
    this.#address(row);
    writer.flags = RST | ACK;
    writer.sequence = this.#connections.sendNext[row]!;
    writer.sendBare();
  }

  /**
   * Sets what all segments of a connection have in common. What came is acknowledged by this segment; what came after a gap needs one of its
   * own, for segments with payload have no room for it.
   */
  #address(row: number): void {
    const connections = this.#connections;
    const writer = this.#writer;
    let flags = connections.flags[row]!;
    if ((flags & HAS_GAP) === 0) flags &= ~ACK_DUE;
    connections.flags[row] = flags;
    writer.peer = connections.peer[row]!;
    writer.ports = connections.ports[row]!;
    writer.addressSum = connections.addressSum[row]!;
    writer.isIpv6 = (flags & IS_IPV6) !== 0;
    if ((flags & IS_IPV6) !== 0) {
      writer.words = connections.words;
      writer.wordsAt = row * ADDRESS_WORDS;
    }
    writer.local = connections.local[row]!;
    writer.remote = connections.remote[row]!;
    writer.hasTimestamps = (flags & HAS_TIMESTAMPS) !== 0;
    writer.timestamp = (this.nowMs + connections.timestampOffset[row]!) | 0;
    writer.timestampEcho = connections.timestampRecent[row]!;
    const next = connections.receiveNext[row]!;
    writer.acknowledgement = next;
    if ((flags & HOLDS_WINDOW) === 0) {
      connections.receiveEdge[row] = (next + ((flags & IS_IPV6) === 0 ? this.#sizes4 : this.#sizes6).window) | 0;
    }
    // A FIN that came when the window was closed lies beyond it.
    const open = Math.max(0, (connections.receiveEdge[row]! - next) | 0);
    writer.window = (flags & HAS_SCALING) === 0 ? open : open >> WINDOW_SHIFT;
  }

  /** What is owed is sent when there are frames again. */
  #starve(row: number): void {
    const { flags } = this.#connections;
    if ((flags[row]! & IS_STARVED) !== 0) return;
    flags[row] = flags[row]! | IS_STARVED | ACK_DUE;
    this.#starved.add(row);
  }

  /** Sets the timer anew: something was sent again, or was acknowledged and something is still to be (RFC 6298, section 5.3). */
  rearm(row: number): void {
    this.#wheel.set(row, this.nowMs, timeoutMs(this.#connections, row));
  }

  /** Asks for the peer's window with a sequence number that it must answer, as Linux does (net/ipv4/tcp_output.c, tcp_xmit_probe_skb). */
  probe(row: number): void {
    const connections = this.#connections;
    if (((connections.sendEnd[row]! - connections.sendUnacknowledged[row]!) | 0) < 0) return;
    const writer = this.#writer;
    this.#address(row);
    writer.flags = ACK;
    writer.sequence = (connections.sendUnacknowledged[row]! - 1) | 0;
    this.#counters[WINDOW_PROBES]!++;
    writer.sendBare();
    this.#wheel.set(row, this.nowMs, timeoutMs(connections, row));
  }
}
