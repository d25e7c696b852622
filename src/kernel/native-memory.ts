import { MAP_32BIT, MAP_POPULATE, MAP_PRIVATE_ANONYMOUS, PROT_READ_WRITE } from './constants.ts';

/** Memory that does not move, which the kernel may keep using after a call returned. Given back by `NativeHeap.free`, or with the process. */
export interface NativeMemory {
  readonly address: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Smaller pieces share a block of this size; mmap(2) gives whole pages. */
const BLOCK_BYTES = 64 * 1024;
/** A cache line: no two pieces share one. */
const ALIGNMENT = 64;
const PAGE_BYTES = 4096;

/**
 * Below 2 GiB where the machine can (x86-64): such an address is a small integer to V8, and costs nothing to pass on. Any other
 * is an object of 16 bytes each time that it is computed or handed to a call, and so work for the collector.
 * Populated: no page fault is left for a run.
 */
const FLAGS = MAP_PRIVATE_ANONYMOUS | MAP_POPULATE | (process.arch === 'x64' ? MAP_32BIT : 0);

/** mmap(2), munmap(2), and the memory at an address. */
export interface MemorySource {
  mmap(address: number, size: number, protection: number, flags: number, fd: number, offset: number): number;
  munmap(address: number, size: number): number;
  view(address: number, size: number): ArrayBuffer;
}

/** A mapping of whole pages. */
export interface MemoryBlock {
  readonly address: number;
  readonly size: number;
}

/** Gives out native memory, cleared. */
export class NativeHeap {
  readonly #source: MemorySource;
  /** The sizes of its mappings, by their addresses. */
  readonly #blocks = new Map<number, number>();
  #nextAddress = 0;
  #freeBytes = 0;

  constructor(source: MemorySource) {
    this.#source = source;
  }

  /** Throws `RangeError` if there is no memory left. */
  alloc(size: number): NativeMemory {
    const address = this.#take(alignedSize(size));
    return { address, bytes: new Uint8Array(this.#source.view(address, size)) };
  }

  /**
   * Takes a piece back. Neither the program nor the kernel may use it after that. A piece that shares its block stays: it is small. Without
   * this, a process that begins many runs, as an agent does, would grow by the large pieces of each.
   */
  free({ address, bytes }: NativeMemory): void {
    if (alignedSize(bytes.length) < BLOCK_BYTES) return;
    this.#blocks.delete(address);
    this.#source.munmap(address, pagesOf(bytes.length));
  }

  /** All mappings that it has, for who gives them back when nothing can use them any more. */
  get blocks(): readonly MemoryBlock[] {
    return [...this.#blocks].map(([address, size]) => ({ address, size }));
  }

  #take(size: number): number {
    if (size >= BLOCK_BYTES) return this.#map(pagesOf(size));
    if (size > this.#freeBytes) {
      this.#nextAddress = this.#map(BLOCK_BYTES);
      this.#freeBytes = BLOCK_BYTES;
    }
    const address = this.#nextAddress;
    this.#nextAddress += size;
    this.#freeBytes -= size;
    return address;
  }

  #map(size: number): number {
    const address = mapLow(this.#source, size, FLAGS);
    this.#blocks.set(address, size);
    return address;
  }
}

function alignedSize(size: number): number {
  return Math.ceil(Math.max(1, size) / ALIGNMENT) * ALIGNMENT;
}

/** The size of the whole pages of a piece. */
function pagesOf(size: number): number {
  return Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
}

/**
 * A mapping of its own, cleared, for the caller to give back with munmap(2). The kernel gives its pages only as they are touched.
 * Throws `RangeError` if there is no memory left.
 */
export function mapOnTouch(source: MemorySource, size: number): NativeMemory {
  const address = mapLow(source, size, FLAGS & ~MAP_POPULATE);
  return { address, bytes: new Uint8Array(source.view(address, size)) };
}

function mapLow(source: MemorySource, size: number, flags: number): number {
  const low = source.mmap(0, size, PROT_READ_WRITE, flags, -1, 0);
  if (low !== -1) return low;
  // The lowest 2 GiB are used up, or forbidden.
  const address = source.mmap(0, size, PROT_READ_WRITE, flags & ~MAP_32BIT, -1, 0);
  if (address === -1) throw new RangeError(`no memory for ${size} bytes`);
  return address;
}
