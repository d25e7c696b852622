import {
  NOP_INJECT_RESULT,
  OP_CONNECT,
  OP_NOP,
  OP_RECV,
  OP_SEND,
  OP_URING_CMD,
  SOCKET_URING_OP_GETSOCKOPT,
} from '../../kernel/io-uring.ts';
import { NO_SLOT } from './acceptor.ts';
import { AT_ONCE } from '../seam/engine.ts';
import type { EntryAnswers, Ring } from './ring.ts';

/** Any number that a kernel does not complete a NOP with by itself. */
const PROBED_RESULT = 7;
/** What getsockopt(2) of an int completes with. */
const INT_BYTES = 4;

/** The results of a client's entries in a rehearsal: each connects, sends all, receives a response of one length, and ends. */
export class RehearsedAnswers implements EntryAnswers {
  readonly #responseBytes: number;
  /** What is left of the response, by slot. */
  readonly #leftBytes: Float64Array;

  constructor(capacity: number, responseBytes: number) {
    this.#responseBytes = responseBytes;
    this.#leftBytes = new Float64Array(capacity);
  }

  /** Whether this kernel completes a NOP with a given result. The ring must be idle. */
  canBeGiven(ring: Ring): boolean {
    ring.reserve(1);
    const at = ring.prepare(OP_NOP, 0, -1, NO_SLOT, 0);
    ring.words[at + 6] = PROBED_RESULT;
    ring.words[at + 7] = NOP_INJECT_RESULT;
    ring.submit();
    let isGiven = false;
    const count = ring.wait(AT_ONCE);
    for (let i = 0; i < count; i++) isGiven ||= ring.completionWords[ring.completionAt(i) + 2] === PROBED_RESULT;
    ring.consume(count);
    return isGiven;
  }

  answer(words: Int32Array, at: number): number {
    const slot = words[at + 8]!;
    switch (words[at]! & 0xff) {
      case OP_CONNECT:
        this.#leftBytes[slot] = this.#responseBytes;
        return 0;
      case OP_SEND:
        return words[at + 6]!;
      case OP_RECV: {
        const bytes = Math.min(words[at + 6]!, this.#leftBytes[slot]!);
        this.#leftBytes[slot]! -= bytes;
        return bytes;
      }
      case OP_URING_CMD:
        return words[at + 2] === SOCKET_URING_OP_GETSOCKOPT ? INT_BYTES : 0;
      default:
        return 0;
    }
  }
}
