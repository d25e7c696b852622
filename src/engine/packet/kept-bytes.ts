import { CHUNK_BYTES, ChunkPool, NO_CHUNK } from './chunk-pool.ts';
import type { FramePort } from './port/frame-port.ts';
import { FixedPayload } from './tcp/fixed-payload.ts';
import type { SendSource } from './tcp/tcp-user.ts';

/** Ones' complement sums are sums modulo this. */
const MODULUS = 0xffff;
/** Whether the first byte in memory is the lower half of a 16-bit word. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * KeptBytes is what a server sends: its payload, of which nothing is kept for a connection, and echoes, which are kept until the peer has
 * acknowledged them. Up to its first echo a connection sends the payload, once or several times; from there on all is kept.
 *
 * Kept bytes are chains of chunks from one pool. A connection that keeps none costs 17 bytes.
 */
export class KeptBytes implements SendSource {
  readonly #port: Uint8Array;
  readonly #portWords: Int32Array;
  readonly #payload: Uint8Array;
  readonly #fixed: FixedPayload;
  readonly #pool = new ChunkPool();
  /** By connection: the chain, the position of its first byte, and the position after its last. */
  #first: Int32Array;
  #last: Int32Array;
  #base: Int32Array;
  #end: Int32Array;
  /** 1 from the first echo on. */
  #echoes: Uint8Array;

  /** `connections` is how many are expected: columns grow where the TCP has more. */
  constructor(port: Pick<FramePort, 'bytes'>, payload: Uint8Array, connections: number) {
    const { buffer, byteOffset, byteLength } = port.bytes;
    this.#port = port.bytes;
    this.#portWords = new Int32Array(buffer, byteOffset, byteLength >> 2);
    this.#payload = payload;
    this.#fixed = new FixedPayload(payload, port);
    this.#first = new Int32Array(connections);
    this.#last = new Int32Array(connections);
    this.#base = new Int32Array(connections);
    this.#end = new Int32Array(connections);
    this.#echoes = new Uint8Array(connections);
  }

  /** Chunks that hold bytes. For tests. */
  get usedChunks(): number {
    return this.#pool.used;
  }

