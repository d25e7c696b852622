import { MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL, MSG_TRUNC, SOCK_CLOEXEC, SOCK_STREAM } from '../../kernel/constants.ts';
import { EAGAIN, ECONNREFUSED, ECONNRESET, EPIPE } from '../../kernel/errno.ts';
import { IOSQE_CQE_SKIP_SUCCESS, OP_CONNECT, OP_RECV, OP_SEND, OP_URING_CMD } from '../../kernel/io-uring.ts';
import { loadLibc, nativeCopy } from '../../kernel/libc.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import type { BodyPlaces, ClientDriver, ClientEngine, ClientEngineOptions } from '../seam/engine.ts';
import { OutgoingSockets } from '../sockets/outgoing-sockets.ts';
import { shutDownWriting } from '../sockets/shut-down.ts';
import { SelfConnections } from '../sockets/self-connections.ts';
import { SocketAddresses } from '../sockets/socket-addresses.ts';
import { ConnectErrors } from './connect-errors.ts';
import { CHAINED, DirectSockets } from './direct-sockets.ts';
import { registerDirectDescriptors } from './direct.ts';
import { fillErrorQuery, fillSocketAddress, fillTransfer, prepareClose } from './entries.ts';
import { requireUring } from './support.ts';
import { RehearsedAnswers } from './rehearsed-answers.ts';
import { Ring } from './ring.ts';
import { Slots } from './slots.ts';
import { NO_SLOT, STAGE, stageOf } from './stages.ts';
import { Waker } from './waker.ts';

const SINK_BYTES = 256 * 1024;
const RING_ENTRIES = 4096;
const RING_COMPLETIONS = 16384;
/**
 * The largest payload that is sent in the chain, and received for only when it is gone. It fits the buffers of a fresh
 * connection; with a larger one, a peer that answers before it has read all would wait for us to read, and we for it.
 */
const LINKED_PAYLOAD_BYTES = 16 * 1024;
/** Most that one SEND takes of a larger payload: progress is seen in steps of this. */
const SEND_BYTES = 256 * 1024;
/** Most entries that one start is. */
const CHAIN_ENTRIES = 6;
/**
 * Starts that are handed over together, where as many are due together. The kernel opens them one after the other while we
 * wait, so a smaller number would not open the last one sooner; it would cost more calls.
 */
const STARTS_PER_SUBMIT = 16;

const { PREPARE, CONNECT, SEND, RECV, CANCEL, CLOSE, WAKE } = STAGE;

/** What is still pending when a link up to CONNECT has failed: nothing that was linked after it will complete. */
const NOT_LINKED = (1 << CANCEL) | (1 << CLOSE);

/** What a slot is doing. */
const FREE = 0;
const OPENING = 1;
const ACTIVE = 2;
/** Told of its end or failure; waits for the driver's close. */
const ENDED = 3;
/** Closed by the driver, with entries in the kernel whose completions must come first. */
const CLOSING = 4;

/**
 * The client's side on io_uring. Where the kernel can (Linux 6.11), a connection lives on a direct descriptor: SOCKET,
 * SO_REUSEADDR and a chain of BIND, CONNECT and SEND are handed over together, RECV when the payload is gone, by when the
 * answer is often there, and CLOSE. Where it cannot, and for half-close (the ring's SHUTDOWN always goes to a kernel thread, at
 * 10 to 40 µs), the socket is prepared, shut down and closed through libc and only what is between goes through the ring.
 */
export class UringClientEngine implements ClientEngine {
  readonly name = 'uring';
  readonly #libc: Libc;
  readonly #ring: Ring;
  readonly #direct: boolean;
  /** Whether the chain itself asks for SO_ERROR; else a call does. */
  readonly #isErrorLinked: boolean;
  readonly #sockets: OutgoingSockets;
  readonly #directSockets: DirectSockets;
  readonly #payload: NativeMemory;
  readonly #payloadBytes: number;
  readonly #isLinked: boolean;
  readonly #halfClose: boolean;
  readonly #sendsWhenAsked: boolean;
  readonly #sink: NativeMemory;
  readonly #bodies: BodyPlaces | undefined;
  readonly #errors: ConnectErrors;
  /** Undefined: no connection can be one to itself. */
  readonly #selves: SelfConnections | undefined;
  readonly #slots: Slots;
  readonly #states: Uint8Array;
  readonly #sentBytes: Float64Array;
  /** 1 where a closed slot's 4-tuple can be used again immediately. */
  readonly #isFreeAtClose: Uint8Array;
  #driver!: ClientDriver;
  #unsubmittedStarts = 0;
  /** No socket is connected, so none can be shut down. */
  #isRehearsing = false;
  #waker: Waker | undefined;

