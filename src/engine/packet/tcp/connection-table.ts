import { CLOSED } from './states.ts';
import { NONE } from './tcp-user.ts';
import { ADDRESS_WORDS, type Tuple } from './tuple.ts';

/** What is true of a connection. */
export const IS_IPV6 = 1;
/** Both ends send timestamps (RFC 7323). */
export const HAS_TIMESTAMPS = 2;
/** FIN is to follow what is queued; it has been sent once. */
export const FIN_QUEUED = 4;
export const FIN_SENT = 8;
/** What came is to be acknowledged, if nothing that is sent anyway does it. */
export const ACK_DUE = 16;
/** The receive window is not moved on. */
export const HOLDS_WINDOW = 32;
/** The row is in the timer wheel, with or without a deadline. */
export const IN_WHEEL = 64;
/** A frame was lacking: what is to be sent is in the list of those that wait for one. */
export const IS_STARVED = 128;
/** A handshake that a peer began: counted against the backlog. */
export const IS_PASSIVE = 256;
/** A round trip is being timed, without timestamps. */
export const IS_TIMED = 512;
/** `sendWindow` kept data back, and this was counted. */
export const IS_STALLED = 1024;
/** Both ends scale windows (RFC 7323). */
export const HAS_SCALING = 2048;
/** Both ends take selective acknowledgements (RFC 2018). */
export const HAS_SACK = 4096;
/** What came after a gap is kept, at `gapPlace`: see `Reassembly`. */
export const HAS_GAP = 8192;
/** What the peer has beyond a gap is known, or was asked for, at `scoreboardPlace`: see `LossRecovery`. */
export const HAS_SCOREBOARD = 16_384;
/** Something is lost and being sent again. */
export const IS_RECOVERING = 32_768;

/** Flags of the row itself, which outlive its connection. */
const OF_ROW = IN_WHEEL;

/**
 * Connections: one column a property, one row a connection, about 99 bytes each (32 more for IPv6). Memory is touched only as rows come
 * into use, and a row given back is the next to be taken, while the caches still have it.
 */
export class ConnectionTable {
  readonly capacity: number;
  readonly state: Uint8Array;
  readonly flags: Uint16Array;
  /** Counts the connections of a row: another one may have it when a callback returns. */
  readonly generation: Uint8Array;
  /** The user's slot, or `NONE`; of a free row, the free row below it. */
  readonly slot: Int32Array;
  readonly local: Int32Array;
  readonly remote: Int32Array;
  readonly ports: Int32Array;
  /** The addresses of IPv6, as `Tuple.words`; empty where there is none. */
  readonly words: Int32Array;
  /** The sum of the addresses and ports, for checksums. */
  readonly addressSum: Int32Array;
  /** Which of the link's peers packets go to. */
  readonly peer: Uint16Array;

  readonly sendUnacknowledged: Int32Array;
  readonly sendNext: Int32Array;
  /** The highest that was ever sent; after a timeout `sendNext` goes back and this does not. */
  readonly sendHighest: Int32Array;
  /** The sequence number of the first byte, and of the end of what is queued: where FIN is. */
  readonly sendStart: Int32Array;
  readonly sendEnd: Int32Array;
  readonly sendWindow: Int32Array;
  /** SND.WL1: the sequence number of the segment that last set the window. */
  readonly windowUpdate: Int32Array;
  readonly windowShift: Uint8Array;
  readonly segmentBytes: Uint16Array;
  /** The congestion window and slow start's threshold, in eighths of a segment (RFC 5681). */
  readonly congestionWindow: Uint16Array;
  readonly slowStartThreshold: Uint16Array;
  readonly duplicateAcks: Uint8Array;

  /** Where `LossRecovery` and `Reassembly` have the row; only with the flags that say so. */
  readonly scoreboardPlace: Uint16Array;
  readonly gapPlace: Uint16Array;

  readonly receiveNext: Int32Array;
  /** The end of the window that was announced. */
  readonly receiveEdge: Int32Array;

