import { constants } from 'node:buffer';
import { MAP_PRIVATE_ANONYMOUS, PROT_READ_WRITE } from '../../linux/io-uring.ts';
import type { Libc } from '../../linux/libc.ts';
import { CHUNK_BYTES } from './chunk-pool.ts';

/** A piece of memory without a gap. */
export interface Block {
  /** 0 without native memory. */
  readonly address: number;
  readonly view: Buffer;
}

/** Contiguous memory for whole responses, in sizes that double, used again. Untouched pages take no memory. */
export class BlockPool {
  readonly #libc: Libc | undefined;
  readonly #free = new Map<number, Block[]>();
  readonly #mapped: Block[] = [];
  #leftBytes: number;

  constructor(libc: Libc | undefined, limitBytes: number) {
    this.#libc = libc;
    this.#leftBytes = limitBytes;
  }

  /** At least `bytes`; undefined where there is no memory for them. */
  take(bytes: number): Block | undefined {
    let size = CHUNK_BYTES;
    while (size < bytes) size *= 2;
    return this.#free.get(size)?.pop() ?? this.#make(size);
  }

  give(block: Block): void {
    const size = block.view.length;
    const blocks = this.#free.get(size);
    if (blocks === undefined) this.#free.set(size, [block]);
    else blocks.push(block);
  }

  #make(size: number): Block | undefined {
    if (size > this.#leftBytes || size > constants.MAX_LENGTH) return undefined;
    this.#leftBytes -= size;
    if (this.#libc === undefined) return { address: 0, view: Buffer.from(new ArrayBuffer(size)) };
    const address = this.#libc.mmap(0, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if (address < 0) return undefined;
    const block = { address, view: Buffer.from(this.#libc.view(address, size)) };
    this.#mapped.push(block);
    return block;
  }

  /** Only when no job uses a block any more. */
  dispose(): void {
    for (const { address, view } of this.#mapped) this.#libc?.munmap(address, view.length);
    this.#mapped.length = 0;
    this.#free.clear();
  }
}
