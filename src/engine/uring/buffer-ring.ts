import { MAP_PRIVATE_ANONYMOUS, PROT_READ_WRITE } from '../../kernel/constants.ts';
import { REGISTER_PBUF_RING } from '../../kernel/io-uring.ts';
import { ENOMEM, errnoName } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import { RunError } from '../../units/run-error.ts';
import { ringMemoryError } from './memory-error.ts';
import type { Ring } from './ring.ts';

/** The group that entries name. */
export const BUFFER_GROUP = 0;
/** Places in the ring, and so the most buffers that the kernel can pick from. Spare ones are numbered from here on. */
const ENTRIES = 4096;
/** struct io_uring_buf: addr (8 bytes), len (4), bid (2), and in the first one the ring's tail (2). */
const ENTRY_BYTES = 16;
const TAIL_HALFWORD = 7;
/** Buffers are made this many at a time, when the kernel runs out of them. */
const BATCH = 64;
/** struct io_uring_buf_reg. */
const REGISTRATION_BYTES = 40;

/**
 * Buffers that the kernel picks when data has come, not before: connections that wait hold none. A buffer is the
 * kernel's until a completion names it, and the caller's until `give`.
 */
export class BufferRing {
  readonly bufferBytes: number;
  readonly #libc: Libc;
  readonly #halfwords: Uint16Array;
  readonly #words: Int32Array;
  #addresses = new Float64Array(ENTRIES);
  /** Spare buffers that are not in use. */
  readonly #spares: number[] = [];
  readonly #mapping: number;
  #count = 0;
  /** How many of them the kernel does not have. */
  #taken = 0;
  #tail = 0;

  /** Throws `RunError` where the kernel has no rings of buffers (before Linux 5.19), or no memory for one. */
  constructor(libc: Libc, ring: Ring, bufferBytes: number) {
    this.#libc = libc;
    this.bufferBytes = bufferBytes;
    this.#mapping = libc.mmap(0, ENTRIES * ENTRY_BYTES, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
    if (this.#mapping === -1) throw ringMemoryError(libc.errno());
    const registration = libc.alloc(REGISTRATION_BYTES);
    const view = new DataView(registration.bytes.buffer);
    view.setBigUint64(0, BigInt(this.#mapping), true);
    view.setUint32(8, ENTRIES, true);
    view.setUint16(12, BUFFER_GROUP, true);
    const result = ring.register(REGISTER_PBUF_RING, registration.address, 1);
    if (result < 0) {
      libc.munmap(this.#mapping, ENTRIES * ENTRY_BYTES);
      if (result === -ENOMEM) throw ringMemoryError(ENOMEM);
      const name = errnoName(-result);
      throw new RunError(name, `this kernel's io_uring has no buffer rings (${name})`, 'use --engine epoll');
    }
    const memory = libc.view(this.#mapping, ENTRIES * ENTRY_BYTES);
    this.#halfwords = new Uint16Array(memory);
    this.#words = new Int32Array(memory);
    this.#grow();
  }

  /** The buffers of a ring that is of no use without them: it is disposed of where this throws. */
  static for(ring: Ring, libc: Libc, bufferBytes: number): BufferRing {
    try {
      return new BufferRing(libc, ring, bufferBytes);
    } catch (error) {
      ring.dispose();
      throw error;
    }
  }

  get count(): number {
    return this.#count;
  }

  /** A completion has named a buffer. */
  take(): void {
    this.#taken++;
  }

  /**
   * After a completion that found no buffer: makes more, unless some have been given back since. One batch serves all that
   * failed together. False if there can be no more.
   */
  replenish(): boolean {
    if (this.#taken < this.#count) return true;
    if (this.#count === ENTRIES) return false;
    this.#grow();
    return true;
  }

  /**
   * A buffer that is not in the ring, for a receive when all of the ring's are taken: by peers that do not read what is sent to them.
   * It is the caller's until `give`.
   */
  takeSpare(): number {
    if (this.#spares.length === 0) this.#growSpares();
    return this.#spares.pop()!;
  }

  #growSpares(): void {
    const { address } = this.#libc.alloc(BATCH * this.bufferBytes);
    const first = this.#addresses.length;
    const addresses = new Float64Array(first + BATCH);
    addresses.set(this.#addresses);
    for (let i = 0; i < BATCH; i++) {
      addresses[first + i] = address + i * this.bufferBytes;
      this.#spares.push(first + i);
    }
    this.#addresses = addresses;
  }

  #grow(): void {
    const { address } = this.#libc.alloc(BATCH * this.bufferBytes);
    for (let i = 0; i < BATCH; i++) {
      this.#addresses[this.#count] = address + i * this.bufferBytes;
      this.#offer(this.#count++);
    }
  }

  addressOf(buffer: number): number {
    return this.#addresses[buffer]!;
  }

  give(buffer: number): void {
    if (buffer >= ENTRIES) {
      this.#spares.push(buffer);
      return;
    }
    this.#taken--;
    this.#offer(buffer);
  }

  #offer(buffer: number): void {
    const at = (this.#tail & (ENTRIES - 1)) * (ENTRY_BYTES / 4);
    const address = this.#addresses[buffer]!;
    this.#words[at] = address | 0;
    this.#words[at + 1] = (address / 0x100000000) | 0;
    this.#words[at + 2] = this.bufferBytes;
    this.#halfwords[2 * at + 6] = buffer;
    this.#tail = (this.#tail + 1) & 0xffff;
    Atomics.store(this.#halfwords, TAIL_HALFWORD, this.#tail);
  }

  /** Frees the memory; only after the ring is closed. */
  dispose(): void {
    this.#libc.munmap(this.#mapping, ENTRIES * ENTRY_BYTES);
  }
}
