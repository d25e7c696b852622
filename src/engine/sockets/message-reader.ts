import { EPROTO } from '../../kernel/errno.ts';
import { HEAD_BYTES } from '../seam/ping.ts';
import type { PingDriver } from '../seam/ping.ts';

/** The part of a driver that hears of messages. */
export type MessageListener = Pick<PingDriver, 'received' | 'undelivered'>;

/**
 * Finds the messages in what comes in, and tells the head of each as soon as the whole of it is there. One for all
 * slots of an engine; makes nothing.
 */
export class MessageReader {
  readonly #messageBytes: number;
  /** How much of its current message a slot has received. */
  readonly #filled: Int32Array;
  /** A head that came in pieces, by slot. */
  readonly #heads: Uint8Array;

  constructor(connections: number, messageBytes: number) {
    this.#messageBytes = messageBytes;
    this.#filled = new Int32Array(connections);
    this.#heads = new Uint8Array(connections * HEAD_BYTES);
  }

  /** The slot has a new connection. */
  reset(slot: number): void {
    this.#filled[slot] = 0;
  }

  /** How much of the slot's current message is still to come. */
  missing(slot: number): number {
    return this.#messageBytes - this.#filled[slot]!;
  }

  /** `count` bytes from `from` on are the next of the slot's stream. */
  stream(listener: MessageListener, slot: number, bytes: Uint8Array, from: number, count: number): void {
    const size = this.#messageBytes;
    if (count === size && this.#filled[slot] === 0) {
      listener.received(slot, readWord(bytes, from), readWord(bytes, from + 4));
      return;
    }
    const heads = this.#heads;
    const headAt = slot * HEAD_BYTES;
    const end = from + count;
    let filled = this.#filled[slot]!;
    for (let at = from; at < end;) {
      for (; filled < HEAD_BYTES && at < end; at++) heads[headAt + filled++] = bytes[at]!;
      const rest = Math.min(size - filled, end - at);
      at += rest;
      filled += rest;
      if (filled < size) break;
      filled = 0;
      listener.received(slot, readWord(heads, headAt), readWord(heads, headAt + 4));
    }
    this.#filled[slot] = filled;
  }

  /** A datagram of `count` bytes, as far as it fits at `from`. One of another size is no answer of an echo. */
  datagram(listener: MessageListener, slot: number, bytes: Uint8Array, from: number, count: number): void {
    if (count !== this.#messageBytes) listener.undelivered(slot, EPROTO);
    else listener.received(slot, readWord(bytes, from), readWord(bytes, from + 4));
  }
}

/** Little-endian, as both machines are; at any place, as messages of any size follow each other. */
function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
