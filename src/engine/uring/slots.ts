import { SOL_SOCKET, SO_LINGER } from '../../kernel/constants.ts';
import { IOSQE_CQE_SKIP_SUCCESS, IOSQE_FIXED_FILE } from '../../kernel/io-uring.ts';
import type { Libc } from '../../kernel/libc.ts';
import { ResetOnClose } from '../sockets/reset-on-close.ts';
import { prepareCancel, prepareOption } from './entries.ts';
import type { Ring } from './ring.ts';
import { generationOf, nextGeneration, NO_SLOT, STAGE, tagOf } from './stages.ts';

const { CANCEL, OTHER } = STAGE;

/**
 * Slots keeps the books of an engine on io_uring: which descriptor a slot has, which of its entries the kernel still has, and which
 * connection a completion belongs to. A slot is used for one connection after the other, and completions of an earlier one can come
 * late: the tag of an entry has the generation of its connection.
 */
export class Slots {
  /** The descriptor of each slot: an ordinary one, or the index of a direct one. Zeros at first, which take no memory. */
  readonly files: Int32Array;
  readonly #ring: Ring;
  readonly #isDirect: boolean;
  readonly #fileFlag: number;
  readonly #reset: ResetOnClose;
  readonly #generations: Int32Array;
  /** Stages whose completion is still to come, one bit each. */
  readonly #pending: Uint8Array;

  constructor(libc: Libc, ring: Ring, capacity: number, isDirect: boolean) {
    this.#ring = ring;
    this.#isDirect = isDirect;
    this.#fileFlag = isDirect ? IOSQE_FIXED_FILE : 0;
    this.#reset = new ResetOnClose(libc);
    this.files = new Int32Array(capacity);
    this.#generations = new Int32Array(capacity);
    this.#pending = new Uint8Array(capacity);
  }

  /** Whether the entry with this tag belongs to the connection that has the slot now. */
  isCurrent(slot: number, tag: number): boolean {
    return generationOf(tag) === this.#generations[slot];
  }

  generation(slot: number): number {
    return this.#generations[slot]!;
  }

  tag(slot: number, stage: number): number {
    return tagOf(this.#generations[slot]!, stage);
  }

  /** Writes the head of an entry on the slot's connection whose completion is waited for. Room must have been reserved. */
  prepare(opcode: number, flags: number, slot: number, stage: number): number {
    this.#pending[slot]! |= 1 << stage;
    return this.#ring.prepare(opcode, flags | this.#fileFlag, this.files[slot]!, slot, this.tag(slot, stage));
  }

  /** The stages that are pending, one bit each. */
  pending(slot: number): number {
    return this.#pending[slot]!;
  }

  isPending(slot: number, stage: number): boolean {
    return (this.#pending[slot]! & (1 << stage)) !== 0;
  }

  /** Notes an entry that was prepared otherwise than by `prepare`. */
  addPending(slot: number, stage: number): void {
    this.#pending[slot]! |= 1 << stage;
  }

  /** Notes stages, one bit each, whose completion no longer follows. */
  settle(slot: number, stages: number): void {
    this.#pending[slot]! &= ~stages;
  }

  /** Ends the first of what is pending; what is linked to it ends with it. The completion is one of stage CANCEL. */
  cancelFirst(slot: number): void {
    this.#ring.reserve(1);
    const target = firstOf(this.#pending[slot]!);
    this.#pending[slot]! |= 1 << CANCEL;
    prepareCancel(this.#ring, slot, this.tag(slot, target), this.tag(slot, CANCEL));
  }

  /** Ends each entry that is pending. No completion is waited for. */
  cancelAll(slot: number): void {
    for (let rest = this.#pending[slot]!; rest !== 0; rest &= rest - 1) {
      this.#ring.reserve(1);
      prepareCancel(this.#ring, slot, this.tag(slot, firstOf(rest)), this.tag(slot, CANCEL));
    }
  }

  /**
   * Makes the close that follows a reset. On a direct descriptor it is an entry that is not linked to the CLOSE: a link is followed
   * later than the entries after it, which may already be the next connection's.
   */
  resetOnClose(slot: number): void {
    const file = this.files[slot]!;
    if (!this.#isDirect) {
      this.#reset.set(file);
      return;
    }
    this.#ring.reserve(1);
    const flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE;
    prepareOption(this.#ring, flags, file, NO_SLOT, OTHER, SOL_SOCKET, SO_LINGER, this.#reset.address, 8);
  }

  /** Ends the slot's connection in the books: completions that still come for it are no longer current. */
  renew(slot: number): void {
    this.#pending[slot] = 0;
    this.#generations[slot] = nextGeneration(this.#generations[slot]!);
  }
}

/** The lowest of stages, one bit each. */
function firstOf(stages: number): number {
  return 31 - Math.clz32(stages & -stages);
}
