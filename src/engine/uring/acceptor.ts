import { SOCK_CLOEXEC } from '../../kernel/constants.ts';
import { ECANCELED, ECONNABORTED } from '../../kernel/errno.ts';
import { ACCEPT_MULTISHOT, CQE_F_MORE, FILE_INDEX_ALLOC, OP_ACCEPT } from '../../kernel/io-uring.ts';
import type { Clock } from '../../runtime/clock.ts';
import { addPriority, fillAccept, prepareCancel } from './entries.ts';
import type { Ring } from './ring.ts';
import { NO_SLOT, STAGE } from './stages.ts';

/** How long accepting rests after it failed because descriptors or memory ran out: doubled each time, to the longest. */
const SHORTEST_REST_NS = 10e6;
const REST_NS_MAX = 1e9;

/** Keeps one multishot ACCEPT on a listening socket, and rests where it fails instead of spinning. */
export class Acceptor {
  readonly listener: number;
  /** When accepting goes on; Infinity while it does. */
  restEndNs = Infinity;
  readonly #ring: Ring;
  readonly #clock: Clock;
  readonly #isDirect: boolean;
  #isArmed = false;
  #isCancelled = false;
  #restNs = SHORTEST_REST_NS;

  constructor(ring: Ring, clock: Clock, listener: number, isDirect: boolean) {
    this.#ring = ring;
    this.#clock = clock;
    this.listener = listener;
    this.#isDirect = isDirect;
  }

  /** Sees to it that connections are accepted, unless it rests. */
  arm(): void {
    if (this.#isArmed || this.#isCancelled || this.restEndNs !== Infinity) return;
    this.#isArmed = true;
    this.#ring.reserve(1);
    const { words } = this.#ring;
    const at = this.#ring.prepare(OP_ACCEPT, 0, this.listener, NO_SLOT, STAGE.ACCEPT);
    addPriority(words, at, ACCEPT_MULTISHOT);
    // A direct descriptor has no flags to close it on exec.
    if (this.#isDirect) fillAccept(words, at, 0, FILE_INDEX_ALLOC);
    else fillAccept(words, at, SOCK_CLOEXEC, 0);
  }

  /** Takes a completion; returns the descriptor of the new connection or the negative error number. */
  complete(result: number, flags: number): number {
    if ((flags & CQE_F_MORE) === 0) this.#isArmed = false;
    if (result >= 0) this.#restNs = SHORTEST_REST_NS;
    // Where the peer has gone before its turn came, it is one connection less and no reason to rest.
    else if (result !== -ECANCELED && result !== -ECONNABORTED) {
      this.restEndNs = this.#clock.now() + this.#restNs;
      this.#restNs = Math.min(2 * this.#restNs, REST_NS_MAX);
    }
    return result;
  }

  /** A descriptor is free again: no need to rest any longer than the shortest. */
  descriptorFreed(): void {
    if (this.restEndNs !== Infinity) this.restEndNs = Math.min(this.restEndNs, this.#clock.nowNs + SHORTEST_REST_NS);
  }

  /** Goes on accepting if the rest is over. */
  endRest(): void {
    if (this.restEndNs === Infinity || this.#clock.now() < this.restEndNs) return;
    this.restEndNs = Infinity;
    this.arm();
  }

  /** Accepts no more. */
  cancel(): void {
    this.#isCancelled = true;
    this.#ring.reserve(1);
    prepareCancel(this.#ring, NO_SLOT, STAGE.ACCEPT, STAGE.OTHER);
  }
}
