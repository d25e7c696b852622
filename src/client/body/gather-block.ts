import { constants } from 'node:buffer';
import { MAP_PRIVATE_ANONYMOUS, PROT_READ_WRITE } from '../../kernel/constants.ts';
import type { Libc } from '../../kernel/libc.ts';
import { CHUNK_BYTES } from './chunk-table.ts';

/** One piece of memory without a gap, for one response after the other. It grows by doubling; untouched pages take no memory. */
export class GatherBlock {
  readonly #libc: Libc | undefined;
  readonly #limitBytes: number;
  #address = 0;
  #view: Buffer = Buffer.alloc(0);

  constructor(libc: Libc | undefined, limitBytes: number) {
    this.#libc = libc;
    this.#limitBytes = Math.min(limitBytes, constants.MAX_LENGTH);
  }

  /** A block of at least `bytes`, valid until the next call; undefined where there is no memory for it. */
  get(bytes: number): Buffer | undefined {
    if (bytes <= this.#view.length) return this.#view;
    let size = CHUNK_BYTES;
    while (size < bytes) size *= 2;
    if (size > this.#limitBytes) return undefined;
    this.dispose();
    if (this.#libc === undefined) this.#view = Buffer.from(new ArrayBuffer(size));
    else {
      const address = this.#libc.mmap(0, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
      if (address < 0) return undefined;
      this.#address = address;
      this.#view = Buffer.from(this.#libc.view(address, size));
    }
    return this.#view;
  }

  dispose(): void {
    if (this.#address !== 0) this.#libc?.munmap(this.#address, this.#view.length);
    this.#address = 0;
    this.#view = Buffer.alloc(0);
  }
}
