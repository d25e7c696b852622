import { MSG_DONTWAIT } from '../../../kernel/constants.ts';
import { XDP_RING_NEED_WAKEUP } from '../../../kernel/xdp/if-xdp.ts';
import type { Libc } from '../../../kernel/libc.ts';
import type { XskSocket } from '../../../kernel/xdp/xsk-socket.ts';
import type { InterfaceState } from './interface-state.ts';

/** Calls that one flush makes at most: a kernel without XDP_MAX_TX_SKB_BUDGET sends 32 frames a call. */
const CALLS_MAX = 64;

/** The frames that leave through one socket: its tx ring, and the completion ring in which they come back. */
export class TxQueue {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #words: Int32Array;
  readonly #producer: number;
  readonly #consumer: number;
  readonly #flags: number;
  readonly #entries: number;
  readonly #mask: number;
  readonly #doneWords: Int32Array;
  readonly #doneProducer: number;
  readonly #doneConsumer: number;
  readonly #doneEntries: number;
  readonly #doneMask: number;
  readonly #isZeroCopy: boolean;
  readonly #interface: InterfaceState;
  /** Frames that are free: a stack, so that the frame that was used last, which is still in the cache, is used next. */
  readonly #free: Int32Array;
  #freeCount: number;
  #sent = 0;
  #published = 0;
  #completed = 0;

  /** `offsets` are those of all its frames. */
  constructor(libc: Libc, socket: XskSocket, offsets: Int32Array, state: InterfaceState) {
    const { tx, completion } = socket;
    this.#libc = libc;
    this.#fd = socket.fd;
    this.#words = tx.words;
    this.#producer = tx.producer;
    this.#consumer = tx.consumer;
    this.#flags = tx.flags;
    this.#entries = tx.entries;
    this.#mask = tx.mask;
    this.#doneWords = completion.words;
    this.#doneProducer = completion.producer;
    this.#doneConsumer = completion.consumer;
    this.#doneEntries = completion.entries;
    this.#doneMask = completion.mask;
    this.#isZeroCopy = socket.isZeroCopy;
    this.#interface = state;
    this.#free = offsets;
    this.#freeCount = offsets.length;
  }

  /** A free frame, or -1. */
  take(): number {
    if (this.#freeCount === 0) this.reclaim();
    if (this.#freeCount < 1) return -1;
    this.#freeCount--;
    return this.#free[this.#freeCount]!;
  }

  give(offset: number): void {
    this.#free[this.#freeCount] = offset;
    this.#freeCount++;
  }

  /** There is a place in the ring for every frame. */
  send(offset: number, length: number): void {
    const words = this.#words;
    const at = this.#entries + (this.#sent & this.#mask) * 4;
    words[at] = offset;
    words[at + 1] = 0;
    words[at + 2] = length;
    words[at + 3] = 0;
    this.#sent = (this.#sent + 1) | 0;
  }

  /** Frames that were sent since the last `publish`. */
  get unpublished(): number {
    return (this.#sent - this.#published) | 0;
  }

  /** Frames that the kernel has not taken from the ring. */
  get waiting(): number {
    return (this.#sent - Atomics.load(this.#words, this.#consumer)) | 0;
  }

  /** The kernel sends only when it is called. */
  get needsWakeup(): boolean {
    return (this.#words[this.#flags]! & XDP_RING_NEED_WAKEUP) !== 0;
  }

  /** Shows the kernel what was sent. Returns how many frames. */
  publish(): number {
    const count = (this.#sent - this.#published) | 0;
    if (count !== 0) {
      Atomics.store(this.#words, this.#producer, this.#sent);
      this.#published = this.#sent;
    }
    return count;
  }

  /** Lets the kernel send what it has been shown, where it asks for a call, and takes back the frames that it is done with. */
  flush(): number {
    const count = this.publish();
    if (this.waiting !== 0 && this.needsWakeup) this.#call();
    this.reclaim();
    return count;
  }

  #call(): void {
    let before = this.waiting;
    for (let calls = 0; calls < CALLS_MAX; calls++) {
      // EAGAIN, EBUSY, ENOBUFS: full for a moment.
      if (this.#sendto() < 0) this.#interface.sent(this.#libc.errno());
      const after = this.waiting;
      // A driver with zero copy goes on by itself. In a copy, no progress means that the interface or the socket's memory is full: what
      // is left goes with the next call.
      if (after === 0 || after === before || this.#isZeroCopy) return;
      before = after;
    }
  }

  #sendto(): number {
    return this.#libc.sendto(this.#fd, 0, 0, MSG_DONTWAIT, 0, 0);
  }

  /** Looks whether the interface is there. A server without clients sends nothing, and does not learn it in another way. */
  checkInterface(): void {
    this.#interface.sent(this.#sendto() < 0 ? this.#libc.errno() : 0);
  }

  reclaim(): void {
    const words = this.#doneWords;
    const end = Atomics.load(words, this.#doneProducer);
    let completed = this.#completed;
    if (completed === end) return;
    while (completed !== end) {
      this.#free[this.#freeCount] = words[this.#doneEntries + (completed & this.#doneMask) * 2]!;
      this.#freeCount++;
      completed = (completed + 1) | 0;
    }
    this.#completed = completed;
    Atomics.store(words, this.#doneConsumer, completed);
  }
}
