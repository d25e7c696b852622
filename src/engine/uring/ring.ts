import {
  MAP_SHARED_POPULATE,
  PROT_READ_WRITE,
  SYS_io_uring_enter,
  SYS_io_uring_register,
  SYS_io_uring_setup,
} from '../../kernel/constants.ts';
import { EAGAIN, EBUSY, EINTR, ENOMEM, ETIME, errnoName } from '../../kernel/errno.ts';
import {
  CQE_BYTES,
  CQ_OFF_CQES,
  ENTER_EXT_ARG,
  ENTER_GETEVENTS,
  FEAT_CQE_SKIP,
  FEAT_EXT_ARG,
  FEAT_NODROP,
  FEAT_SINGLE_MMAP,
  IOSQE_CQE_SKIP_SUCCESS,
  IOSQE_IO_LINK,
  OFF_HEAD,
  OFF_SQES,
  OFF_SQ_RING,
  OFF_TAIL,
  PARAMS_BYTES,
  PARAMS_CQ_ENTRIES,
  PARAMS_CQ_OFF,
  PARAMS_FEATURES,
  PARAMS_FLAGS,
  PARAMS_SQ_ENTRIES,
  PARAMS_SQ_OFF,
  SETUP_CLAMP,
  SETUP_CQSIZE,
  SETUP_DEFER_TASKRUN,
  SETUP_SINGLE_ISSUER,
  SETUP_SUBMIT_ALL,
  SQE_BYTES,
  SETUP_TASKRUN_FLAG,
  SQ_OFF_ARRAY,
  SQ_OFF_FLAGS,
  SQ_TASKRUN,
} from '../../kernel/io-uring.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { sleepOnTime } from '../../kernel/machine/timer-slack.ts';
import { RunError } from '../../units/run-error.ts';
import type { Deadline } from '../seam/engine.ts';
import type { Clock } from '../../runtime/clock.ts';
import { replaceByNop, writeEntry } from './entries.ts';
import { ringMemoryError } from './memory-error.ts';
import { PLEASE_REPORT } from '../../units/bugs.ts';

const NEEDED_FEATURES = FEAT_SINGLE_MMAP | FEAT_NODROP | FEAT_EXT_ARG | FEAT_CQE_SKIP;
/** DEFER_TASKRUN wants SINGLE_ISSUER, and TASKRUN_FLAG tells when there is work left. */
const SETUP_FLAGS =
  SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN | SETUP_TASKRUN_FLAG | SETUP_SUBMIT_ALL | SETUP_CLAMP | SETUP_CQSIZE;
/**
 * The kernel does about twenty pieces of its work a call, a connection is eight of them. Without more calls a thread that has
 * fallen behind would go on to start and never get to finish.
 */
const CALLS_MAX = 32;
const ENOUGH_COMPLETIONS = 512;
/** Below this the ring is not worth having. */
const ENTRIES_MIN = 128;

/** What is further away, or never, is waited for again. */
const WAIT_NS_MAX = 3600e9;

const SQE_WORDS = SQE_BYTES / 4;
const CQE_WORDS = CQE_BYTES / 4;
/** Words of struct io_uring_cqe: user_data in two halves, res, flags. */
const CQE_USER = 0;
const CQE_TAG = 1;
const CQE_RESULT = 2;
const CQE_FLAGS = 3;

export interface RingOptions {
  readonly libc: Libc;
  readonly clock: Clock;
  /** Submission entries; halved until the kernel grants them. */
  readonly entries: number;
  readonly completions: number;
}

/** The results of entries that the kernel is not to carry out. `at` is the first word of the entry in `words`. */
export interface EntryAnswers {
  answer(words: Int32Array, at: number): number;
}

/** What takes the completions of a ring. */
export interface CompletionSink {
  /** `user` and `tag` are those of the entry. `flags` are CQE_F flags. */
  complete(user: number, tag: number, result: number, flags: number): void;
}

/** The flags of an entry that a NOP in its place keeps: what decides on order and completions. */
const KEPT_FLAGS = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;

/**
 * One io_uring(7), used from the thread that made it. Entries are written straight into the mapped ring: `prepare` gives the
 * place, `words` is the memory. `reap` waits for completions and hands them over.
 *
 * DEFER_TASKRUN (Linux 6.1) makes the kernel finish its work when we ask for events, not by interrupting us.
 */
export class Ring {
  readonly fd: number;
  readonly words: Int32Array;
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #ring: Int32Array;
  readonly #entries: number;
  readonly #sqMask: number;
  readonly #sqHead: number;
  readonly #sqTail: number;
  readonly #sqFlags: number;
  readonly #cqMask: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqes: number;
  readonly #argument: NativeMemory;
  /** struct timespec as words: seconds, 0, nanoseconds, 0. */
  readonly #timeout: Int32Array;
  readonly #mappings: { address: number; size: number }[] = [];
  /** Our tail, ahead of the published one by what is prepared. */
  #tail = 0;
  #head = 0;
  /** While it is there, no entry reaches a socket. */
  #answers: EntryAnswers | null = null;

