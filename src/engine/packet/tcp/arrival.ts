import { ECONNREFUSED, ECONNRESET } from '../../../kernel/errno.ts';
import {
  CHALLENGES,
  DUPLICATES,
  RESET_CLOSING,
  RESET_ESTABLISHED,
  RESET_SYN_RECEIVED,
  RESET_SYN_SENT,
  SYN_ACKS,
  SYN_ACKS_LOW_MSS,
  SYN_ACKS_WITHOUT_TIMESTAMPS,
} from '../packet-counters.ts';
import type { AcknowledgementBudget } from './acknowledgement-budget.ts';
import { acknowledge } from './acknowledgement.ts';
import {
  ACK_DUE,
  FIN_QUEUED,
  HAS_SACK,
  HAS_SCALING,
  HAS_SCOREBOARD,
  HAS_TIMESTAMPS,
  IS_PASSIVE,
  type ConnectionTable,
} from './connection-table.ts';
import { setSegmentBytes, type Lifecycle } from './lifecycle.ts';
import type { LossRecovery } from './loss-recovery.ts';
import type { Reception } from './reception.ts';
import type { Resending } from './resending.ts';
import { FIRST_TIMEOUT_MS, learnRoundTrip } from './retransmission.ts';
import type { SegmentReader } from './segment-reader.ts';
import { ACK, FIN, RST, SYN } from './segment-writer.ts';
import { isAfter, isBefore } from './sequence.ts';
import {
  CLOSE_WAIT,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  SYN_RECEIVED,
  SYN_SENT,
} from './states.ts';
import type { Strangers } from './strangers.ts';
import { NONE, type SendSource, type TcpUser } from './tcp-user.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { Transmission } from './transmission.ts';

/** How long a connection that has no slot any more waits for the peer's FIN, as in Linux (net.ipv4.tcp_fin_timeout). */
export const FIN_TIMEOUT_MS = 60_000;

export interface ArrivalParts {
  readonly connections: ConnectionTable;
  readonly lifecycle: Lifecycle;
  readonly transmission: Transmission;
  readonly recovery: LossRecovery;
  readonly resending: Resending;
  readonly reception: Reception;
  readonly wheel: TimerWheel;
  readonly reader: SegmentReader;
  readonly strangers: Strangers;
  readonly budget: AcknowledgementBudget;
  readonly source: SendSource;
  readonly user: TcpUser;
  readonly counters: Float64Array;
}

/** What a segment does to its connection: RFC 9293, section 3.10.7, with the checks of RFC 5961 and RFC 7323. */
export class Arrival {
  readonly #connections: ConnectionTable;
  readonly #lifecycle: Lifecycle;
  readonly #transmission: Transmission;
  readonly #recovery: LossRecovery;
  readonly #resending: Resending;
  readonly #reception: Reception;
  readonly #wheel: TimerWheel;
  readonly #reader: SegmentReader;
  readonly #strangers: Strangers;
  readonly #budget: AcknowledgementBudget;
  readonly #source: SendSource;
  readonly #user: TcpUser;
  readonly #counters: Float64Array;
  /** The row whose segment is being looked at: what it is to send leaves when that is done. */
  current = NONE;

  constructor(parts: ArrivalParts) {
    this.#connections = parts.connections;
    this.#lifecycle = parts.lifecycle;
    this.#transmission = parts.transmission;
    this.#recovery = parts.recovery;
    this.#resending = parts.resending;
    this.#reception = parts.reception;
    this.#wheel = parts.wheel;
    this.#reader = parts.reader;
    this.#strangers = parts.strangers;
    this.#budget = parts.budget;
    this.#source = parts.source;
    this.#user = parts.user;
    this.#counters = parts.counters;
  }

  /** The segment of the reader belongs to this row. */
  segment(row: number): void {
    const connections = this.#connections;
    const generation = connections.generation[row]!;
    this.current = row;
    const state = connections.state[row]!;
    if (state === SYN_SENT) this.#synSent(row);
    else this.#synchronised(row, state, generation);
    this.current = NONE;
    if (connections.generation[row] === generation) this.#transmission.output(row);
  }