  /** With timestamps TS.Recent and what is added to the clock; without, the end and the time of what is being timed. */
  readonly timestampRecent: Int32Array;
  readonly timestampOffset: Int32Array;
  /** The smoothed round trip in eighths of a ms, 0 where none is known, and its variation in quarters (RFC 6298). */
  readonly roundTrip: Uint16Array;
  readonly variation: Uint16Array;
  readonly retries: Uint8Array;
  /** When the timer ends, in ms; 0: none. */
  readonly deadlineMs: Int32Array;
  /** The next in the same bucket of the wheel. */
  readonly wheelNext: Int32Array;

  #free = NONE;
  #fresh = 0;
  #used = 0;

  constructor(capacity: number, hasIpv6: boolean) {
    this.capacity = capacity;
    const integers = (): Int32Array => new Int32Array(capacity);
    this.state = new Uint8Array(capacity);
    this.flags = new Uint16Array(capacity);
    this.generation = new Uint8Array(capacity);
    this.slot = integers();
    this.local = integers();
    this.remote = integers();
    this.ports = integers();
    this.words = new Int32Array(hasIpv6 ? capacity * ADDRESS_WORDS : 0);
    this.addressSum = integers();
    this.peer = new Uint16Array(capacity);
    this.sendUnacknowledged = integers();
    this.sendNext = integers();
    this.sendHighest = integers();
    this.sendStart = integers();
    this.sendEnd = integers();
    this.sendWindow = integers();
    this.windowUpdate = integers();
    this.windowShift = new Uint8Array(capacity);
    this.segmentBytes = new Uint16Array(capacity);
    this.congestionWindow = new Uint16Array(capacity);
    this.slowStartThreshold = new Uint16Array(capacity);
    this.duplicateAcks = new Uint8Array(capacity);
    this.scoreboardPlace = new Uint16Array(capacity);
    this.gapPlace = new Uint16Array(capacity);
    this.receiveNext = integers();
    this.receiveEdge = integers();
    this.timestampRecent = integers();
    this.timestampOffset = integers();
    this.roundTrip = new Uint16Array(capacity);
    this.variation = new Uint16Array(capacity);
    this.retries = new Uint8Array(capacity);
    this.deadlineMs = integers();
    this.wheelNext = integers();
  }

  /** Rows that are taken. */
  get used(): number {
    return this.#used;
  }

  /** Rows from here on have never been taken. */
  get touched(): number {
    return this.#fresh;
  }

  /** A row for a connection with this tuple, its state still to be set, or `NONE` where all are in use. */
  take(tuple: Tuple, slot: number): number {
    let row = this.#free;
    if (row !== NONE) this.#free = this.slot[row]!;
    else if (this.#fresh < this.capacity) row = this.#fresh++;
    else return NONE;
    this.#used++;
    this.slot[row] = slot;
    this.local[row] = tuple.local;
    this.remote[row] = tuple.remote;
    this.ports[row] = tuple.ports;
    this.flags[row] = (this.flags[row]! & OF_ROW) | (tuple.family === 6 ? IS_IPV6 : 0);
    if (tuple.family === 6) this.words.set(tuple.words, row * ADDRESS_WORDS);
    this.retries[row] = 0;
    this.duplicateAcks[row] = 0;
    this.roundTrip[row] = 0;
    this.deadlineMs[row] = 0;
    return row;
  }

  give(row: number): void {
    this.state[row] = CLOSED;
    this.generation[row] = (this.generation[row]! + 1) | 0;
    this.flags[row] = this.flags[row]! & OF_ROW;
    this.deadlineMs[row] = 0;
    this.slot[row] = this.#free;
    this.#free = row;
    this.#used--;
  }

  /** Whether this row has that tuple. */
  matches(row: number, tuple: Tuple): boolean {
    if (this.ports[row] !== tuple.ports || this.local[row] !== tuple.local || this.remote[row] !== tuple.remote) {
      return false;
    }
    const isIpv6 = (this.flags[row]! & IS_IPV6) !== 0;
    if (!isIpv6) return tuple.family === 4;
    return tuple.family === 6 && hasWords(this.words, row, tuple);
  }
}

/** Whether the addresses at a place of `words` are those of the tuple. */
export function hasWords(words: Int32Array, place: number, tuple: Tuple): boolean {
  const from = place * ADDRESS_WORDS;
  for (let i = 0; i < ADDRESS_WORDS; i++) if (words[from + i] !== tuple.words[i]) return false;
  return true;
}
