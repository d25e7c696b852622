import type { BodyPlaces } from '../../engine/seam/engine.ts';
import type { Libc } from '../../kernel/libc.ts';
import { mapOnTouch, type NativeMemory } from '../../kernel/native-memory.ts';
import type { ReceivedBytes, Settling } from './received-bytes.ts';

/** A response that is shorter needs one receive only. */
const PLACE_BYTES = 512;
/** The most memory of all places together. With many slots each has less, but at least one cache line. */
const MEMORY_BYTES = 64 * 1024 * 1024;
const LINE_BYTES = 64;
/** The size of a place that all slots share. */
const SHARED_BYTES = 64 * 1024;

/** How an engine receives, and so what it needs of the places. */
export interface HeadPlacesOptions {
  /** Undefined: memory of the JavaScript heap's kind, for an engine that needs no addresses; it is shared then. */
  readonly libc: Libc | undefined;
  readonly capacity: number;
  /** `received` follows each receive before there is another, of any slot: one place does for all. */
  readonly isShared: boolean;
}

/**
 * Places for the heads of responses, where nothing else wants the bytes: each receive of a slot begins its place anew, for what has
 * been read need not be kept. Where the head is settled there is no room, and the kernel drops what comes.
 */
export class HeadPlaces implements BodyPlaces, ReceivedBytes {
  readonly #heads: Settling;
  readonly #libc: Libc | undefined;
  readonly #memory: NativeMemory;
  readonly #room: number;
  /** The distance from one slot's place to the next one's. */
  readonly #stride: number;

  /** Throws `RangeError` where there is no memory for it. */
  constructor(heads: Settling, { libc, capacity, isShared }: HeadPlacesOptions) {
    this.#heads = heads;
    this.#libc = libc;
    const share = Math.floor(MEMORY_BYTES / capacity / LINE_BYTES) * LINE_BYTES;
    this.#room = isShared ? SHARED_BYTES : Math.max(LINE_BYTES, Math.min(PLACE_BYTES, share));
    this.#stride = isShared ? 0 : this.#room;
    const size = isShared ? SHARED_BYTES : this.#room * capacity;
    this.#memory = libc === undefined ? { address: 0, bytes: new Uint8Array(size) } : mapOnTouch(libc, size);
  }

  roomOf(slot: number): number {
    return this.#heads.isSettled(slot) ? 0 : this.#room;
  }

  addressOf(slot: number): number {
    return this.#memory.address + slot * this.#stride;
  }

  /** The place that all slots share, where they do. */
  viewOf(): Uint8Array {
    return this.#memory.bytes;
  }

  bytesOf(): Uint8Array {
    return this.#memory.bytes;
  }

  offsetOf(slot: number): number {
    return slot * this.#stride;
  }

  /** When the engine is disposed of. */
  dispose(): void {
    this.#libc?.munmap(this.#memory.address, this.#memory.bytes.length);
  }
}