  constructor(options: ClientEngineOptions) {
    const libc = loadLibc();
    const { target, sources, payload, capacity } = options;
    const { direct } = requireUring();
    this.#libc = libc;
    this.#ring = new Ring({ libc, clock: options.clock, entries: RING_ENTRIES, completions: RING_COMPLETIONS });
    this.#selves = options.mayMeetItself === true ? new SelfConnections(libc) : undefined;
    // The kernel tells the name of a socket by its descriptor only.
    const mayBeDirect = direct && !options.halfClose && this.#selves === undefined;
    this.#direct = mayBeDirect && registerDirectDescriptors(libc, this.#ring, capacity);
    this.#isErrorLinked = direct;
    this.#sockets = new OutgoingSockets(libc, new SocketAddresses(libc, target, sources), options);
    const boundSlots = this.#direct && sources.length > 0 ? capacity : 1;
    this.#directSockets = new DirectSockets(libc, this.#ring, this.#sockets, boundSlots);
    this.#payload = nativeCopy(libc, payload);
    this.#payloadBytes = payload.length;
    this.#sendsWhenAsked = options.sendsWhenAsked === true;
    this.#isLinked = !this.#sendsWhenAsked && payload.length > 0 && payload.length <= LINKED_PAYLOAD_BYTES;
    this.#halfClose = options.halfClose;
    this.#sink = libc.alloc(SINK_BYTES);
    this.#bodies = options.bodies;
    this.#errors = new ConnectErrors(libc, capacity);
    this.#slots = new Slots(libc, this.#ring, capacity, this.#direct);
    for (let slot = 0; slot < capacity; slot++) this.#slots.files[slot] = this.#direct ? slot : -1;
    this.#states = new Uint8Array(capacity);
    this.#sentBytes = new Float64Array(capacity);
    this.#isFreeAtClose = new Uint8Array(capacity);
  }

