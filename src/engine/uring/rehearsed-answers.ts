import {
  OP_CONNECT,
  OP_NOP,
  OP_RECV,
  OP_SEND,
  OP_URING_CMD,
  SOCKET_URING_OP_GETSOCKOPT,
} from '../../kernel/io-uring.ts';
import { AT_ONCE } from '../seam/engine.ts';
import { entryCommand, entryLength, entryOpcode, entryUser, fillNop } from './entries.ts';
import type { EntryAnswers, Ring } from './ring.ts';
import { NO_SLOT, STAGE } from './stages.ts';

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
    fillNop(ring.words, ring.prepare(OP_NOP, 0, -1, NO_SLOT, STAGE.OTHER), PROBED_RESULT);
    ring.submit();
    let isGiven = false;
    ring.reap(AT_ONCE, {
      complete: (_user, _tag, result) => {
        isGiven ||= result === PROBED_RESULT;
      },
    });
    return isGiven;
  }

  answer(words: Int32Array, at: number): number {
    const slot = entryUser(words, at);
    switch (entryOpcode(words, at)) {
      case OP_CONNECT:
        this.#leftBytes[slot] = this.#responseBytes;
        return 0;
      case OP_SEND:
        return entryLength(words, at);
      case OP_RECV: {
        const bytes = Math.min(entryLength(words, at), this.#leftBytes[slot]!);
        this.#leftBytes[slot]! -= bytes;
        return bytes;
      }
      case OP_URING_CMD:
        return entryCommand(words, at) === SOCKET_URING_OP_GETSOCKOPT ? INT_BYTES : 0;
      default:
        return 0;
    }
  }
}
