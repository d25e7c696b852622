import type { Libc } from '../../../kernel/libc.ts';
import type { Companions } from './frame-port.ts';
import { Wakers } from '../../../runtime/shared/wakers.ts';

/** What threads need to hand frames to each other: see `Handover`. Plain data. */
export interface HandoverMemory {
  readonly frames: SharedArrayBuffer;
  readonly wakers: SharedArrayBuffer;
}

/** Frames that wait for one thread, at most; a power of two. What comes beyond that is lost, as in a full ring of the interface. */
const PLACES = 1024;
/** Words of the head: tail and head are a cache line apart. */
const TAIL = 0;
const HEAD = 16;
/** The rounds that the thread has begun, and has ended. */
const BEGUN = 24;
const ENDED = 25;
const HEAD_WORDS = 32;
/** Words of a place: its turn, the length of the frame, how many threads are to be asked, this one too, and the frame with the two bytes before it. */
const TURN = 0;
const LENGTH = 1;
const ASKS = 2;
const FRAME = 3;
const PLACE_WORDS = 512;
const QUEUE_WORDS = HEAD_WORDS + PLACES * PLACE_WORDS;
const ROUNDS_MAX = 0x7fffffff;
const TURN_SHIFT = Math.log2(PLACES);

/**
 * The ways by which the threads of a run hand each other frames of connections that another one has: the card chooses the queue, and so
 * the thread, that an answer comes to. One bounded queue a thread, into which the others write without a lock (D. Vyukov's bounded queue, as in
 * `SharedRing`), and one wake where the thread sleeps.
 */
export class Handover implements Companions {
  /** To be read when the thread wakes: see `Wakers`. */
  readonly wakeFd: number;
  readonly #memory: Int32Array;
  readonly #wakers: Wakers;
  readonly #worker: number;
  readonly #workers: number;
  /** Where this thread's own queue begins. */
  readonly #own: number;
  /** How many threads were to be asked of the frame that `take` gave, this one too; 0 for a frame from the interface. */
  #asks = 0;

  constructor(libc: Libc, { frames, wakers }: HandoverMemory, worker: number, workers: number) {
    this.#memory = new Int32Array(frames);
    this.#wakers = new Wakers(libc, wakers);
    this.#worker = worker;
    this.#workers = workers;
    this.#own = worker * QUEUE_WORDS;
    this.wakeFd = this.#wakers.readFd(worker);
  }

  /** The memory for so many threads. Its descriptors are closed by `closeMemory`. */
  static createMemory(libc: Libc, workers: number): HandoverMemory {
    return {
      frames: new SharedArrayBuffer(workers * QUEUE_WORDS * Int32Array.BYTES_PER_ELEMENT),
      wakers: Wakers.create(libc, workers, 'eventfd'),
    };
  }

  static closeMemory(libc: Libc, { wakers }: HandoverMemory): void {
    new Wakers(libc, wakers).close();
  }

  /** Frames wait for this thread. */
  get hasFrames(): boolean {
    return Atomics.load(this.#memory, this.#own + TAIL) !== this.#memory[this.#own + HEAD]!;
  }

  enter(): void {
    Atomics.add(this.#memory, this.#own + BEGUN, 1);
  }

  leave(): void {
    Atomics.store(this.#memory, this.#own + ENDED, Atomics.load(this.#memory, this.#own + BEGUN));
    for (let worker = 0; worker < this.#workers; worker++) this.#wakers.wake(worker);
  }

  /** Nothing waits for this thread again. */
  leaveForGood(): void {
    Atomics.store(this.#memory, this.#own + BEGUN, ROUNDS_MAX);
    this.leave();
  }

  areAtWork(late: boolean): boolean {
    const rounds = Atomics.load(this.#memory, this.#own + ENDED);
    for (let worker = 0; worker < this.#workers; worker++) {
      const queue = worker * QUEUE_WORDS;
      if (Atomics.load(this.#memory, queue + ENDED) >= rounds) continue;
      if (!late || Atomics.load(this.#memory, queue + BEGUN) >= rounds) return true;
    }
    return false;
  }

  /** The thread is about to sleep. Where frames have come since it looked, it must not. */
  asleep(): void {
    this.#wakers.asleep(this.#worker);
  }

  awake(): void {
    this.#wakers.awake(this.#worker);
  }

  /**
   * Copies the frame at `offset`, 2 above a multiple of 4, to `owner`, or where that is below 0 to each of the other threads in turn until one
   * has the connection. False where no thread is left to be asked, or its queue is full.
   */
  pass(words: Int32Array, offset: number, length: number, owner: number): boolean {
    let to = owner;
    let asks = 1;
    if (owner < 0) {
      // A frame from the interface may be shown to all others; a handed one to those that have not seen it.
      asks = this.#asks === 0 ? this.#workers - 1 : this.#asks - 1;
      if (asks === 0) return false;
      to = this.#worker + 1 === this.#workers ? 0 : this.#worker + 1;
    } else if (owner === this.#worker || this.#asks !== 0) return false;
    if (!this.#push(to * QUEUE_WORDS, words, offset, length, asks)) return false;
    this.#wakers.wake(to);
    return true;
  }

  #push(queue: number, words: Int32Array, offset: number, length: number, asks: number): boolean {
    const memory = this.#memory;
    for (;;) {
      const tail = Atomics.load(memory, queue + TAIL);
      const place = placeOf(queue, tail);
      const lead = (Atomics.load(memory, place + TURN) - turnOf(tail)) | 0;
      if (lead < 0) return false;
      if (lead > 0 || Atomics.compareExchange(memory, queue + TAIL, tail, (tail + 1) | 0) !== tail) continue;
      memory[place + LENGTH] = length;
      memory[place + ASKS] = asks;
      const from = (offset - 2) >> 2;
      const count = (length + 5) >> 2;
      for (let i = 0; i < count; i++) memory[place + FRAME + i] = words[from + i]!;
      Atomics.store(memory, place + TURN, (turnOf(tail) + 1) | 0);
      return true;
    }
  }

  /**
   * Copies the oldest frame that waits to `offset`, and returns its length; -1 where none is there. Until `done`, `pass` hands on this
   * frame.
   */
  take(words: Int32Array, offset: number): number {
    const memory = this.#memory;
    const head = memory[this.#own + HEAD]!;
    const place = placeOf(this.#own, head);
    if (Atomics.load(memory, place + TURN) !== ((turnOf(head) + 1) | 0)) return -1;
    const length = memory[place + LENGTH]!;
    this.#asks = memory[place + ASKS]!;
    const to = (offset - 2) >> 2;
    const count = (length + 5) >> 2;
    for (let i = 0; i < count; i++) words[to + i] = memory[place + FRAME + i]!;
    memory[this.#own + HEAD] = (head + 1) | 0;
    // The turn of the next round, which starts at 0 again where the 32-bit count does.
    Atomics.store(memory, place + TURN, turnOf((head + PLACES) | 0));
    return length;
  }

  /** The frame that `take` gave has been dealt with. */
  done(): void {
    this.#asks = 0;
  }
}

function placeOf(queue: number, position: number): number {
  return queue + HEAD_WORDS + (position & (PLACES - 1)) * PLACE_WORDS;
}

/** What an empty place counts when `position` is to be written. */
function turnOf(position: number): number {
  return (2 * (position >>> TURN_SHIFT)) | 0;
}
