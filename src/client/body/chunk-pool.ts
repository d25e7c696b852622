import { MAP_PRIVATE_ANONYMOUS, PROT_READ_WRITE } from '../../kernel/constants.ts';
import type { Libc } from '../../kernel/libc.ts';
import { CHUNK_BATCH, CHUNK_BYTES, NO_CHUNK, type ChunkTable } from './chunk-table.ts';

/** Pieces of memory of one size, by number, used again and again. */
export class ChunkPool {
  /** Undefined: memory of the JavaScript heap's kind, for an engine that needs no addresses. */
  readonly #libc: Libc | undefined;
  readonly #table: ChunkTable;
  readonly #views: Buffer[] = [];
  readonly #mappings: number[] = [];
  readonly #free: Int32Array;
  #freeCount = 0;

  constructor(libc: Libc | undefined, table: ChunkTable) {
    this.#libc = libc;
    this.#table = table;
    this.#free = new Int32Array(table.most);
  }

  /** `NO_CHUNK` where there are as many as may be, or no memory for more. */
  take(): number {
    if (this.#freeCount === 0 && !this.#grow()) return NO_CHUNK;
    return this.#free[--this.#freeCount]!;
  }

  give(chunk: number): void {
    this.#free[this.#freeCount++] = chunk;
  }

  viewOf(chunk: number): Buffer {
    return this.#views[chunk]!;
  }

  addressOf(chunk: number): number {
    return this.#table.addresses[chunk]!;
  }

  #grow(): boolean {
    if (this.#views.length === this.#table.most) return false;
    const size = CHUNK_BATCH * CHUNK_BYTES;
    let memory: ArrayBuffer;
    let address = 0;
    if (this.#libc === undefined) memory = new ArrayBuffer(size);
    else {
      // Not from the heap of C: the kernel gives pages of a mapping only as they are touched.
      address = this.#libc.mmap(0, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
      if (address < 0) return false;
      this.#mappings.push(address);
      memory = this.#libc.view(address, size);
    }
    for (let i = 0; i < CHUNK_BATCH; i++) {
      this.#table.addresses[this.#views.length] = address + i * CHUNK_BYTES;
      this.give(this.#views.length);
      this.#views.push(Buffer.from(memory, i * CHUNK_BYTES, CHUNK_BYTES));
    }
    return true;
  }

  /** Frees the memory. No engine and no job may still use a chunk. */
  dispose(): void {
    for (const address of this.#mappings) this.#libc?.munmap(address, CHUNK_BATCH * CHUNK_BYTES);
    this.#mappings.length = 0;
  }
}
