import type { Libc, NativeMemory } from '../../kernel/libc.ts';

/**
 * Native buffers of one size, made when none is free and kept for the next time: as many as were ever needed at a time, no
 * matter how many connections pass.
 */
export class BufferPool {
  readonly bufferBytes: number;
  readonly #libc: Libc;
  readonly #memory: NativeMemory[] = [];
  readonly #free: number[] = [];

  constructor(libc: Libc, bufferBytes: number) {
    this.#libc = libc;
    this.bufferBytes = bufferBytes;
  }

  /** How many buffers there are, in use and free. */
  get size(): number {
    return this.#memory.length;
  }

  /** The address of a buffer, the caller's until `give`. */
  take(): number {
    const address = this.#free.pop();
    if (address !== undefined) return address;
    const memory = this.#libc.alloc(this.bufferBytes);
    this.#memory.push(memory);
    return memory.address;
  }

  give(address: number): void {
    this.#free.push(address);
  }
}
