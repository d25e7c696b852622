import {
  HAS_GAP,
  HAS_SCOREBOARD,
  HAS_TIMESTAMPS,
  IS_PASSIVE,
  IS_IPV6,
  type ConnectionTable,
} from './connection-table.ts';
import { FIN_WAIT_2 } from './states.ts';
import type { LossRecovery } from './loss-recovery.ts';
import type { Reassembly } from './reassembly.ts';
import { NONE, type SendSource, type TcpUser } from './tcp-user.ts';
import type { TimeWait } from './time-wait.ts';
import { addressSumOf4, addressSumOf6 } from './segment-writer.ts';
import type { Sizes } from './sizes.ts';
import { refOfEntry, refOfRow, type TupleTable } from './tuple-table.ts';
import { ADDRESS_WORDS, type Tuple, type TupleHash } from './tuple.ts';

/** RFC 6298, section 5.7 and RFC 6928: the initial window, in eighths of a segment. */
const INITIAL_WINDOW = 10 * 8;
const NO_THRESHOLD = 0xffff;

export interface LifecycleParts {
  readonly connections: ConnectionTable;
  readonly tuples: TupleTable;
  readonly timeWait: TimeWait;
  readonly hash: TupleHash;
  readonly recovery: LossRecovery;
  readonly reassembly: Reassembly;
  readonly source: SendSource;
  readonly user: TcpUser;
  readonly capacity: number;
  readonly firstSequence: number | undefined;
}

/** Where connections begin and end: rows, the table of tuples, what rests, and which slot has which row. */
export class Lifecycle {
  readonly #connections: ConnectionTable;
  readonly #tuples: TupleTable;
  readonly #timeWait: TimeWait;
  readonly #hash: TupleHash;
  readonly #recovery: LossRecovery;
  readonly #reassembly: Reassembly;
  readonly #source: SendSource;
  readonly #user: TcpUser;
  readonly #firstSequence: number | undefined;
  /** By slot: its row and 1, or 0. */
  readonly #rows: Int32Array;
  /** Handshakes under way that peers began. */
  handshakes = 0;
  /** Connections that go on without a slot. */
  orphans = 0;
  /** Those of them that wait for nothing but the peer's FIN. */
  halfClosed = 0;

  constructor(parts: LifecycleParts) {
    this.#connections = parts.connections;
    this.#tuples = parts.tuples;
    this.#timeWait = parts.timeWait;
    this.#hash = parts.hash;
    this.#recovery = parts.recovery;
    this.#reassembly = parts.reassembly;
    this.#source = parts.source;
    this.#user = parts.user;
    this.#firstSequence = parts.firstSequence;
    this.#rows = new Int32Array(parts.capacity);
  }

  rowOf(slot: number): number {
    return this.#rows[slot]! - 1;
  }

  /** Ties a row to a slot. */
  assign(row: number, slot: number): void {
    this.#connections.slot[row] = slot;
    this.#rows[slot] = row + 1;
  }

  /** The row goes on without its slot. */
  detach(row: number): void {
    const slot = this.#connections.slot[row]!;
    if (slot === NONE) return;
    this.#rows[slot] = 0;
    this.#connections.slot[row] = NONE;
    this.orphans++;
  }

  hashOf(tuple: Tuple): number {
    return this.#hash.of(tuple.local, tuple.remote, tuple.ports);
  }

  /**
   * A row for a connection with this tuple, which is known to be absent, and with sequence numbers of its own; `NONE` where there is none.
   * `clock` is the time in units of 4 µs (RFC 9293, section 3.4.1).
   */
  begin(tuple: Tuple, hash: number, slot: number, peer: number, clock: number): number {
    const connections = this.#connections;
    const row = connections.take(tuple, slot);
    if (row === NONE) return NONE;
    this.#tuples.add(hash, refOfRow(row));
    if (slot !== NONE) this.#rows[slot] = row + 1;
    connections.peer[row] = peer;
    connections.addressSum[row] =
      tuple.family === 4
        ? addressSumOf4(tuple.local, tuple.remote, tuple.ports)
        : addressSumOf6(connections.words, row * ADDRESS_WORDS, tuple.ports);
    const first = this.#firstSequence ?? (clock + this.#hash.sequenceOf(hash)) | 0;
    const next = (first + 1) | 0;
    connections.sendUnacknowledged[row] = first;
    connections.sendNext[row] = next;
    connections.sendHighest[row] = next;
    connections.sendStart[row] = next;
    connections.sendEnd[row] = next;
    connections.congestionWindow[row] = INITIAL_WINDOW;
    connections.slowStartThreshold[row] = NO_THRESHOLD;
    connections.timestampOffset[row] = this.#hash.timestampOf(hash);
    connections.receiveNext[row] = 0;
    connections.receiveEdge[row] = 0;
    return row;
  }

