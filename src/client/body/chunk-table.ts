/** Pieces of response memory are of this size: a receive costs little beside its bytes; what a short response does not touch takes no memory. */
export const CHUNK_BYTES = 256 * 1024;
export const NO_CHUNK = -1;
/** Chunks are made this many at a time. */
export const CHUNK_BATCH = 16;

/** Two doubles a chunk: its address in native memory (0 if it has none), and where its bytes belong in their response. */
const DOUBLES = 2;
/** Two words a chunk: how many bytes it holds, and the next chunk. */
const WORDS = 2;

/**
 * What is known of each chunk of one worker, in memory that the threads which finish responses read as well. A chunk belongs to
 * one thread at a time: handing a job over hands it over.
 */
export class ChunkTable {
  /** The most chunks there can be. */
  readonly most: number;
  readonly addresses: Float64Array;
  readonly offsets: Float64Array;
  readonly lengths: Int32Array;
  readonly next: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.most = memory.byteLength / (DOUBLES * 8 + WORDS * 4);
    this.addresses = new Float64Array(memory, 0, this.most);
    this.offsets = new Float64Array(memory, 8 * this.most, this.most);
    this.lengths = new Int32Array(memory, 16 * this.most, this.most);
    this.next = new Int32Array(memory, 20 * this.most, this.most);
  }

  /** The memory for as many chunks as `limitBytes` hold, and at least one batch of them. */
  static createMemory(limitBytes: number): SharedArrayBuffer {
    const most = Math.max(CHUNK_BATCH, Math.floor(limitBytes / CHUNK_BYTES / CHUNK_BATCH) * CHUNK_BATCH);
    return new SharedArrayBuffer(most * (DOUBLES * 8 + WORDS * 4));
  }
}