  open(slot: number, source: number, port: number): number {
    this.#ring.reserve(CHAIN_ENTRIES);
    if (this.#direct) this.#directSockets.prepare(slot, source, port, this.#slots.tag(slot, PREPARE));
    else {
      const fd = this.#sockets.make(SOCK_STREAM | SOCK_CLOEXEC, source, port);
      if (fd < 0) return -fd;
      this.#slots.files[slot] = fd;
    }
    this.#states[slot] = OPENING;
    this.#sentBytes[slot] = 0;
    this.#prepareConnect(slot);
    if (this.#isLinked) this.#prepareSend(slot);
    if (++this.#unsubmittedStarts >= STARTS_PER_SUBMIT) {
      this.#unsubmittedStarts = 0;
      this.#ring.submit();
    }
    return 0;
  }

  /**
   * CONNECT, and what shows whether its good result is true (see `ConnectErrors`): the linked SEND that follows, which cannot
   * work without a connection, or else the question for SO_ERROR. One completion for both.
   */
  #prepareConnect(slot: number): void {
    const isLast = !this.#isLinked && !this.#isErrorLinked;
    const { addresses } = this.#sockets;
    const at = this.#slots.prepare(OP_CONNECT, isLast ? 0 : CHAINED, slot, CONNECT);
    fillSocketAddress(this.#ring.words, at, addresses.target, addresses.size);
    if (!this.#isLinked && this.#isErrorLinked) this.#prepareErrorQuery(slot);
  }

  #prepareErrorQuery(slot: number): void {
    const at = this.#slots.prepare(OP_URING_CMD, 0, slot, CONNECT);
    fillErrorQuery(this.#ring.words, at, this.#errors.addressOf(slot));
  }

  /** SEND of what is left of the payload. In the chain it must not wait: where it would have to, CONNECT was not true. */
  #prepareSend(slot: number): void {
    const done = this.#sentBytes[slot]!;
    const at = this.#slots.prepare(OP_SEND, 0, slot, SEND);
    const size = Math.min(this.#payloadBytes - done, SEND_BYTES);
    const isInChain = this.#states[slot] === OPENING;
    // With MORE the last bytes leave in one segment with the FIN that follows.
    const flags = MSG_NOSIGNAL | (isInChain ? MSG_DONTWAIT : 0) | (this.#halfClose ? MSG_MORE : 0);
    fillTransfer(this.#ring.words, at, this.#payload.address + done, size, flags);
  }

  #prepareReceive(slot: number): void {
    const { words } = this.#ring;
    const at = this.#slots.prepare(OP_RECV, 0, slot, RECV);
    const room = this.#bodies === undefined ? 0 : this.#bodies.roomOf(slot);
    // The kernel drops the bytes without copying them (tcp(7)).
    if (room === 0) fillTransfer(words, at, this.#sink.address, SINK_BYTES, MSG_TRUNC);
    else fillTransfer(words, at, this.#bodies!.addressOf(slot), room, 0);
  }

  #receiveNext(slot: number): void {
    if (this.#slots.isPending(slot, RECV)) return;
    this.#ring.reserve(1);
    this.#prepareReceive(slot);
  }

  close(slot: number, reset: boolean): void {
    // The side that closes an established connection first keeps its 4-tuple in TIME_WAIT. Any other is free, but not before the
    // CLOSE is done.
    this.#isFreeAtClose[slot] = reset || this.#states[slot] !== ACTIVE ? 1 : 0;
    this.#states[slot] = CLOSING;
    if (reset) this.#slots.resetOnClose(slot);
    if (this.#slots.pending(slot) === 0) this.#finishClose(slot);
    else this.#slots.cancelFirst(slot);
  }

  #finishClose(slot: number): void {
    if (!this.#direct) {
      this.#libc.close(this.#slots.files[slot]!);
      this.#slots.files[slot] = -1;
      this.#release(slot);
      return;
    }
    this.#ring.reserve(1);
    const isAwaited = this.#isFreeAtClose[slot] === 1;
    prepareClose(this.#ring, isAwaited ? 0 : IOSQE_CQE_SKIP_SUCCESS, slot, slot, this.#slots.tag(slot, CLOSE));
    if (isAwaited) this.#slots.addPending(slot, CLOSE);
    else this.#release(slot);
  }

  #release(slot: number): void {
    this.#states[slot] = FREE;
    this.#slots.renew(slot);
    this.#driver.released(slot);
  }

  watch(fd: number): void {
    this.#waker = new Waker(this.#ring, fd);
  }

  run(driver: ClientDriver): void {
    this.#driver = driver;
    const ring = this.#ring;
    while (driver.step()) {
      this.#unsubmittedStarts = 0;
      ring.reap(driver, this);
    }
    // The last closes are still only prepared.
    ring.submit();
  }

  rehearse(driver: ClientDriver, responseBytes: number): boolean {
    const answers = new RehearsedAnswers(this.#states.length, responseBytes);
    if (!answers.canBeGiven(this.#ring)) return false;
    this.#isRehearsing = true;
    this.#ring.rehearse(answers);
    try {
      this.run(driver);
    } finally {
      this.#ring.rehearse(null);
      this.#isRehearsing = false;
    }
    return true;
  }

  /** Takes a completion of the ring. */
  complete(slot: number, tag: number, result: number, flags: number): void {
    const stage = stageOf(tag);
    if (slot === NO_SLOT) {
      if (stage === WAKE) this.#waker?.complete(flags);
      return;
    }
    if (!this.#slots.isCurrent(slot, tag)) return;
    this.#settle(slot, stage, result);
    const state = this.#states[slot];
    if (state === CLOSING) this.#goOnClosing(slot, stage, result);
    else if (stage === PREPARE) this.#fail(slot, -result);
    else if (stage === CONNECT) this.#connected(slot, result < 0 ? -result : this.#connectError(slot));
    else if (stage === SEND && state === OPENING) this.#firstSent(slot, result);
    else if (stage === SEND && state === ACTIVE) this.#sent(slot, result);
    else if (stage === RECV && state === ACTIVE) this.#received(slot, result);
  }

  /** Notes which completions no longer follow. */
  #settle(slot: number, stage: number, result: number): void {
    const hasFailedEarly = stage === PREPARE || (stage === CONNECT && result < 0);
    if (hasFailedEarly) this.#slots.settle(slot, ~NOT_LINKED);
    else if (stage === SEND) this.#slots.settle(slot, (1 << SEND) | (1 << CONNECT));
    else this.#slots.settle(slot, 1 << stage);
  }

  #goOnClosing(slot: number, stage: number, result: number): void {
    const pending = this.#slots.pending(slot);
    if (stage === CLOSE) this.#release(slot);
    else if (pending === 0) this.#finishClose(slot);
    // Something else is under way, or it came too early for a link that only now is.
    else if ((pending & NOT_LINKED) === 0 && (stage !== CANCEL || result < 0)) this.#slots.cancelFirst(slot);
  }

  #fail(slot: number, errno: number): void {
    this.#states[slot] = ENDED;
    this.#driver.failed(slot, errno);
  }

  /** Why a connect failed although its result is good; 0 if it did not. */
  #connectError(slot: number): number {
    return this.#isErrorLinked ? this.#errors.read(slot) : this.#errors.ask(slot, this.#slots.files[slot]!);
  }

  /** `errno` is 0 or why the connect failed. */
  #connected(slot: number, errno: number): void {
    if (this.#establish(slot, errno)) this.#exchange(slot);
  }

  /** The first SEND of a chain: its result is that of the connect, too. */
  #firstSent(slot: number, result: number): void {
    if (result !== -EAGAIN) {
      if (this.#establish(slot, result < 0 ? -result : 0)) this.#sent(slot, result);
      return;
    }
    if (!this.#isErrorLinked) {
      this.#connected(slot, this.#connectError(slot));
      return;
    }
    this.#ring.reserve(1);
    this.#prepareErrorQuery(slot);
  }

  /** Tells of a connect's end. Whether the connection is there to go on with. */
  #establish(slot: number, errno: number): boolean {
    // A reset before the handshake was over would read ECONNREFUSED.
    if (errno !== 0 && errno !== ECONNRESET && errno !== EPIPE) {
      this.#fail(slot, errno);
      return false;
    }
    if (this.#selves?.has(this.#slots.files[slot]!) === true) {
      this.#fail(slot, ECONNREFUSED);
      return false;
    }
    this.#states[slot] = ACTIVE;
    const generation = this.#slots.generation(slot);
    this.#driver.connected(slot);
    if (this.#states[slot] !== ACTIVE || this.#slots.generation(slot) !== generation) return false;
    if (errno !== 0) this.#fail(slot, errno);
    return errno === 0;
  }

  /** Sends and receives side by side, where the chain does not. */
  #exchange(slot: number): void {
    const generation = this.#slots.generation(slot);
    if (!this.#sendsWhenAsked) this.#sendPayload(slot);
    if (this.#states[slot] === ACTIVE && this.#slots.generation(slot) === generation) this.#receiveNext(slot);
  }

  startSending(slot: number): void {
    this.#sendPayload(slot);
  }

  #sendPayload(slot: number): void {
    if (this.#payloadBytes === 0) {
      this.#payloadSent(slot);
      return;
    }
    this.#ring.reserve(1);
    this.#prepareSend(slot);
  }

  #sent(slot: number, result: number): void {
    if (result < 0) {
      this.#fail(slot, -result);
      return;
    }
    const sentBytes = this.#sentBytes[slot]! + result;
    this.#sentBytes[slot] = sentBytes;
    const generation = this.#slots.generation(slot);
    this.#driver.sent(slot, result);
    if (this.#states[slot] !== ACTIVE || this.#slots.generation(slot) !== generation) return;
    if (sentBytes === this.#payloadBytes) this.#payloadSent(slot);
    else this.#sendPayload(slot);
  }

  #payloadSent(slot: number): void {
    const errno = this.#halfClose ? shutDownWriting(this.#libc, this.#slots.files[slot]!) : 0;
    if (errno !== 0 && !this.#isRehearsing) this.#fail(slot, errno);
    else this.#receiveNext(slot);
  }

  #received(slot: number, result: number): void {
    if (result > 0) {
      const generation = this.#slots.generation(slot);
      this.#driver.received(slot, result);
      if (this.#states[slot] === ACTIVE && this.#slots.generation(slot) === generation) this.#receiveNext(slot);
    } else if (result === 0) {
      this.#states[slot] = ENDED;
      this.#driver.ended(slot);
    } else this.#fail(slot, -result);
  }

  dispose(): void {
    if (!this.#direct) for (const fd of this.#slots.files) if (fd >= 0) this.#libc.close(fd);
    this.#ring.dispose();
    // Buffers are not given back here: the kernel ends what is under way after the ring is closed, or with the thread.
    this.#libc.free(this.#payload);
  }
}