  #synSent(row: number): void {
    const connections = this.#connections;
    const reader = this.#reader;
    const { flags } = reader;
    const hasAck = (flags & ACK) !== 0;
    const next = connections.sendNext[row]!;
    if (hasAck && reader.acknowledgement !== next) {
      if ((flags & RST) === 0) this.#strangers.reset(reader);
      return;
    }
    if ((flags & RST) !== 0) {
      if (!hasAck) return;
      this.#counters[RESET_SYN_SENT]!++;
      this.#lifecycle.fail(row, ECONNREFUSED);
      return;
    }
    if ((flags & SYN) === 0) return;
    this.agree(row);
    if (!hasAck) {
      // Both ends open at the same time (RFC 9293, section 3.5): our SYN is sent again, with the acknowledgement of the peer's.
      connections.state[row] = SYN_RECEIVED;
      this.#transmission.sendSyn(row);
      return;
    }
    this.#countSynAck(row);
    this.#learnHandshake(row);
    connections.sendUnacknowledged[row] = next;
    connections.windowUpdate[row] = reader.sequence;
    connections.sendWindow[row] = reader.window;
    connections.state[row] = ESTABLISHED;
    connections.retries[row] = 0;
    this.#wheel.clear(row);
    connections.flags[row] = connections.flags[row]! | ACK_DUE;
    this.#user.connected(connections.slot[row]!);
  }

  /** Takes over what the peer's SYN says. */
  agree(row: number): void {
    const connections = this.#connections;
    const reader = this.#reader;
    let flags = connections.flags[row]!;
    if (reader.hasTimestamps) {
      flags |= HAS_TIMESTAMPS;
      connections.timestampRecent[row] = reader.timestamp;
    }
    if (reader.windowShift >= 0) {
      flags |= HAS_SCALING;
      connections.windowShift[row] = reader.windowShift;
    } else connections.windowShift[row] = 0;
    if (reader.allowsSack) flags |= HAS_SACK;
    connections.flags[row] = flags;
    const sizes = this.#transmission.sizesOf(row);
    setSegmentBytes(connections, row, reader.maximumSegment, sizes);
    const next = (reader.sequence + 1) | 0;
    connections.receiveNext[row] = next;
    connections.receiveEdge[row] = (next + sizes.synWindow) | 0;
  }

  #countSynAck(row: number): void {
    const reader = this.#reader;
    const counters = this.#counters;
    counters[SYN_ACKS]!++;
    // A peer on a link with larger packets says more, and no middlebox did it. Without the option it is less.
    if (reader.maximumSegment < this.#transmission.sizesOf(row).maximumSegment) counters[SYN_ACKS_LOW_MSS]!++;
    if (!reader.hasTimestamps) counters[SYN_ACKS_WITHOUT_TIMESTAMPS]!++;
  }

  /** The round trip of a handshake that took one SYN (RFC 6298, section 3). */
  #learnHandshake(row: number): void {
    const connections = this.#connections;
    if (connections.retries[row] !== 0) return;
    const sentMs = connections.deadlineMs[row]! - FIRST_TIMEOUT_MS;
    learnRoundTrip(connections, row, this.#transmission.nowMs - sentMs);
  }

  #synchronised(row: number, state: number, generation: number): void {
    const connections = this.#connections;
    const reader = this.#reader;
    if (!this.#isAcceptable(row, state)) return;
    const { flags } = reader;
    if ((flags & RST) !== 0) {
      this.#reset(row, state);
      return;
    }
    if ((flags & SYN) !== 0) {
      this.#counters[CHALLENGES]!++;
      this.#answer(row, true);
      return;
    }
    if ((flags & ACK) === 0) return;
    if (state === SYN_RECEIVED) {
      if (reader.acknowledgement !== connections.sendNext[row]!) {
        this.#strangers.reset(reader);
        return;
      }
      this.#establish(row);
      if (connections.generation[row] !== generation) return;
    } else if (!this.#acknowledged(row)) return;
    if (reader.payloadBytes > 0) {
      this.#reception.takeBytes(row);
      if (connections.generation[row] !== generation) return;
    }
    if ((flags & FIN) !== 0) this.#reception.takeFin(row);
  }

  /** The first three checks: old duplicates by timestamp (RFC 7323, section 5.3), the window, and what is to be answered then. */
  #isAcceptable(row: number, state: number): boolean {
    const connections = this.#connections;
    const reader = this.#reader;
    const { flags } = reader;
    const hasTimestamps = reader.hasTimestamps && (connections.flags[row]! & HAS_TIMESTAMPS) !== 0;
    if (hasTimestamps && (flags & RST) === 0 && isBefore(reader.timestamp, connections.timestampRecent[row]!)) {
      this.#counters[DUPLICATES]!++;
      this.#answer(row, this.#isBare());
      return false;
    }
    const next = connections.receiveNext[row]!;
    const { sequence } = reader;
    const ahead = (sequence - next) | 0;
    const length = reader.payloadBytes + ((flags & FIN) !== 0 ? 1 : 0) + ((flags & SYN) !== 0 ? 1 : 0);
    if (ahead === 0) {
      // A closed window takes no bytes, but what acknowledges, ends or resets.
      if (hasTimestamps) connections.timestampRecent[row] = reader.timestamp;
      return true;
    }
    if (ahead < 0 && ((ahead + length) | 0) > 0 && (flags & RST) === 0) {
      if (hasTimestamps) connections.timestampRecent[row] = reader.timestamp;
      return true;
    }
    const isInWindow = ahead > 0 && isBefore(sequence, connections.receiveEdge[row]!);
    if (isInWindow) return true;
    if ((flags & RST) !== 0) return false;
    if (state === SYN_RECEIVED && (flags & SYN) !== 0 && ahead === -1) {
      // The peer's SYN has come again: the answer was lost.
      this.#counters[DUPLICATES]!++;
      this.#transmission.sendSyn(row);
      return false;
    }
    if ((flags & SYN) !== 0) return true;
    if (length > 0 && ahead < 0) this.#counters[DUPLICATES]!++;
    this.#answer(row, this.#isBare());
    // An acknowledgement in a duplicate is as good as any, so that two ends that both send again do not wait for each other.
    if (ahead < 0 && (flags & ACK) !== 0 && state !== SYN_RECEIVED) this.#acknowledged(row);
    return false;
  }

  /** Whether the segment occupies no sequence numbers. An answer to such is bounded, or two ends could answer each other without end. */
  #isBare(): boolean {
    const reader = this.#reader;
    return reader.payloadBytes === 0 && (reader.flags & (SYN | FIN)) === 0;
  }

  #answer(row: number, isBounded: boolean): void {
    if (isBounded && !this.#budget.take(this.#transmission.nowMs)) return;
    const connections = this.#connections;
    connections.flags[row] = connections.flags[row]! | ACK_DUE;
    // In SYN-RECEIVED nothing is sent by `output`.
    if (connections.state[row] === SYN_RECEIVED) this.#transmission.sendAck(row);
  }

  /** RFC 5961, section 3.2: only a reset at exactly RCV.NXT is one. */
  #reset(row: number, state: number): void {
    if (this.#reader.sequence !== this.#connections.receiveNext[row]!) {
      this.#counters[CHALLENGES]!++;
      this.#answer(row, true);
      return;
    }
    const isClosing = state >= FIN_WAIT_1 && state !== CLOSE_WAIT;
    this.#counters[state === SYN_RECEIVED ? RESET_SYN_RECEIVED : isClosing ? RESET_CLOSING : RESET_ESTABLISHED]!++;
    this.#lifecycle.fail(row, state === SYN_RECEIVED ? ECONNREFUSED : ECONNRESET);
  }

  /** The handshake that a peer began, or both did, is complete. */
  #establish(row: number): void {
    const connections = this.#connections;
    const reader = this.#reader;
    this.#learnHandshake(row);
    connections.state[row] = ESTABLISHED;
    connections.sendUnacknowledged[row] = reader.acknowledgement;
    connections.windowUpdate[row] = reader.sequence;
    connections.sendWindow[row] = reader.window << connections.windowShift[row]!;
    connections.retries[row] = 0;
    this.#wheel.clear(row);
    const flags = connections.flags[row]!;
    if ((flags & IS_PASSIVE) === 0) {
      this.#user.connected(connections.slot[row]!);
      return;
    }
    connections.flags[row] = flags & ~IS_PASSIVE;
    this.#lifecycle.handshakes--;
    const slot = this.#user.accept();
    if (slot === NONE) {
      connections.flags[row] = connections.flags[row] | FIN_QUEUED;
      this.#lifecycle.orphans++;
      return;
    }
    this.#lifecycle.assign(row, slot);
    this.#user.accepted(slot);
  }

  /** Takes over what the segment acknowledges. False where nothing else of it counts. */
  #acknowledged(row: number): boolean {
    const connections = this.#connections;
    const reader = this.#reader;
    const acknowledgement = reader.acknowledgement;
    const before = connections.sendUnacknowledged[row]!;
    if (isAfter(acknowledgement, connections.sendHighest[row]!)) {
      // Of what was never sent (RFC 9293, section 3.10.7.4).
      this.#answer(row, true);
      return false;
    }
    // RFC 5961, section 5.2.
    if (isBefore(acknowledgement, (before - (0xffff << connections.windowShift[row]!)) | 0)) {
      this.#answer(row, true);
      return false;
    }
    const isDuplicate = acknowledge(connections, row, reader, this.#transmission.nowMs);
    if (isBefore(acknowledgement, before)) return true;
    if (reader.sackBlocks > 0 && (connections.flags[row]! & HAS_SACK) !== 0) this.#recovery.note(row, reader);
    const hasScoreboard = (connections.flags[row]! & HAS_SCOREBOARD) !== 0;
    if (hasScoreboard && acknowledgement !== before) this.#recovery.advance(row);
    if (isDuplicate || (hasScoreboard && this.#recovery.hasLoss(row))) this.#resending.recover(row);
    if (acknowledgement === before) return true;
    this.#source.acknowledged(row, (acknowledgement - connections.sendStart[row]!) | 0);
    if (acknowledgement !== connections.sendHighest[row]!) {
      this.#transmission.rearm(row);
      return true;
    }
    this.#wheel.clear(row);
    return this.#finAcknowledged(row, acknowledgement);
  }

  /** All is acknowledged; where that includes FIN, the state moves on. False where the connection is gone. */
  #finAcknowledged(row: number, acknowledgement: number): boolean {
    const connections = this.#connections;
    if (acknowledgement !== ((connections.sendEnd[row]! + 1) | 0)) return true;
    const state = connections.state[row]!;
    if (state === FIN_WAIT_1) {
      connections.state[row] = FIN_WAIT_2;
      if (connections.slot[row] === NONE) {
        this.#lifecycle.halfClosed++;
        this.#wheel.set(row, this.#transmission.nowMs, FIN_TIMEOUT_MS);
      }
    } else if (state === CLOSING) {
      this.#lifecycle.rest(row, this.#transmission.nowMs);
      return false;
    } else if (state === LAST_ACK) {
      this.#lifecycle.end(row);
      return false;
    }
    return true;
  }
}
