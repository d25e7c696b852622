import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_MOD, SYS_epoll_pwait2 } from '../../kernel/constants.ts';
import { EINTR, ENOSYS, EPERM, errnoName } from '../../kernel/errno.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { sleepOnTime } from '../../kernel/machine/timer-slack.ts';
import { RunError } from '../../units/run-error.ts';
import type { Deadline } from '../seam/engine.ts';
import type { Clock } from '../../runtime/clock.ts';
import { PLEASE_REPORT } from '../../units/bugs.ts';

/** struct epoll_event is packed on x86-64 alone: 12 bytes, elsewhere 16 (epoll_event(3type)). In 32-bit words: */
const EVENT_WORDS = process.arch === 'x64' ? 3 : 4;
const DATA_WORD = EVENT_WORDS - 2;
const EVENTS_MAX = 512;
/** What is further away, or never, is asked for again. */
const WAIT_NS_MAX = 3600e9;

/**
 * One epoll instance whose events carry a slot and its generation, so that an event which was harvested before its slot
 * changed hands can be told from one that counts.
 */
export class EpollSet {
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #fd: number;
  readonly #event: NativeMemory;
  readonly #eventWords: Int32Array;
  readonly #events: NativeMemory;
  readonly #words: Int32Array;
  readonly #timeout: NativeMemory;
  /** struct timespec as words: seconds, 0, nanoseconds, 0. */
  readonly #timeoutWords: Int32Array;
  #preciseWait = true;

  constructor(libc: Libc, clock: Clock) {
    this.#libc = libc;
    this.#clock = clock;
    this.#fd = libc.epoll_create1(EPOLL_CLOEXEC);
    if (this.#fd < 0) {
      const name = errnoName(libc.errno());
      throw new RunError(name, `epoll_create1 failed: ${name}`, 'raise the open file limit: ulimit -n');
    }
    this.#event = libc.alloc(16);
    this.#eventWords = new Int32Array(this.#event.bytes.buffer, 0, 4);
    this.#events = libc.alloc(EVENTS_MAX * EVENT_WORDS * 4);
    this.#words = new Int32Array(this.#events.bytes.buffer, 0, EVENTS_MAX * EVENT_WORDS);
    this.#timeout = libc.alloc(16);
    this.#timeoutWords = new Int32Array(this.#timeout.bytes.buffer, 0, 4);
    sleepOnTime(libc);
  }

  /** 0, or -1 with the reason in errno. */
  add(fd: number, events: number, slot: number, generation: number): number {
    return this.#control(EPOLL_CTL_ADD, fd, events, slot, generation);
  }

  modify(fd: number, events: number, slot: number, generation: number): number {
    return this.#control(EPOLL_CTL_MOD, fd, events, slot, generation);
  }

  #control(operation: number, fd: number, events: number, slot: number, generation: number): number {
    const words = this.#eventWords;
    words[0] = events;
    words[DATA_WORD] = slot;
    words[DATA_WORD + 1] = generation;
    return this.#libc.epoll_ctl(this.#fd, operation, fd, this.#event.address);
  }

  /** Waits for an event, until the deadline at most; returns the number of events. */
  wait(deadline: Deadline): number {
    this.#clock.tick();
    const waitNs = Math.min(deadline.deadlineNs - this.#clock.nowNs, WAIT_NS_MAX);
    const count = this.#call(waitNs > 0 ? waitNs : 0);
    if (count >= 0) return count;
    const errno = this.#libc.errno();
    if (errno === EINTR) return 0;
    // Kernels before 5.11 and some sandboxes; then to the millisecond.
    if (this.#preciseWait && (errno === ENOSYS || errno === EPERM)) {
      this.#preciseWait = false;
      return this.wait(deadline);
    }
    throw new RunError(errnoName(errno), `epoll_pwait2 failed: ${errnoName(errno)}`, PLEASE_REPORT);
  }

  #call(waitNs: number): number {
    const events = this.#events.address;
    if (waitNs === 0) return this.#libc.epoll_wait(this.#fd, events, EVENTS_MAX, 0);
    if (!this.#preciseWait) return this.#libc.epoll_wait(this.#fd, events, EVENTS_MAX, Math.ceil(waitNs / 1e6));
    const seconds = Math.floor(waitNs / 1e9);
    this.#timeoutWords[0] = seconds;
    this.#timeoutWords[2] = waitNs - seconds * 1e9;
    return this.#libc.epoll_pwait2(SYS_epoll_pwait2, this.#fd, events, EVENTS_MAX, this.#timeout.address, 0, 0);
  }

  eventsAt(index: number): number {
    return this.#words[index * EVENT_WORDS]!;
  }

  slotAt(index: number): number {
    return this.#words[index * EVENT_WORDS + DATA_WORD]!;
  }

  generationAt(index: number): number {
    return this.#words[index * EVENT_WORDS + DATA_WORD + 1]!;
  }

  dispose(): void {
    this.#libc.close(this.#fd);
  }
}
