import type { BodyPlaces } from '../../engine/seam/engine.ts';
import type { ReceivedBytes } from '../head/received-bytes.ts';
import type { ChunkPool } from './chunk-pool.ts';
import { CHUNK_BYTES, NO_CHUNK, type ChunkTable } from './chunk-table.ts';

/** A chunk with less room than this counts as full: a receive into it would not be worth its call. */
const ROOM_MIN = 4096;

/**
 * What has come of each slot's response, as chunks in the order in which they came. The kernel writes into the last chunk of
 * a slot, so nothing is copied on the way in.
 */
export class ChunkChains implements BodyPlaces, ReceivedBytes {
  readonly #pool: ChunkPool;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** How many bytes each chunk holds. */
  readonly #next: Int32Array;
  readonly #lengths: Int32Array;
  /** The place, for all slots, of bytes that there is no memory for. */
  readonly #waste: number;
  readonly #isWasting: Uint8Array;

  /** Throws `RangeError` where there is no memory for a single chunk. */
  constructor(pool: ChunkPool, table: ChunkTable, capacity: number) {
    this.#pool = pool;
    this.#first = new Int32Array(capacity).fill(NO_CHUNK);
    this.#last = new Int32Array(capacity).fill(NO_CHUNK);
    this.#next = table.next;
    this.#lengths = table.lengths;
    this.#isWasting = new Uint8Array(capacity);
    this.#waste = pool.take();
    if (this.#waste === NO_CHUNK) throw new RangeError('no memory for response bodies');
  }

  addressOf(slot: number): number {
    const chunk = this.#place(slot);
    return this.#pool.addressOf(chunk) + this.#lengths[chunk]!;
  }

  roomOf(slot: number): number {
    return CHUNK_BYTES - this.#lengths[this.#place(slot)]!;
  }

  viewOf(slot: number): Uint8Array {
    const chunk = this.#place(slot);
    return this.#pool.viewOf(chunk).subarray(this.#lengths[chunk]);
  }

  #place(slot: number): number {
    const last = this.#last[slot]!;
    if (last !== NO_CHUNK && !this.isFull(slot)) {
      this.#isWasting[slot] = 0;
      return last;
    }
    const chunk = this.#pool.take();
    this.#isWasting[slot] = chunk === NO_CHUNK ? 1 : 0;
    if (chunk === NO_CHUNK) return this.#waste;
    this.#lengths[chunk] = 0;
    this.#next[chunk] = NO_CHUNK;
    if (last === NO_CHUNK) this.#first[slot] = chunk;
    else this.#next[last] = chunk;
    this.#last[slot] = chunk;
    return chunk;
  }

  /** Whether the bytes that were received last are lost, because there was no memory for them. */
  isWasting(slot: number): boolean {
    return this.#isWasting[slot] === 1;
  }

  /** The chunk of the bytes that were received last; they begin at its `lengthOf`. */
  lastOf(slot: number): number {
    return this.#isWasting[slot] === 1 ? this.#waste : this.#last[slot]!;
  }

  bytesOf(slot: number): Uint8Array {
    return this.#pool.viewOf(this.lastOf(slot));
  }

  offsetOf(slot: number): number {
    return this.#lengths[this.lastOf(slot)]!;
  }

  /** `bytes` more belong to the response. */
  add(slot: number, bytes: number): void {
    this.#lengths[this.#last[slot]!]! += bytes;
  }

  /** Whether the last chunk takes no more. */
  isFull(slot: number): boolean {
    return CHUNK_BYTES - this.#lengths[this.#last[slot]!]! < ROOM_MIN;
  }

  firstOf(slot: number): number {
    return this.#first[slot]!;
  }

  /** Whether there is more than one chunk. */
  isLong(slot: number): boolean {
    return this.#first[slot] !== this.#last[slot];
  }

  lengthOf(chunk: number): number {
    return this.#lengths[chunk]!;
  }

  /**
   * Takes the first chunk out of the chain: it is the caller's, to give back to the pool. Only where no receive is under way, or there
   * are more chunks: the kernel writes into the last one.
   */
  detachFirst(slot: number): number {
    const first = this.#first[slot]!;
    const isLast = first === this.#last[slot];
    this.#first[slot] = isLast ? NO_CHUNK : this.#next[first]!;
    if (isLast) this.#last[slot] = NO_CHUNK;
    return first;
  }

  /** Forgets all bytes. The slot keeps its last chunk, since the kernel may be writing after its bytes. */
  clear(slot: number): void {
    if (this.#first[slot] === NO_CHUNK) return;
    while (this.isLong(slot)) this.#pool.give(this.detachFirst(slot));
    this.#lengths[this.#first[slot]!] = 0;
  }
}