  constructor(options: RingOptions) {
    const { libc } = options;
    this.#libc = libc;
    this.#clock = options.clock;
    const params = libc.alloc(PARAMS_BYTES);
    const p = new Int32Array(params.bytes.buffer, 0, PARAMS_BYTES / 4);
    this.fd = setUp(libc, params.address, p, options);
    const sqEntries = p[PARAMS_SQ_ENTRIES]!;
    const cqEntries = p[PARAMS_CQ_ENTRIES]!;
    const sqOff = (index: number): number => p[PARAMS_SQ_OFF + index]! / 4;
    const cqOff = (index: number): number => p[PARAMS_CQ_OFF + index]! / 4;
    const ringBytes = Math.max(
      p[PARAMS_SQ_OFF + SQ_OFF_ARRAY]! + sqEntries * 4,
      p[PARAMS_CQ_OFF + CQ_OFF_CQES]! + cqEntries * CQE_BYTES,
    );
    this.#ring = new Int32Array(this.#map(ringBytes, OFF_SQ_RING));
    this.words = new Int32Array(this.#map(sqEntries * SQE_BYTES, OFF_SQES));
    this.#entries = sqEntries;
    this.#sqMask = sqEntries - 1;
    this.#sqHead = sqOff(OFF_HEAD);
    this.#sqTail = sqOff(OFF_TAIL);
    this.#sqFlags = sqOff(SQ_OFF_FLAGS);
    this.#cqMask = cqEntries - 1;
    this.#cqHead = cqOff(OFF_HEAD);
    this.#cqTail = cqOff(OFF_TAIL);
    this.#cqes = cqOff(CQ_OFF_CQES);
    const array = sqOff(SQ_OFF_ARRAY);
    for (let i = 0; i < sqEntries; i++) this.#ring[array + i] = i;
    // struct io_uring_getevents_arg { sigmask, sigmask_sz, min_wait_usec, ts }, with the timespec behind it.
    this.#argument = libc.alloc(40);
    this.#timeout = new Int32Array(this.#argument.bytes.buffer, 24, 4);
    new BigUint64Array(this.#argument.bytes.buffer, 16, 1)[0] = BigInt(this.#argument.address + 24);
    sleepOnTime(libc);
  }

  #map(size: number, offset: number): ArrayBuffer {
    const address = this.#libc.mmap(0, size, PROT_READ_WRITE, MAP_SHARED_POPULATE, this.fd, offset);
    if (address === -1) {
      const errno = this.#libc.errno();
      this.dispose();
      if (errno === ENOMEM) throw ringMemoryError(errno);
      const name = errnoName(errno);
      throw new RunError(name, `the rings cannot be mapped: ${name}`, 'use --engine epoll');
    }
    this.#mappings.push({ address, size });
    return this.#libc.view(address, size);
  }

  /** io_uring_register(2): 0 or more, or the negative error number. */
  register(opcode: number, argument: number, count: number): number {
    const result = this.#libc.io_uring_register(SYS_io_uring_register, this.fd, opcode, argument, count);
    return result < 0 ? -this.#libc.errno() : result;
  }

  /** Entries that are prepared and not yet taken by the kernel. */
  get unsubmitted(): number {
    return (this.#tail - Atomics.load(this.#ring, this.#sqHead)) | 0;
  }

  /** Makes room for `count` entries in a row; links may not be torn apart by a submission. */
  reserve(count: number): void {
    while (this.unsubmitted + count > this.#entries) this.submit();
  }

  /**
   * Writes the head of the next entry, clears the rest, and returns its first word in `words`. Room must have been reserved.
   * `user` and `tag` come back with the completion.
   */
  prepare(opcode: number, flags: number, fd: number, user: number, tag: number): number {
    const at = (this.#tail & this.#sqMask) * SQE_WORDS;
    this.#tail = (this.#tail + 1) | 0;
    writeEntry(this.words, at, opcode, flags, fd, user, tag);
    return at;
  }

  /**
   * From now on every entry is replaced by a NOP that completes with the result that `answers` gives; with null, entries are carried
   * out again. Nothing else differs: the entries are written, submitted and completed by the same code and calls. Needs Linux
   * 6.10: before it, a NOP completes with 0.
   */
  rehearse(answers: EntryAnswers | null): void {
    this.#answers = answers;
  }

  #publish(): void {
    if (this.#answers !== null) this.#replaceEntries(this.#answers);
    Atomics.store(this.#ring, this.#sqTail, this.#tail);
  }

  #replaceEntries(answers: EntryAnswers): void {
    const { words } = this;
    for (let index = Atomics.load(this.#ring, this.#sqTail); index !== this.#tail; index = (index + 1) | 0) {
      const at = (index & this.#sqMask) * SQE_WORDS;
      replaceByNop(words, at, KEPT_FLAGS, answers.answer(words, at));
    }
  }

  /** Hands over what is prepared without waiting. */
  submit(): void {
    this.#publish();
    const result = this.#libc.io_uring_enter(SYS_io_uring_enter, this.fd, this.unsubmitted, 0, 0, 0, 0);
    if (result < 0) this.#check(this.#libc.errno());
  }

  /** Hands over what is prepared and waits for so many completions, until the deadline at most. Returns how many there are. */
  wait({ deadlineNs }: Deadline, completions: number): number {
    this.#publish();
    let waitNs = 0;
    if (this.available < completions) {
      this.#clock.tick();
      waitNs = Math.min(deadlineNs - this.#clock.nowNs, WAIT_NS_MAX);
    }
    let flags = ENTER_GETEVENTS;
    let size = 0;
    let argument = 0;
    if (waitNs > 0) {
      const seconds = Math.floor(waitNs / 1e9);
      this.#timeout[0] = seconds;
      this.#timeout[2] = waitNs - seconds * 1e9;
      flags |= ENTER_EXT_ARG;
      argument = this.#argument.address;
      size = 24;
    }
    const result = this.#libc.io_uring_enter(
      SYS_io_uring_enter,
      this.fd,
      this.unsubmitted,
      waitNs > 0 ? completions : 0,
      flags,
      argument,
      size,
    );
    // What was consumed shows in the shared head; the return value alone does not tell (ETIME and EINTR come after submission).
    if (result < 0) this.#check(this.#libc.errno());
    this.#finishWork();
    return this.available;
  }

  #finishWork(): void {
    for (let calls = 0; calls < CALLS_MAX && this.available < ENOUGH_COMPLETIONS; calls++) {
      if ((Atomics.load(this.#ring, this.#sqFlags) & SQ_TASKRUN) === 0) return;
      const result = this.#libc.io_uring_enter(SYS_io_uring_enter, this.fd, 0, 0, ENTER_GETEVENTS, 0, 0);
      if (result < 0) this.#check(this.#libc.errno());
    }
  }

  #check(errno: number): void {
    // EBUSY and EAGAIN: completions must be reaped, or memory is short for a moment; the next call goes on where this one ended.
    if (errno === ETIME || errno === EINTR || errno === EBUSY || errno === EAGAIN) return;
    const name = errnoName(errno);
    throw new RunError(name, `io_uring_enter failed: ${name}`, `use --engine epoll, and ${PLEASE_REPORT}`);
  }

  /** Completions that are there to be read. */
  get available(): number {
    return (Atomics.load(this.#ring, this.#cqTail) - this.#head) | 0;
  }

  /** Waits as `wait` does, then hands over each completion that is there, oldest first. */
  reap(deadline: Deadline, sink: CompletionSink, completions = 1): void {
    const count = this.wait(deadline, completions);
    const words = this.#ring;
    for (let i = 0; i < count; i++) {
      const at = this.#cqes + ((this.#head + i) & this.#cqMask) * CQE_WORDS;
      sink.complete(words[at + CQE_USER]!, words[at + CQE_TAG]!, words[at + CQE_RESULT]!, words[at + CQE_FLAGS]!);
    }
    this.#head = (this.#head + count) | 0;
    Atomics.store(this.#ring, this.#cqHead, this.#head);
  }

  dispose(): void {
    this.#libc.close(this.fd);
    for (const { address, size } of this.#mappings) this.#libc.munmap(address, size);
  }
}

/** io_uring_setup(2) with as many entries as the kernel grants. */
function setUp(libc: Libc, address: number, params: Int32Array, options: RingOptions): number {
  let { entries, completions } = options;
  for (;;) {
    params.fill(0);
    params[PARAMS_FLAGS] = SETUP_FLAGS;
    params[PARAMS_CQ_ENTRIES] = completions;
    const fd = libc.io_uring_setup(SYS_io_uring_setup, entries, address);
    if (fd >= 0) {
      const missing = NEEDED_FEATURES & ~params[PARAMS_FEATURES]!;
      if (missing === 0) return fd;
      libc.close(fd);
      throw new RunError(
        'EINVAL',
        `this kernel's io_uring lacks features 0x${missing.toString(16)}`,
        'use --engine epoll',
      );
    }
    const errno = libc.errno();
    // RLIMIT_MEMLOCK or memory too small for the rings: smaller ones do, down to a point.
    if (errno === ENOMEM && entries > ENTRIES_MIN) {
      entries /= 2;
      completions /= 2;
      continue;
    }
    throw setUpError(errno);
  }
}

function setUpError(errno: number): RunError {
  if (errno === ENOMEM) return ringMemoryError(errno);
  const name = errnoName(errno);
  const reasons: Record<string, [string, string]> = {
    ENOSYS: [
      'this kernel has no io_uring, or a seccomp profile hides it',
      'use --engine epoll; the uring engine needs Linux 6.1',
    ],
    EPERM: [
      'io_uring is forbidden here (kernel.io_uring_disabled, or a seccomp profile as in containers)',
      'sysctl -w kernel.io_uring_disabled=0, or run the container with a seccomp profile that allows it, or use --engine epoll',
    ],
    EINVAL: ['this kernel is older than 6.1 (IORING_SETUP_DEFER_TASKRUN)', 'use --engine epoll'],
    EMFILE: ['no file descriptor is left for the ring', 'raise ulimit -n'],
  };
  const [why, hint] = reasons[name] ?? [`io_uring_setup failed`, 'use --engine epoll'];
  return new RunError(name, `${why} (${name})`, hint);
}
