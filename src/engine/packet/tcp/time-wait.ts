import { hasWords, IS_IPV6, type ConnectionTable } from './connection-table.ts';
import { ADDRESS_WORDS, type Tuple } from './tuple.ts';

/** As long as Linux rests a 4-tuple before it is used again (net.ipv4.tcp_tw_reuse, with timestamps). */
export const REST_MS = 1000;
const FIRST_CAPACITY = 4096;
/** A million closes a second rest for the whole time; beyond it the oldest are forgotten. */
const MOST = 1 << 22;
const NUMBER_MASK = 0x3fffffff;

/**
 * 4-tuples that rest after our close, oldest first, in a ring: what it takes to acknowledge a FIN that comes again, and to tell a new SYN
 * of the peer from an old one (RFC 6191). An entry has a number that stays the same when the ring grows.
 */
export class TimeWait {
  #mask = 0;
  #head = 0;
  #count = 0;
  readonly #hasIpv6: boolean;
  flags!: Uint16Array;
  local!: Int32Array;
  remote!: Int32Array;
  ports!: Int32Array;
  peer!: Uint16Array;
  sendNext!: Int32Array;
  receiveNext!: Int32Array;
  timestampRecent!: Int32Array;
  timestampOffset!: Int32Array;
  endMs!: Int32Array;
  words!: Int32Array;
  /** The hash of the tuple; the table of tuples needs it to remove the entry. */
  hash!: Int32Array;

  constructor(hasIpv6: boolean) {
    this.#hasIpv6 = hasIpv6;
    this.#allocate(FIRST_CAPACITY);
  }

  get count(): number {
    return this.#count;
  }

  /** The number of the oldest entry; there must be one. */
  get oldest(): number {
    return this.#head;
  }

  get isFull(): boolean {
    return this.#count === MOST;
  }

  /** Where the columns have an entry. */
  placeOf(entry: number): number {
    return entry & this.#mask;
  }

  /** Adds the tuple of a connection, whose row is given back after it. Returns its number. Not to be called where it `isFull`. */
  add(connections: ConnectionTable, row: number, hash: number, nowMs: number): number {
    if (this.#count > this.#mask) this.#grow();
    const entry = (this.#head + this.#count++) & NUMBER_MASK;
    const place = entry & this.#mask;
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
    const place = entry & this.#mask;
    if (this.ports[place] !== tuple.ports || this.local[place] !== tuple.local || this.remote[place] !== tuple.remote) {
      return false;
    }
    if ((this.flags[place]! & IS_IPV6) === 0) return tuple.family === 4;
    return tuple.family === 6 && hasWords(this.words, place, tuple);
  }

  #allocate(capacity: number): void {
    this.#mask = capacity - 1;
    this.flags = new Uint16Array(capacity);
    this.local = new Int32Array(capacity);
    this.remote = new Int32Array(capacity);
    this.ports = new Int32Array(capacity);
    this.peer = new Uint16Array(capacity);
    this.sendNext = new Int32Array(capacity);
    this.receiveNext = new Int32Array(capacity);
    this.timestampRecent = new Int32Array(capacity);
    this.timestampOffset = new Int32Array(capacity);
    this.endMs = new Int32Array(capacity);
    this.words = new Int32Array(this.#hasIpv6 ? capacity * ADDRESS_WORDS : 0);
    this.hash = new Int32Array(capacity);
  }

  #grow(): void {
    const old = this.#columns();
    const oldWords = this.words;
    const oldMask = this.#mask;
    this.#allocate((oldMask + 1) * 2);
    const columns = this.#columns();
    for (let i = 0; i < this.#count; i++) {
      const from = (this.#head + i) & oldMask;
      const to = (this.#head + i) & this.#mask;
      for (let c = 0; c < columns.length; c++) columns[c]![to] = old[c]![from]!;
      if (!this.#hasIpv6) continue;
      const first = from * ADDRESS_WORDS;
      this.words.set(oldWords.subarray(first, first + ADDRESS_WORDS), to * ADDRESS_WORDS);
    }
  }

  /** All columns of numbers. */
  #columns(): (Int32Array | Uint16Array)[] {
    return [
      this.flags,
      this.local,
      this.remote,
      this.ports,
      this.peer,
      this.sendNext,
      this.receiveNext,
      this.timestampRecent,
      this.timestampOffset,
      this.endMs,
      this.hash,
    ];
  }
}
