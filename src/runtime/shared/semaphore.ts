import type { Wakers } from './wakers.ts';

const FREE = 0;
/** The index at which the next search for a waiting loop begins. */
const TURN = 1;
const OWNERS = 2;
const OWNER_WORDS = 2;
const WANTS = 0;
/** Permits that were handed to the owner and that it has not taken yet. */
const GRANTED = 1;

/**
 * A semaphore over the loops of a process that no loop ever sleeps on: who gets no permit says that it wants one, goes on
 * with its loop, and is woken when one was handed to it. It is fair: a permit that is given back goes to the next loop that wants one, in turn.
 */
export class SharedSemaphore {
  readonly #memory: Int32Array;
  readonly #owners: number;
  readonly #wakers: Wakers;

  constructor(memory: SharedArrayBuffer, wakers: Wakers) {
    this.#memory = new Int32Array(memory);
    this.#owners = (this.#memory.length - OWNERS) / OWNER_WORDS;
    this.#wakers = wakers;
  }

  static createMemory(permits: number, owners: number): SharedArrayBuffer {
    const memory = new SharedArrayBuffer((OWNERS + owners * OWNER_WORDS) * Int32Array.BYTES_PER_ELEMENT);
    new Int32Array(memory)[FREE] = permits;
    return memory;
  }

  /** Takes a permit: one that was handed to the owner, or a free one. */
  tryAcquire(owner: number): boolean {
    return this.#take(OWNERS + owner * OWNER_WORDS + GRANTED) || this.#take(FREE);
  }

  #take(at: number): boolean {
    const memory = this.#memory;
    for (let count = Atomics.load(memory, at); count > 0; count = Atomics.load(memory, at)) {
      if (Atomics.compareExchange(memory, at, count, count - 1) === count) return true;
    }
    return false;
  }

  /** Gives a permit back. */
  release(): void {
    for (;;) {
      const next = this.#nextWanting();
      if (next >= 0) {
        const at = OWNERS + next * OWNER_WORDS + GRANTED;
        Atomics.add(this.#memory, at, 1);
        Atomics.notify(this.#memory, at);
        this.#wakers.wake(next);
        return;
      }
      Atomics.add(this.#memory, FREE, 1);
      // A thread that found none free may have said so just now, too late for the search and too early for the permit.
      if (this.#nextWanting() < 0 || !this.#take(FREE)) return;
    }
  }

  #nextWanting(): number {
    const memory = this.#memory;
    const first = Atomics.load(memory, TURN);
    for (let i = 0; i < this.#owners; i++) {
      const owner = (first + i) % this.#owners;
      if (Atomics.load(memory, OWNERS + owner * OWNER_WORDS + WANTS) === 0) continue;
      Atomics.store(memory, TURN, (owner + 1) % this.#owners);
      return owner;
    }
    return -1;
  }

  /** Whether the owner wants a permit as soon as there is one. After `true` it must try once more. */
  want(owner: number, wants: boolean): void {
    Atomics.store(this.#memory, OWNERS + owner * OWNER_WORDS + WANTS, wants ? 1 : 0);
  }

  /** Whether a permit was handed to the owner and waits to be taken. */
  hasGrant(owner: number): boolean {
    return Atomics.load(this.#memory, OWNERS + owner * OWNER_WORDS + GRANTED) > 0;
  }

  /** Gives back what was handed to an owner that wants it no more. */
  returnGrants(owner: number): void {
    while (this.#take(OWNERS + owner * OWNER_WORDS + GRANTED)) this.release();
  }

  /** Blocks the thread until a permit was handed to the owner, for at most `patienceMs`. */
  waitForGrant(owner: number, patienceMs: number): void {
    Atomics.wait(this.#memory, OWNERS + owner * OWNER_WORDS + GRANTED, 0, patienceMs);
  }
}
