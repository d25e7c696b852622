/** A chunk holds most requests whole; 64 KiB are a chain of 64. */
export const CHUNK_BYTES = 1024;
/** Chunks that are made together. */
const BLOCK_CHUNKS = 256;
const BLOCK_SHIFT = 8;
/** No chunk. Chunks count from 1, so that a column of zeros has none. */
export const NO_CHUNK = 0;

/** ChunkPool is memory in chunks that form chains. It grows by blocks as chunks are taken, and keeps what was given back for the next. */
export class ChunkPool {
  readonly #bytes: Uint8Array[] = [];
  readonly #words: Int32Array[] = [];
  /** By chunk: the next of its chain, or of those that are free. */
  #next = new Int32Array(BLOCK_CHUNKS);
  #free = NO_CHUNK;
  #fresh = 1;
  #used = 0;

  /** Chunks that are taken. */
  get used(): number {
    return this.#used;
  }

  take(): number {
    let chunk = this.#free;
    if (chunk === NO_CHUNK) chunk = this.#make();
    else this.#free = this.#next[chunk]!;
    this.#next[chunk] = NO_CHUNK;
    this.#used++;
    return chunk;
  }

  give(chunk: number): void {
    this.#next[chunk] = this.#free;
    this.#free = chunk;
    this.#used--;
  }

  next(chunk: number): number {
    return this.#next[chunk]!;
  }

  join(chunk: number, next: number): void {
    this.#next[chunk] = next;
  }

  /** The block that has the chunk, whose bytes begin there at `placeOf`. */
  bytesOf(chunk: number): Uint8Array {
    return this.#bytes[chunk >> BLOCK_SHIFT]!;
  }

  /** The same memory in 32-bit words. */
  wordsOf(chunk: number): Int32Array {
    return this.#words[chunk >> BLOCK_SHIFT]!;
  }

  /** Where a chunk begins in its block, in bytes. */
  placeOf(chunk: number): number {
    return (chunk & (BLOCK_CHUNKS - 1)) * CHUNK_BYTES;
  }

  #make(): number {
    const chunk = this.#fresh++;
    if (chunk >> BLOCK_SHIFT === this.#bytes.length) {
      const memory = new ArrayBuffer(BLOCK_CHUNKS * CHUNK_BYTES);
      this.#bytes.push(new Uint8Array(memory));
      this.#words.push(new Int32Array(memory));
    }
    if (chunk === this.#next.length) {
      const longer = new Int32Array(2 * chunk);
      longer.set(this.#next);
      this.#next = longer;
    }
    return chunk;
  }
}
