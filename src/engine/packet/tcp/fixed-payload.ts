import type { FramePort } from '../port/frame-port.ts';
import type { SendSource } from './tcp-user.ts';

/** Ones' complement sums are sums modulo this. */
const MODULUS = 0xffff;

/**
 * The same bytes for every connection: nothing is kept for one, and what a segment's checksum needs of them comes from a table of sums. A
 * connection may send them several times over; positions beyond the end begin anew.
 */
export class FixedPayload implements SendSource {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  /** Modulo 65 535: the sum of the 16-bit words before each pair of bytes. */
  readonly #sums: Uint16Array;
  readonly #port: Uint8Array;
  readonly #portWords: Int32Array;

  constructor(payload: Uint8Array, port: Pick<FramePort, 'bytes'>) {
    const size = (payload.length + 3) & ~3;
    const memory = new ArrayBuffer(size);
    this.#bytes = new Uint8Array(memory, 0, payload.length);
    this.#bytes.set(payload);
    this.#words = new Int32Array(memory);
    this.#sums = new Uint16Array((payload.length >> 1) + 1);
    let sum = 0;
    for (let i = 0; i + 1 < payload.length; i += 2) {
      sum = (sum + (payload[i]! << 8) + payload[i + 1]!) % MODULUS;
      this.#sums[(i >> 1) + 1] = sum;
    }
    const { buffer, byteOffset, byteLength } = port.bytes;
    this.#port = port.bytes;
    this.#portWords = new Int32Array(buffer, byteOffset, byteLength >> 2);
  }

  write(_connection: number, position: number, bytes: number, offset: number): number {
    const total = this.#bytes.length;
    let from = position;
    // The only connections whose positions leave the payload are those of a server that answers several times.
    if (from >= total || from < 0) from = (position >>> 0) % total;
    if (from + bytes > total) return this.#writeAround(from, bytes, offset);
    this.#copy(from, bytes, offset);
    return this.#sum(from, from + bytes);
  }

  acknowledged(): void {
    // All connections have the same bytes, which stay.
  }

  released(): void {
    // Nothing was kept.
  }

  #copy(from: number, bytes: number, offset: number): void {
    if (((from | offset) & 3) === 0) {
      // The last word may bring up to 3 bytes more than are sent, which no one reads.
      const words = (bytes + 3) >> 2;
      const source = this.#words;
      const target = this.#portWords;
      const first = from >> 2;
      const to = offset >> 2;
      for (let i = 0; i < words; i++) target[to + i] = source[first + i]!;
      return;
    }
    for (let i = 0; i < bytes; i++) this.#port[offset + i] = this.#bytes[from + i]!;
  }

  /** A segment that has the end of one payload and the beginning of the next. Rare, so byte by byte. */
  #writeAround(from: number, bytes: number, offset: number): number {
    const total = this.#bytes.length;
    let sum = 0;
    for (let i = 0; i < bytes; i++) {
      const byte = this.#bytes[(from + i) % total]!;
      this.#port[offset + i] = byte;
      sum += (i & 1) === 0 ? byte << 8 : byte;
    }
    return sum;
  }

  /** The sum of the words from `from` to `end`, where a word begins at `from`. */
  #sum(from: number, end: number): number {
    let sum = this.#sumBefore(end) - this.#sumBefore(from);
    if (sum < 0) sum += MODULUS;
    // Each byte is in the other half of its word; modulo 65 535 a shift by 8 bits swaps the halves.
    return (from & 1) === 0 ? sum : (sum * 256) % MODULUS;
  }

  #sumBefore(position: number): number {
    const sum = this.#sums[position >> 1]!;
    if ((position & 1) === 0) return sum;
    return (sum + (this.#bytes[position - 1]! << 8)) % MODULUS;
  }
}
