import { XDP_RING_NEED_WAKEUP } from '../../../kernel/xdp/if-xdp.ts';
import type { XskSocket } from '../../../kernel/xdp/xsk-socket.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { FrameReceiver } from './frame-port.ts';

/** The frames that come in on one queue of the interface: its rx ring, and the fill ring that gives the kernel room for more. */
export class RxQueue {
  readonly #clock: Clock;
  readonly #words: Int32Array;
  readonly #producer: number;
  readonly #consumer: number;
  readonly #entries: number;
  readonly #mask: number;
  readonly #fillWords: Int32Array;
  readonly #fillProducer: number;
  readonly #fillFlags: number;
  readonly #fillEntries: number;
  readonly #fillMask: number;
  /** Where the frames of this socket begin in the memory of the port. */
  readonly #base: number;
  #received = 0;
  #filled = 0;
  /** Frames that the kernel has no use of now. */
  readonly #reserve: Int32Array;
  #reserved = 0;
  readonly #frames: number;
  /** How many frames are to be with the kernel or with us. */
  #wanted: number;

  /** Gives the kernel the first `frames` chunks of the socket to receive into. */
  constructor(socket: XskSocket, clock: Clock, base: number, frames: number, chunkBytes: number) {
    this.#clock = clock;
    const { rx, fill } = socket;
    this.#words = rx.words;
    this.#producer = rx.producer;
    this.#consumer = rx.consumer;
    this.#entries = rx.entries;
    this.#mask = rx.mask;
    this.#fillWords = fill.words;
    this.#fillProducer = fill.producer;
    this.#fillFlags = fill.flags;
    this.#fillEntries = fill.entries;
    this.#fillMask = fill.mask;
    this.#base = base;
    this.#reserve = new Int32Array(frames);
    this.#frames = frames;
    this.#wanted = frames;
    for (let frame = 0; frame < frames; frame++) this.#fill(frame * chunkBytes);
    Atomics.store(this.#fillWords, this.#fillProducer, this.#filled);
  }

  /** Frames have come that `receive` has not handed over. */
  get hasFrames(): boolean {
    return Atomics.load(this.#words, this.#producer) !== this.#received;
  }

  /** The driver waits for a call before it takes room from the fill ring. */
  get needsWakeup(): boolean {
    return (this.#fillWords[this.#fillFlags]! & XDP_RING_NEED_WAKEUP) !== 0;
  }

  /** Hands over what has come, at most `limit` frames; the kernel gets their room back. Returns how many. */
  receive(receiver: FrameReceiver, limit: number): number {
    const words = this.#words;
    const available = (Atomics.load(words, this.#producer) - this.#received) | 0;
    if (available === 0) return 0;
    // All of them have come by now: the first is not late because it is looked at first, and the last not because the others took time.
    this.#clock.tick();
    const count = available < limit ? available : limit;
    for (let i = 0; i < count; i++) {
      const at = this.#entries + (this.#received & this.#mask) * 4;
      const place = words[at]!;
      this.#received = (this.#received + 1) | 0;
      // In whole chunks the kernel finds the chunk of any address in it.
      if (this.#frames - this.#reserved <= this.#wanted) this.#fill(place);
      else {
        this.#reserve[this.#reserved] = place;
        this.#reserved++;
      }
      receiver.frame(this.#base + place, words[at + 2]!);
    }
    Atomics.store(words, this.#consumer, this.#received);
    Atomics.store(this.#fillWords, this.#fillProducer, this.#filled);
    return count;
  }

  /**
   * Has so many frames go round between the kernel and us. Many bridge the time that the thread does not run; few stay in the cache, which
   * spares a third of what a packet costs.
   */
  circulate(frames: number): void {
    this.#wanted = frames;
    while (this.#reserved > 0 && this.#frames - this.#reserved < frames) {
      this.#reserved--;
      this.#fill(this.#reserve[this.#reserved]!);
    }
    Atomics.store(this.#fillWords, this.#fillProducer, this.#filled);
  }

  #fill(place: number): void {
    const at = this.#fillEntries + (this.#filled & this.#fillMask) * 2;
    this.#fillWords[at] = place;
    this.#fillWords[at + 1] = 0;
    this.#filled = (this.#filled + 1) | 0;
  }
}
