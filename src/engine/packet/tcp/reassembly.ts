import { HAS_GAP, HAS_TIMESTAMPS, type ConnectionTable } from './connection-table.ts';
import { Places } from './places.ts';
import type { SegmentWriter } from './segment-writer.ts';
import { isAfter } from './sequence.ts';
import { SequenceRanges } from './sequence-ranges.ts';
import { NONE } from './tcp-user.ts';

/** As many connections of a thread can have a gap at the same time: 64 MiB. What comes out of order to others is dropped, and sent again. */
const PLACES = 1024;
/** A place is a ring that a whole window fits. */
const RING_BYTES = 1 << 16;
const RING_MASK = RING_BYTES - 1;
/** Places whose memory is made together. The kernel gives pages as they are touched. */
const SLAB_SHIFT = 4;
/** What 40 bytes of options have room for, beside timestamps and alone (RFC 2018, section 3). */
const BLOCKS_WITH_TIMESTAMPS = 3;
const BLOCKS = 4;

/**
 * Reassembly keeps what came after a gap until the gap is closed, so that a peer sends again what was lost and no more. A connection without a gap
 * costs nothing: a flag says that a row has a place here.
 */
export class Reassembly {
  readonly #connections: ConnectionTable;
  readonly #bytes: Uint8Array;
  readonly #places = new Places(PLACES);
  readonly #ranges = new SequenceRanges(PLACES);
  readonly #slabs: Uint8Array[] = [];
  /** By place: what came last, and the sequence number of a FIN. */
  readonly #latest = new Int32Array(PLACES);
  readonly #fin = new Int32Array(PLACES);
  readonly #hasFin = new Uint8Array(PLACES);

  /** `bytes` are those of the port. */
  constructor(connections: ConnectionTable, bytes: Uint8Array) {
    this.#connections = connections;
    this.#bytes = bytes;
  }

  /** How many connections have a gap. For tests. */
  get used(): number {
    return this.#places.used;
  }

  /** Keeps `bytes` of the port's from `offset` on, and a FIN after them. They lie in the window of the row and after a gap. */
  keep(row: number, sequence: number, offset: number, bytes: number, isFin: boolean): void {
    const place = this.#reach(row);
    if (place === NONE) return;
    const end = (sequence + bytes) | 0;
    if (!this.#ranges.add(place, sequence, isFin ? (end + 1) | 0 : end)) return;
    this.#latest[place] = sequence;
    if (isFin) {
      this.#fin[place] = end;
      this.#hasFin[place] = 1;
    }
    const ring = this.#ringOf(place);
    const first = (place & ((1 << SLAB_SHIFT) - 1)) * RING_BYTES;
    const at = sequence & RING_MASK;
    const part = Math.min(bytes, RING_BYTES - at);
    ring.set(this.#bytes.subarray(offset, offset + part), first + at);
    if (part < bytes) ring.set(this.#bytes.subarray(offset + part, offset + bytes), first);
  }

  #reach(row: number): number {
    const { flags, gapPlace } = this.#connections;
    if ((flags[row]! & HAS_GAP) !== 0) return gapPlace[row]!;
    const place = this.#places.take();
    if (place === NONE) return NONE;
    flags[row] = flags[row]! | HAS_GAP;
    gapPlace[row] = place;
    this.#ranges.clear(place);
    this.#hasFin[place] = 0;
    return place;
  }

  #ringOf(place: number): Uint8Array {
    const index = place >> SLAB_SHIFT;
    while (index >= this.#slabs.length) this.#slabs.push(new Uint8Array(RING_BYTES << SLAB_SHIFT));
    return this.#slabs[index]!;
  }

  /** How many bytes of a row with a gap are kept from `sequence` on, without one between them. */
  bytesFrom(row: number, sequence: number): number {
    const place = this.#connections.gapPlace[row]!;
    this.#ranges.dropBefore(place, sequence);
    const range = this.#ranges.rangeOf(place, sequence);
    if (range < 0) return 0;
    const bytes = (this.#ranges.end(place, range) - sequence) | 0;
    return this.#hasFin[place] === 1 && isAfter(this.#ranges.end(place, range), this.#fin[place]!) ? bytes - 1 : bytes;
  }

  /** Copies kept bytes to `offset` of the port's. */
  copy(row: number, sequence: number, bytes: number, offset: number): void {
    const place = this.#connections.gapPlace[row]!;
    const ring = this.#ringOf(place);
    const first = (place & ((1 << SLAB_SHIFT) - 1)) * RING_BYTES;
    const at = sequence & RING_MASK;
    const part = Math.min(bytes, RING_BYTES - at);
    this.#bytes.set(ring.subarray(first + at, first + at + part), offset);
    if (part < bytes) this.#bytes.set(ring.subarray(first, first + bytes - part), offset + part);
  }

  /** Whether the FIN of a row with a gap has this sequence number. */
  hasFinAt(row: number, sequence: number): boolean {
    const place = this.#connections.gapPlace[row]!;
    return this.#hasFin[place] === 1 && this.#fin[place] === sequence;
  }

  /** Gives the place back where nothing is kept from `sequence` on. */
  settle(row: number, sequence: number): void {
    const place = this.#connections.gapPlace[row]!;
    this.#ranges.dropBefore(place, sequence);
    if (this.#ranges.count(place) === 0) this.release(row);
  }

  /** Forgets what is kept of a row with a gap. */
  release(row: number): void {
    const { flags, gapPlace } = this.#connections;
    flags[row] = flags[row]! & ~HAS_GAP;
    this.#places.give(gapPlace[row]!);
  }

  /** Tells the peer what is kept: first what came last, then the others (RFC 2018, section 4). */
  report(row: number, writer: SegmentWriter): void {
    const place = this.#connections.gapPlace[row]!;
    const most = (this.#connections.flags[row]! & HAS_TIMESTAMPS) === 0 ? BLOCKS : BLOCKS_WITH_TIMESTAMPS;
    const latest = this.#ranges.rangeOf(place, this.#latest[place]!);
    let count = 0;
    if (latest >= 0) this.#write(writer, count++, place, latest);
    for (let range = this.#ranges.count(place) - 1; range >= 0 && count < most; range--)
      if (range !== latest) this.#write(writer, count++, place, range);
    writer.sackBlocks = count;
  }

  #write(writer: SegmentWriter, block: number, place: number, range: number): void {
    writer.sackEdges[2 * block] = this.#ranges.start(place, range);
    writer.sackEdges[2 * block + 1] = this.#ranges.end(place, range);
  }
}