  /** The connection sends the payload next. */
  addPayload(connection: number): void {
    this.#reach(connection);
    if (this.#echoes[connection] === 1) {
      const bytes = this.#payload;
      for (let i = 0; i < bytes.length; i++) this.#keepByte(connection, this.#room(connection), bytes[i]!);
      return;
    }
    const end = (this.#end[connection]! + this.#payload.length) | 0;
    this.#end[connection] = end;
    this.#base[connection] = end;
  }

  /** The connection sends the bytes next that lie at `offset` of the port's. */
  addEcho(connection: number, offset: number, bytes: number): void {
    this.#reach(connection);
    this.#echoes[connection] = 1;
    let from = offset;
    for (const end = offset + bytes; from < end;) {
      const filled = this.#room(connection);
      if (((from | filled) & 3) === 0) {
        const part = Math.min(CHUNK_BYTES - filled, end - from);
        this.#keepWords(connection, filled, from, part);
        from += part;
      } else this.#keepByte(connection, filled, this.#port[from++]!);
    }
  }

  /** Sees to it that the last chunk has room. Returns how many of its bytes are taken. */
  #room(connection: number): number {
    const filled = (this.#end[connection]! - this.#base[connection]!) & (CHUNK_BYTES - 1);
    if (filled !== 0) return filled;
    const chunk = this.#pool.take();
    if (this.#first[connection] === NO_CHUNK) this.#first[connection] = chunk;
    else this.#pool.join(this.#last[connection]!, chunk);
    this.#last[connection] = chunk;
    return 0;
  }

  #keepByte(connection: number, filled: number, byte: number): void {
    const chunk = this.#last[connection]!;
    this.#pool.bytesOf(chunk)[this.#pool.placeOf(chunk) + filled] = byte;
    this.#end[connection] = (this.#end[connection]! + 1) | 0;
  }

  #keepWords(connection: number, filled: number, offset: number, bytes: number): void {
    const chunk = this.#last[connection]!;
    const words = this.#pool.wordsOf(chunk);
    const source = this.#portWords;
    const to = (this.#pool.placeOf(chunk) + filled) >> 2;
    const from = offset >> 2;
    // The last word may bring up to 3 bytes that are overwritten, or not read.
    for (let i = 0; i < (bytes + 3) >> 2; i++) words[to + i] = source[from + i]!;
    this.#end[connection] = (this.#end[connection]! + bytes) | 0;
  }

  write(connection: number, position: number, bytes: number, offset: number): number {
    const before = (this.#base[connection]! - position) | 0;
    if (before <= 0) return this.#writeKept(connection, -before, bytes, offset);
    if (before >= bytes) return this.#fixed.write(connection, position, bytes, offset);
    const sum = this.#fixed.write(connection, position, before, offset);
    const rest = this.#writeKept(connection, 0, bytes - before, offset + before);
    // Behind an odd number of bytes each byte is in the other half of its word.
    return sum + ((before & 1) === 0 ? rest : ((rest % MODULUS) * 256) % MODULUS);
  }

  /** Writes kept bytes, `from` after the first of them. */
  #writeKept(connection: number, from: number, bytes: number, offset: number): number {
    let chunk = this.#first[connection]!;
    let at = from;
    for (; at >= CHUNK_BYTES; at -= CHUNK_BYTES) chunk = this.#pool.next(chunk);
    let sum = 0;
    for (let done = 0; done < bytes;) {
      const part = Math.min(CHUNK_BYTES - at, bytes - done);
      const partSum = this.#copy(chunk, at, part, offset + done);
      sum += (done & 1) === 0 ? partSum : ((partSum % MODULUS) * 256) % MODULUS;
      done += part;
      at = 0;
      chunk = this.#pool.next(chunk);
    }
    return sum;
  }

  /** Copies from one chunk, and returns the sum of the words, in network order, whose first byte is the first that is copied. */
  #copy(chunk: number, at: number, bytes: number, offset: number): number {
    const place = this.#pool.placeOf(chunk) + at;
    let sum = 0;
    let done = 0;
    if (((place | offset) & 3) === 0) {
      const words = this.#pool.wordsOf(chunk);
      const from = place >> 2;
      const to = offset >> 2;
      const count = bytes >> 2;
      for (let i = 0; i < count; i++) {
        const word = words[from + i]!;
        this.#portWords[to + i] = word;
        sum += (word & 0xffff) + (word >>> 16);
      }
      done = count << 2;
      sum %= MODULUS;
      // The sum of swapped words is the swapped sum (RFC 1071, section 2B).
      if (IS_LITTLE_ENDIAN) sum = (sum * 256) % MODULUS;
    }
    const source = this.#pool.bytesOf(chunk);
    for (; done < bytes; done++) {
      const byte = source[place + done]!;
      this.#port[offset + done] = byte;
      sum += (done & 1) === 0 ? byte << 8 : byte;
    }
    return sum;
  }

  acknowledged(connection: number, position: number): void {
    if (connection >= this.#first.length) return;
    let chunk = this.#first[connection]!;
    if (chunk === NO_CHUNK) return;
    if (((position - this.#end[connection]!) | 0) >= 0) {
      this.#drop(connection);
      this.#base[connection] = position;
      return;
    }
    while (((position - this.#base[connection]!) | 0) >= CHUNK_BYTES) {
      const next = this.#pool.next(chunk);
      this.#pool.give(chunk);
      this.#base[connection] = (this.#base[connection]! + CHUNK_BYTES) | 0;
      chunk = next;
    }
    this.#first[connection] = chunk;
  }

  released(connection: number): void {
    if (connection >= this.#first.length) return;
    this.#drop(connection);
    this.#base[connection] = 0;
    this.#end[connection] = 0;
    this.#echoes[connection] = 0;
  }

  #drop(connection: number): void {
    for (let chunk = this.#first[connection]!; chunk !== NO_CHUNK;) {
      const next = this.#pool.next(chunk);
      this.#pool.give(chunk);
      chunk = next;
    }
    this.#first[connection] = NO_CHUNK;
    this.#last[connection] = NO_CHUNK;
  }

  /** Makes the columns long enough. The TCP has more connections than slots: those that end without one. */
  #reach(connection: number): void {
    if (connection < this.#first.length) return;
    const length = Math.max(2 * this.#first.length, connection + 1);
    const longer = (column: Int32Array): Int32Array => {
      const copy = new Int32Array(length);
      copy.set(column);
      return copy;
    };
    this.#first = longer(this.#first);
    this.#last = longer(this.#last);
    this.#base = longer(this.#base);
    this.#end = longer(this.#end);
    const echoes = new Uint8Array(length);
    echoes.set(this.#echoes);
    this.#echoes = echoes;
  }
}
