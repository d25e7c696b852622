import { hasWords, IS_IPV6, type ConnectionTable } from './connection-table.ts';
import { ADDRESS_WORDS, type Tuple } from './tuple.ts';

/** As long as Linux rests a 4-tuple before it is used again (net.ipv4.tcp_tw_reuse, with timestamps). */
export const REST_MS = 1000;
/**
 * Half a million closes a second rest for the whole time, which is more than a thread makes; beyond it the oldest are forgotten. No ring that
 * grows: the copy of a hundred thousand entries would be a pause in the middle of a round, and its memory brings the collector.
 */
const CAPACITY = 1 << 19;
const MASK = CAPACITY - 1;
const NUMBER_MASK = 0x3fffffff;

/**
 * 4-tuples that rest after our close, oldest first, in a ring: what it takes to acknowledge a FIN that comes again, and to tell a new SYN
 * of the peer from an old one (RFC 6191). Memory is touched only as places come into use.
 */
export class TimeWait {
  #head = 0;
  #count = 0;
  readonly flags = new Uint16Array(CAPACITY);
  readonly local = new Int32Array(CAPACITY);
  readonly remote = new Int32Array(CAPACITY);
  readonly ports = new Int32Array(CAPACITY);
  readonly peer = new Uint16Array(CAPACITY);
  readonly sendNext = new Int32Array(CAPACITY);
  readonly receiveNext = new Int32Array(CAPACITY);
  readonly timestampRecent = new Int32Array(CAPACITY);
  readonly timestampOffset = new Int32Array(CAPACITY);
  readonly endMs = new Int32Array(CAPACITY);
  /** The hash of the tuple; the table of tuples needs it to remove the entry. */
  readonly hash = new Int32Array(CAPACITY);
  readonly words: Int32Array;

  constructor(hasIpv6: boolean) {
    this.words = new Int32Array(hasIpv6 ? CAPACITY * ADDRESS_WORDS : 0);
  }

  get count(): number {
    return this.#count;
  }

  /** The number of the oldest entry; there must be one. */
  get oldest(): number {
    return this.#head;
  }

  get isFull(): boolean {
    return this.#count === CAPACITY;
  }

  /** Where the columns have an entry. */
  placeOf(entry: number): number {
    return entry & MASK;
  }

  /** Adds the tuple of a connection, whose row is given back after it. Returns its number. Not to be called where it `isFull`. */
  add(connections: ConnectionTable, row: number, hash: number, nowMs: number): number {
    const entry = (this.#head + this.#count++) & NUMBER_MASK;
    const place = entry & MASK;
    const flags = connections.flags[row]!;
    this.flags[place] = flags;
    this.local[place] = connections.local[row]!;
    this.remote[place] = connections.remote[row]!;
    this.ports[place] = connections.ports[row]!;
    this.peer[place] = connections.peer[row]!;
    this.sendNext[place] = connections.sendNext[row]!;
    this.receiveNext[place] = connections.receiveNext[row]!;
    this.timestampRecent[place] = connections.timestampRecent[row]!;
    this.timestampOffset[place] = connections.timestampOffset[row]!;
    this.endMs[place] = nowMs + REST_MS;
    this.hash[place] = hash;
    if ((flags & IS_IPV6) !== 0) {
      const from = row * ADDRESS_WORDS;
      for (let i = 0; i < ADDRESS_WORDS; i++) this.words[place * ADDRESS_WORDS + i] = connections.words[from + i]!;
    }
    return entry;
  }

  /** Forgets the oldest. */
  shift(): void {
    this.#head = (this.#head + 1) & NUMBER_MASK;
    this.#count--;
  }

  matches(entry: number, tuple: Tuple): boolean {
    const place = entry & MASK;
    if (this.ports[place] !== tuple.ports || this.local[place] !== tuple.local || this.remote[place] !== tuple.remote) {
      return false;
    }
    if ((this.flags[place]! & IS_IPV6) === 0) return tuple.family === 4;
    return tuple.family === 6 && hasWords(this.words, place, tuple);
  }
}
