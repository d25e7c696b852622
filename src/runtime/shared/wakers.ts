import { RunError } from '../../units/run-error.ts';
import { EFD_CLOEXEC, EFD_NONBLOCK, O_CLOEXEC, O_NONBLOCK } from '../../kernel/constants.ts';
import { errnoName } from '../../kernel/errno.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';

/** Words for each owner of a loop: whether it sleeps, what to write to, what the engine reads. */
const OWNER_WORDS = 3;
const ASLEEP = 0;
const WRITE_FD = 1;
const READ_FD = 2;

/** What wakes a sleeping loop: an eventfd(2), or a pipe(7) for loops that can watch nothing else. */
export type WakeKind = 'eventfd' | 'pipe';

/**
 * Ends the sleep of a loop from another thread. A loop says when it is about to sleep, and only then does waking it cost a
 * system call: the first to wake it makes it, the others see that it is awake.
 */
export class Wakers {
  readonly #state: Int32Array;
  readonly #libc: Libc;
  /** The 1 that an eventfd takes: eight bytes. */
  readonly #one: NativeMemory;

  constructor(libc: Libc, memory: SharedArrayBuffer) {
    this.#libc = libc;
    this.#state = new Int32Array(memory);
    this.#one = libc.alloc(8);
    this.#one.bytes[0] = 1;
  }

  /** Makes the descriptors. They belong to the process and outlive the loops, so that no thread writes to a number that was given to another file: see `close`. */
  static create(libc: Libc, owners: number, kind: WakeKind): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(owners * OWNER_WORDS * Int32Array.BYTES_PER_ELEMENT);
    const state = new Int32Array(memory).fill(-1);
    for (let owner = 0; owner < owners; owner++) {
      const at = owner * OWNER_WORDS;
      state[at + ASLEEP] = 0;
      if (kind === 'eventfd') state[at + READ_FD] = state[at + WRITE_FD] = libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
      else {
        const pair = libc.alloc(8);
        const words = new Int32Array(pair.bytes.buffer, 0, 2).fill(-1);
        if (libc.pipe2(pair.address, O_NONBLOCK | O_CLOEXEC) === 0) state.set([words[1]!, words[0]!], at + WRITE_FD);
      }
      if (state[at + WRITE_FD]! >= 0) continue;
      const name = errnoName(libc.errno());
      new Wakers(libc, memory).close();
      throw new RunError(name, `no descriptor to wake a thread with: ${name}`, 'raise the open file limit: ulimit -n');
    }
    return memory;
  }

  /** What the engine of this owner is to watch. A pipe's reading end is then the engine's to close. */
  readFd(owner: number): number {
    return this.#state[owner * OWNER_WORDS + READ_FD]!;
  }

  /** The owner is about to sleep; whatever it then still finds to do, it must call `awake` first. */
  asleep(owner: number): void {
    Atomics.store(this.#state, owner * OWNER_WORDS + ASLEEP, 1);
  }

  awake(owner: number): void {
    Atomics.store(this.#state, owner * OWNER_WORDS + ASLEEP, 0);
  }

  /** Ends the owner's sleep if it sleeps. From any thread. */
  wake(owner: number): void {
    const at = owner * OWNER_WORDS;
    if (Atomics.load(this.#state, at + ASLEEP) === 0 || Atomics.exchange(this.#state, at + ASLEEP, 0) === 0) return;
    this.#libc.write(this.#state[at + WRITE_FD]!, this.#one.address, 8);
  }

  /** Closes the writing ends. When every thread that could wake has ended, and not before. */
  close(): void {
    for (let at = 0; at < this.#state.length; at += OWNER_WORDS) {
      if (this.#state[at + WRITE_FD]! >= 0) this.#libc.close(this.#state[at + WRITE_FD]!);
    }
  }
}
