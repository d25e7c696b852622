import { EPOLLET, EPOLLIN } from '../../kernel/constants.ts';
import { CQE_F_MORE, OP_POLL_ADD } from '../../kernel/io-uring.ts';
import { fillPoll } from './entries.ts';
import type { Ring } from './ring.ts';
import { NO_SLOT, STAGE } from './stages.ts';

/** Keeps one multishot poll on an eventfd that other threads write to; its completion is all that is wanted of it. */
export class Waker {
  readonly #ring: Ring;
  readonly #fd: number;

  constructor(ring: Ring, fd: number) {
    this.#ring = ring;
    this.#fd = fd;
    this.#arm();
  }

  #arm(): void {
    this.#ring.reserve(1);
    const at = this.#ring.prepare(OP_POLL_ADD, 0, this.#fd, NO_SLOT, STAGE.WAKE);
    // Edge-triggered: each write is a completion, and the count need never be read.
    fillPoll(this.#ring.words, at, EPOLLIN | EPOLLET);
  }

  /** Takes a completion. */
  complete(flags: number): void {
    if ((flags & CQE_F_MORE) === 0) this.#arm();
  }
}