  /** The connection is gone. */
  end(row: number): void {
    this.#tuples.remove(this.#hashOfRow(row), refOfRow(row));
    this.#release(row);
  }

  /** Ends the connection with an error, of which its slot is told. */
  fail(row: number, errno: number): void {
    const slot = this.#connections.slot[row]!;
    this.end(row);
    if (slot !== NONE) this.#user.failed(slot, errno);
  }

  /** Both ends have closed, we first or both at the same time: the tuple rests. */
  rest(row: number, nowMs: number): void {
    const timeWait = this.#timeWait;
    if (timeWait.isFull) this.#forgetOldest();
    const hash = this.#hashOfRow(row);
    const entry = timeWait.add(this.#connections, row, hash, nowMs);
    this.#tuples.replace(hash, refOfRow(row), refOfEntry(entry));
    this.#release(row);
  }

  /** Frees tuples that have rested for long enough, at most `most` of them. */
  wake(nowMs: number, most: number): void {
    const timeWait = this.#timeWait;
    for (let i = 0; i < most && timeWait.count > 0; i++) {
      if (timeWait.endMs[timeWait.placeOf(timeWait.oldest)]! > nowMs) return;
      this.#forgetOldest();
    }
  }

  /** Frees a tuple that rests, before its time. Its entry stays until then, and frees nothing. */
  forget(entry: number): void {
    this.#tuples.remove(this.#timeWait.hash[this.#timeWait.placeOf(entry)]!, refOfEntry(entry));
  }

  #forgetOldest(): void {
    this.forget(this.#timeWait.oldest);
    this.#timeWait.shift();
  }

  #release(row: number): void {
    const connections = this.#connections;
    const slot = connections.slot[row]!;
    if (slot !== NONE) this.#rows[slot] = 0;
    else if ((connections.flags[row]! & IS_PASSIVE) !== 0) this.handshakes--;
    else {
      this.orphans--;
      if (connections.state[row] === FIN_WAIT_2) this.halfClosed--;
    }
    if ((connections.flags[row]! & (HAS_GAP | HAS_SCOREBOARD)) !== 0) this.#forgetLosses(row);
    connections.give(row);
    this.#source.released(row);
  }

  #forgetLosses(row: number): void {
    const flags = this.#connections.flags[row]!;
    if ((flags & HAS_GAP) !== 0) this.#reassembly.release(row);
    if ((flags & HAS_SCOREBOARD) !== 0) this.#recovery.release(row);
  }

  #hashOfRow(row: number): number {
    const { local, remote, ports } = this.#connections;
    return this.#hash.of(local[row]!, remote[row]!, ports[row]!);
  }
}

/** RFC 9293, section 3.7.1: what a SYN without the option allows. */
const DEFAULT_SEGMENT_4 = 536;
const DEFAULT_SEGMENT_6 = 1220;
/** The least that Linux takes (net.ipv4.tcp_min_snd_mss). */
const LEAST_SEGMENT = 48;
const TIMESTAMP_BYTES = 12;

/** Sets how much a segment to this peer may have, from its MSS, ours and the options that each segment has. */
export function setSegmentBytes(connections: ConnectionTable, row: number, peers: number, sizes: Sizes): void {
  const flags = connections.flags[row]!;
  let most = peers === 0 ? ((flags & IS_IPV6) === 0 ? DEFAULT_SEGMENT_4 : DEFAULT_SEGMENT_6) : peers;
  if (most < LEAST_SEGMENT) most = LEAST_SEGMENT;
  if (most > sizes.maximumSegment) most = sizes.maximumSegment;
  connections.segmentBytes[row] = most - ((flags & HAS_TIMESTAMPS) === 0 ? 0 : TIMESTAMP_BYTES);
}
