import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLRDHUP,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_WAITALL,
  SHUT_WR,
} from '../../kernel/constants.ts';
import { ECANCELED, ECONNRESET, ENOBUFS, EPIPE } from '../../kernel/errno.ts';
import {
  CQE_BUFFER_SHIFT,
  CQE_F_BUFFER,
  CQE_F_MORE,
  IOSQE_BUFFER_SELECT,
  IOSQE_CQE_SKIP_SUCCESS,
  IOSQE_IO_LINK,
  OP_POLL_ADD,
  OP_RECV,
  OP_SEND,
  RECVSEND_POLL_FIRST,
} from '../../kernel/io-uring.ts';
import { loadLibc, nativeCopy } from '../../kernel/libc.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { AT_ONCE } from '../seam/engine.ts';
import type { Deadline, ServerDriver, ServerEngine, ServerEngineOptions } from '../seam/engine.ts';
import type { Clock } from '../../runtime/clock.ts';
import { FreeSlots } from '../sockets/free-slots.ts';
import { openListeningSocket } from '../sockets/listening-socket.ts';
import { Acceptor } from './acceptor.ts';
import { BUFFER_GROUP, BufferRing } from './buffer-ring.ts';
import { registerForAccepting } from './direct.ts';
import { addPriority, fillPickedReceive, fillPoll, fillTransfer, prepareClose } from './entries.ts';
import { requireUring } from './support.ts';
import { Ring } from './ring.ts';
import { Slots } from './slots.ts';
import { NO_SLOT, STAGE, stageOf } from './stages.ts';
import { Waker } from './waker.ts';

/** The most bytes of one receive, and so the most that are kept for a peer that does not read. */
const BUFFER_BYTES = 64 * 1024;
/** Most of a response that one entry sends: progress is seen in steps of this. */
const SEND_BYTES = 1024 * 1024;
const RING_ENTRIES = 4096;
const RING_COMPLETIONS = 16384;

/** No buffer at hand, or one that `echo` has taken. */
const NO_BUFFER = -1;

const { SEND, RECV, POLL, CANCEL, ACCEPT, WAKE, OTHER } = STAGE;

/** What is true of a slot; 0 is a free one. */
const OPEN = 1;
/** `ended` or `failed` has been reported: nothing is read any more. */
const OVER = 2;
/** What was received is being sent back. */
const ECHOING = 4;
const RESPONDING = 8;
/** The writing side is shut down, or will be as soon as everything is sent. */
const HALF_CLOSED = 16;
/** Closed by the driver, with entries in the kernel whose completions must come first. */
const CLOSING = 32;
/** `failed` has been reported. */
const FAILED = 128;

/**
 * The server's side on io_uring: one multishot ACCEPT, then for each connection RECV into a buffer that the kernel picks, SEND
 * of what came linked to the next RECV, and CLOSE; on direct descriptors where nothing has to be half-closed.
 */
export class UringServerEngine implements ServerEngine {
  readonly name = 'uring';
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #options: ServerEngineOptions;
  readonly #ring: Ring;
  readonly #direct: boolean;
  readonly #payload: NativeMemory;
  readonly #buffers: BufferRing;
  readonly #slots: Slots;
  readonly #free: FreeSlots;
  readonly #flags: Uint8Array;
  /** While sending: the buffer that is echoed; how much there is to send, how much is with the kernel. */
  readonly #echoBuffer: Int32Array;
  /** The buffer that a receive has been given because the ring had none, or NO_BUFFER. */
  readonly #spareBuffer: Int32Array;
  readonly #sendBytes: Float64Array;
  readonly #sentBytes: Float64Array;
  /** What the completion at hand has received; `echo` takes it. */
  #buffer = NO_BUFFER;
  #receivedBytes = 0;
  #acceptor: Acceptor | undefined;
  #waker: Waker | undefined;
  #port = 0;
  readonly #deadline = { deadlineNs: -Infinity };
  #driver!: ServerDriver;

  constructor(options: ServerEngineOptions) {
    const libc = loadLibc();
    const { capacity, clock } = options;
    const { direct } = requireUring();
    this.#libc = libc;
    this.#clock = clock;
    this.#options = options;
    this.#ring = new Ring({ libc, clock, entries: RING_ENTRIES, completions: RING_COMPLETIONS });
    this.#direct = direct && !options.halfCloses && registerForAccepting(libc, this.#ring, capacity);
    this.#payload = nativeCopy(libc, options.payload);
    this.#buffers = BufferRing.for(this.#ring, libc, BUFFER_BYTES);
    this.#slots = new Slots(libc, this.#ring, capacity, this.#direct);
    this.#free = new FreeSlots(capacity);
    this.#flags = new Uint8Array(capacity);
    this.#echoBuffer = new Int32Array(capacity);
    this.#spareBuffer = new Int32Array(capacity).fill(NO_BUFFER);
    this.#sendBytes = new Float64Array(capacity);
    this.#sentBytes = new Float64Array(capacity);
  }

  get port(): number {
    return this.#port;
  }

  listen(): void {
    const { host, port, backlog } = this.#options;
    const socket = openListeningSocket(this.#libc, host, port, backlog);
    this.#acceptor = new Acceptor(this.#ring, this.#clock, socket.fd, this.#direct);
    this.#port = socket.port;
  }

  run(driver: ServerDriver): void {
    this.#driver = driver;
    this.#acceptor?.arm();
    while (driver.step()) {
      this.#ring.reap(this.#nextDeadline(driver), this);
      this.#acceptor?.endRest();
    }
    // The last closes are still only prepared.
    this.#ring.submit();
  }

  /** The driver's, or the end of a rest. */
  #nextDeadline(driver: ServerDriver): Deadline {
    if (this.#acceptor === undefined) return driver;
    this.#deadline.deadlineNs = Math.min(driver.deadlineNs, this.#acceptor.restEndNs);
    return this.#deadline;
  }

  /** Takes a completion of the ring. */
  complete(slot: number, tag: number, result: number, flags: number): void {
    const stage = stageOf(tag);
    if (slot === NO_SLOT) {
      if (stage === ACCEPT) this.#accepted(result, flags);
      else if (stage === WAKE) this.#waker?.complete(flags);
      return;
    }
    if (!this.#slots.isCurrent(slot, tag)) return;
    if ((flags & CQE_F_MORE) === 0) this.#slots.settle(slot, 1 << stage);
    const isClosing = (this.#flags[slot]! & CLOSING) !== 0;
    if (stage === RECV) this.#received(slot, result, flags, isClosing);
    else if (stage === SEND) this.#sent(slot, result, isClosing);
    else if (stage === POLL && !isClosing) this.#polled(slot, result);
    if (!this.#slots.isCurrent(slot, tag)) return;
    if ((this.#flags[slot]! & CLOSING) === 0) this.#arm(slot, 0);
    else if (this.#slots.pending(slot) === 0) this.#finishClose(slot);
    // Something else is under way, or it came too early for a link that only now is.
    else if (!this.#slots.isPending(slot, CANCEL) && (stage !== CANCEL || result < 0)) this.#slots.cancelFirst(slot);
  }

  #accepted(result: number, flags: number): void {
    const acceptor = this.#acceptor!;
    const file = acceptor.complete(result, flags);
    if (file >= 0) {
      if (this.#driver.admits()) this.#welcome(file);
      else this.#closeFile(file);
    } else if (file !== -ECANCELED) this.#driver.acceptFailed(-file);
    acceptor.arm();
  }

  #welcome(file: number): void {
    const slot = this.#free.take();
    const generation = this.#slots.generation(slot);
    this.#slots.files[slot] = file;
    this.#flags[slot] = OPEN;
    this.#driver.accepted(slot);
    if (this.#slots.generation(slot) === generation && (this.#flags[slot] & CLOSING) === 0) this.#arm(slot, 0);
  }

  /** Sees to it that the slot is told of what its peer does next. */
  #arm(slot: number, ioprio: number): void {
    const flags = this.#flags[slot]!;
    if (!this.#options.reads) {
      if ((flags & FAILED) === 0) this.#watch(slot);
    } else if ((flags & (OVER | ECHOING)) === 0) {
      if (!this.#slots.isPending(slot, RECV)) this.#prepareReceive(slot, ioprio);
    }
  }

  /** Waits for the end of a connection that is only held, and for a failure behind it: level-triggered, the end would be reported again and again. */
  #watch(slot: number): void {
    if (this.#slots.isPending(slot, POLL)) return;
    this.#ring.reserve(1);
    fillPoll(this.#ring.words, this.#slots.prepare(OP_POLL_ADD, 0, slot, POLL), EPOLLRDHUP | EPOLLHUP | EPOLLERR);
  }

  #prepareReceive(slot: number, ioprio: number): void {
    this.#ring.reserve(1);
    const { words } = this.#ring;
    const at = this.#slots.prepare(OP_RECV, IOSQE_BUFFER_SELECT, slot, RECV);
    addPriority(words, at, ioprio);
    fillPickedReceive(words, at, BUFFER_GROUP);
  }

  #received(slot: number, result: number, flags: number, isClosing: boolean): void {
    const isPicked = (flags & CQE_F_BUFFER) !== 0;
    this.#buffer = isPicked ? flags >>> CQE_BUFFER_SHIFT : this.#spareBuffer[slot]!;
    this.#spareBuffer[slot] = NO_BUFFER;
    if (isPicked) this.#buffers.take();
    if (!isClosing) {
      if (result > 0) {
        this.#receivedBytes = result;
        this.#driver.received(slot, result);
      } else if (result === 0) {
        this.#flags[slot]! |= OVER;
        this.#driver.ended(slot);
      } else if (result === -ENOBUFS) {
        if (!this.#buffers.replenish()) this.#receiveIntoSpare(slot);
      }
      // A send that was cut short cancels the receive behind it; it is armed again.
      else if (result !== -ECANCELED) this.#fail(slot, -result);
    }
    if (this.#buffer !== NO_BUFFER) this.#buffers.give(this.#buffer);
  }

  /**
   * Receives into a buffer outside of the ring. The ring's are all held for peers that do not read, and may be for long; others must be
   * served meanwhile. There is data already, so the buffer does not wait with the receive.
   */
  #receiveIntoSpare(slot: number): void {
    const buffer = this.#buffers.takeSpare();
    this.#spareBuffer[slot] = buffer;
    this.#ring.reserve(1);
    const at = this.#slots.prepare(OP_RECV, 0, slot, RECV);
    fillTransfer(this.#ring.words, at, this.#buffers.addressOf(buffer), BUFFER_BYTES, 0);
  }

  #polled(slot: number, events: number): void {
    if (events < 0) this.#fail(slot, -events);
    else if ((events & (EPOLLERR | EPOLLHUP)) !== 0) this.#fail(slot, ECONNRESET);
    else if ((this.#flags[slot]! & OVER) === 0) {
      this.#flags[slot]! |= OVER;
      this.#driver.ended(slot);
    }
  }

  #fail(slot: number, errno: number): void {
    this.#flags[slot]! |= OVER | FAILED;
    this.#driver.failed(slot, errno);
  }

  echo(slot: number): void {
    const buffer = this.#buffer;
    this.#buffer = NO_BUFFER;
    this.#flags[slot]! |= ECHOING;
    this.#echoBuffer[slot] = buffer;
    this.#sendBytes[slot] = this.#receivedBytes;
    this.#sentBytes[slot] = 0;
    this.#ring.reserve(2);
    this.#prepareSend(slot, this.#buffers.addressOf(buffer), this.#receivedBytes, IOSQE_IO_LINK, MSG_WAITALL);
    this.#prepareReceive(slot, RECVSEND_POLL_FIRST);
  }

  respond(slot: number): void {
    this.#flags[slot]! |= RESPONDING;
    this.#sendBytes[slot] = this.#options.payload.length;
    this.#sentBytes[slot] = 0;
    if (this.#options.payload.length === 0) this.#flush(slot);
    else this.#sendRest(slot);
  }

  #sendRest(slot: number): void {
    const done = this.#sentBytes[slot]!;
    const isEcho = (this.#flags[slot]! & ECHOING) !== 0;
    const from = isEcho ? this.#buffers.addressOf(this.#echoBuffer[slot]!) : this.#payload.address;
    const size = Math.min(this.#sendBytes[slot]! - done, SEND_BYTES);
    this.#ring.reserve(1);
    // The last bytes of a response leave in one segment with the FIN that follows them.
    this.#prepareSend(slot, from + done, size, 0, isEcho ? MSG_WAITALL : MSG_MORE);
  }

  #prepareSend(slot: number, address: number, size: number, flags: number, messageFlags: number): void {
    const at = this.#slots.prepare(OP_SEND, flags, slot, SEND);
    fillTransfer(this.#ring.words, at, address, size, MSG_NOSIGNAL | messageFlags);
  }

  #sent(slot: number, result: number, isClosing: boolean): void {
    const isEcho = (this.#flags[slot]! & ECHOING) !== 0;
    if (result < 0 || isClosing) {
      if (isEcho) this.#endEcho(slot);
      this.#flags[slot]! &= ~RESPONDING;
      // A send after the peer's reset is EPIPE where a receive has told of it before.
      if (!isClosing) this.#fail(slot, result === -ECANCELED || result === -EPIPE ? ECONNRESET : -result);
      return;
    }
    this.#sentBytes[slot]! += result;
    const generation = this.#slots.generation(slot);
    this.#driver.sent(slot, result);
    if (this.#slots.generation(slot) !== generation || (this.#flags[slot]! & CLOSING) !== 0) return;
    if (this.#sentBytes[slot]! < this.#sendBytes[slot]!) {
      this.#sendRest(slot);
      return;
    }
    if (isEcho) this.#endEcho(slot);
    this.#flags[slot]! &= ~RESPONDING;
    this.#flush(slot);
  }

  #endEcho(slot: number): void {
    this.#flags[slot]! &= ~ECHOING;
    this.#buffers.give(this.#echoBuffer[slot]!);
  }

  #flush(slot: number): void {
    this.#flags[slot]! &= ~RESPONDING;
    if ((this.#flags[slot]! & HALF_CLOSED) !== 0) this.#libc.shutdown(this.#slots.files[slot]!, SHUT_WR);
    this.#driver.flushed(slot);
  }

  halfClose(slot: number): void {
    const flags = this.#flags[slot]!;
    if ((flags & HALF_CLOSED) !== 0) return;
    this.#flags[slot] = flags | HALF_CLOSED;
    if ((flags & (ECHOING | RESPONDING)) === 0) this.#libc.shutdown(this.#slots.files[slot]!, SHUT_WR);
  }

  close(slot: number, reset: boolean): void {
    if ((this.#flags[slot]! & (OPEN | CLOSING)) !== OPEN) return;
    this.#flags[slot]! |= CLOSING;
    if (reset) this.#slots.resetOnClose(slot);
    if (this.#slots.pending(slot) === 0) this.#finishClose(slot);
    else this.#slots.cancelFirst(slot);
  }

  #finishClose(slot: number): void {
    this.#closeFile(this.#slots.files[slot]!);
    this.#flags[slot] = 0;
    this.#slots.renew(slot);
    this.#free.give(slot);
    this.#acceptor?.descriptorFreed();
    this.#driver.released(slot);
  }

  #closeFile(file: number): void {
    if (!this.#direct) {
      this.#libc.close(file);
      return;
    }
    this.#ring.reserve(1);
    prepareClose(this.#ring, IOSQE_CQE_SKIP_SUCCESS, file, NO_SLOT, OTHER);
  }

  watch(fd: number): void {
    this.#waker = new Waker(this.#ring, fd);
  }

  stopListening(): void {
    if (this.#acceptor === undefined) return;
    // To their peers the connections in the backlog are established; closing the listener would reset them. ACCEPT takes
    // all there are each time the kernel gets to work for us.
    this.#ring.reap(AT_ONCE, this);
    this.#acceptor.cancel();
    this.#ring.reap(AT_ONCE, this);
    this.#libc.close(this.#acceptor.listener);
    this.#acceptor = undefined;
  }

  dispose(): void {
    if (this.#acceptor !== undefined) this.#libc.close(this.#acceptor.listener);
    for (let slot = 0; !this.#direct && slot < this.#free.fresh; slot++) {
      if (this.#flags[slot] !== 0) this.#libc.close(this.#slots.files[slot]!);
    }
    this.#ring.dispose();
    this.#buffers.dispose();
  }
}
