/* eslint max-lines: ['error', 500] -- the states of a slot are changed all over it, and are read together */
import {
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_LINGER,
} from '../../kernel/constants.ts';
import { EAGAIN, ECONNREFUSED, ECONNRESET, EPIPE } from '../../kernel/errno.ts';
import {
  IOSQE_CQE_SKIP_SUCCESS,
  IOSQE_FIXED_FILE,
  IOSQE_IO_LINK,
  OP_BIND,
  OP_CONNECT,
  OP_RECV,
  OP_SEND,
  OP_SOCKET,
  OP_URING_CMD,
} from '../../kernel/io-uring.ts';
import { loadLibc, nativeCopy } from '../../kernel/libc.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { SOCKADDR_STRIDE } from '../../kernel/sockaddr.ts';
import { KERNEL_SOURCE } from '../seam/engine.ts';
import type { BodyPlaces, ClientDriver, ClientEngine, ClientEngineOptions } from '../seam/engine.ts';
import { OutgoingSockets } from '../sockets/outgoing-sockets.ts';
import { shutDownWriting } from '../sockets/shut-down.ts';
import { SelfConnections } from '../sockets/self-connections.ts';
import { SocketAddresses } from '../sockets/socket-addresses.ts';
import { ConnectErrors } from './connect-errors.ts';
import { registerDirectDescriptors } from './direct.ts';
import {
  fillErrorQuery,
  firstStage,
  GENERATION_MASK,
  STAGE_BITS,
  STAGE_MASK,
  prepareCancel,
  prepareClose,
  prepareOption,
  setAddress,
} from './entries.ts';
import { requireUring } from './support.ts';
import { RehearsedAnswers } from './rehearsed-answers.ts';
import { Ring } from './ring.ts';
import { NO_SLOT } from './acceptor.ts';
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
 * Starts that are handed over together, where as many are due at once. The kernel opens them one after the other while we
 * wait, so a smaller number would not open the last one sooner; it would cost more calls.
 */
const STARTS_PER_SUBMIT = 16;

/** What an entry is for. */
const STAGE_PREPARE = 0;
const STAGE_CONNECT = 1;
const STAGE_SEND = 2;
const STAGE_RECV = 3;
const STAGE_CANCEL = 4;
const STAGE_CLOSE = 5;
/** Says nothing that anybody waits for. */
const STAGE_OPTION = 6;

/** What is still under way when a link up to CONNECT has failed: nothing that was linked behind it will complete. */
const NOT_LINKED = (1 << STAGE_CANCEL) | (1 << STAGE_CLOSE);

/** What a slot is doing. */
const FREE = 0;
const OPENING = 1;
const ACTIVE = 2;
/** Told of its end or failure; waits for the driver's close. */
const ENDED = 3;
/** Closed by the driver, with entries in the kernel whose completions must come first. */
const CLOSING = 4;

const CHAINED = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;

/**
 * The client's side on io_uring. Where the kernel can (Linux 6.11), a connection lives on a direct descriptor: SOCKET,
 * SO_REUSEADDR and a chain of BIND, CONNECT and SEND are handed over together, RECV when the payload is gone, by when the
 * answer is often there, and CLOSE. Where it cannot, and for half-close (the ring's SHUTDOWN always goes to a kernel thread, at
 * 10 to 40 µs), the socket is prepared, shut down and closed through libc and only what is between goes through the ring.
 *
 * SOCKET and its option are not linked, for each link is a detour of its own in the kernel (0.2 µs): none of them ever has to
 * wait, so the kernel does them while it takes them, in their order (io_submit_sqes in io_uring/io_uring.c). BIND is linked to
 * CONNECT all the same: without its address, a connection must not be opened.
 */
export class UringClientEngine implements ClientEngine {
  readonly name = 'uring';
  readonly #libc: Libc;
  readonly #ring: Ring;
  readonly #direct: boolean;
  /** Whether the chain itself asks for SO_ERROR; else a call does. */
  readonly #isErrorLinked: boolean;
  readonly #fileFlag: number;
  readonly #sockets: OutgoingSockets;
  /** One address a slot: the kernel reads it when the entry is submitted, not when it is written. */
  readonly #addresses: NativeMemory;
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
  readonly #fds: Int32Array;
  readonly #states: Uint8Array;
  readonly #generations: Int32Array;
  /** Stages whose completion is still to come, one bit each. */
  readonly #pending: Uint8Array;
  readonly #sentBytes: Float64Array;
  /** 1 where a closed slot's 4-tuple can be used again at once. */
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
    this.#fileFlag = this.#direct ? IOSQE_FIXED_FILE : 0;
    this.#sockets = new OutgoingSockets(libc, new SocketAddresses(libc, target, sources), options);
    this.#addresses = libc.alloc(SOCKADDR_STRIDE * (sources.length > 0 ? capacity : 1));
    this.#payload = nativeCopy(libc, payload);
    this.#payloadBytes = payload.length;
    this.#sendsWhenAsked = options.sendsWhenAsked === true;
    this.#isLinked = !this.#sendsWhenAsked && payload.length > 0 && payload.length <= LINKED_PAYLOAD_BYTES;
    this.#halfClose = options.halfClose;
    this.#sink = libc.alloc(SINK_BYTES);
    this.#bodies = options.bodies;
    this.#errors = new ConnectErrors(libc, capacity);
    this.#fds = Int32Array.from({ length: capacity }, (_, slot) => (this.#direct ? slot : -1));
    this.#states = new Uint8Array(capacity);
    this.#generations = new Int32Array(capacity);
    this.#pending = new Uint8Array(capacity);
    this.#sentBytes = new Float64Array(capacity);
    this.#isFreeAtClose = new Uint8Array(capacity);
  }

  open(slot: number, source: number, port: number): number {
    this.#ring.reserve(CHAIN_ENTRIES);
    if (this.#direct) this.#prepareSocket(slot, source, port);
    else {
      const fd = this.#sockets.make(SOCK_STREAM | SOCK_CLOEXEC, source, port);
      if (fd < 0) return -fd;
      this.#fds[slot] = fd;
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
    const at = this.#prepare(OP_CONNECT, isLast ? 0 : CHAINED, slot, STAGE_CONNECT);
    setAddress(this.#ring.words, at, this.#sockets.addresses.target);
    this.#ring.words[at + 2] = this.#sockets.addresses.size;
    if (!this.#isLinked && this.#isErrorLinked) this.#prepareErrorQuery(slot);
  }

  #prepareErrorQuery(slot: number): void {
    const at = this.#prepare(OP_URING_CMD, 0, slot, STAGE_CONNECT);
    fillErrorQuery(this.#ring.words, at, this.#errors.addressOf(slot));
  }

  /** What comes before CONNECT. It says nothing on success; the first that fails ends the attempt. */
  #prepareSocket(slot: number, source: number, port: number): void {
    const ring = this.#ring;
    const { words } = ring;
    const sockets = this.#sockets;
    const { addresses } = sockets;
    const tag = this.#tag(slot, STAGE_PREPARE);
    const isBound = source !== KERNEL_SOURCE;
    const socket = ring.prepare(OP_SOCKET, isBound ? IOSQE_CQE_SKIP_SUCCESS : CHAINED, addresses.family, slot, tag);
    words[socket + 2] = SOCK_STREAM;
    words[socket + 11] = slot + 1;
    if (!isBound) return;
    const flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE;
    prepareOption(ring, flags, slot, slot, tag, sockets.optionLevel(port), sockets.optionName(port), sockets.one, 4);
    const { freebind } = sockets;
    if (freebind !== null) prepareOption(ring, flags, slot, slot, tag, freebind.level, freebind.name, sockets.one, 4);
    const offset = slot * SOCKADDR_STRIDE;
    addresses.copySource(source, port, this.#addresses.bytes, offset);
    const bind = ring.prepare(OP_BIND, CHAINED | IOSQE_FIXED_FILE, slot, slot, tag);
    setAddress(words, bind, this.#addresses.address + offset);
    words[bind + 2] = addresses.size;
  }

  /** An entry on the slot's connection whose completion is waited for. */
  #prepare(opcode: number, flags: number, slot: number, stage: number): number {
    this.#pending[slot]! |= 1 << stage;
    return this.#ring.prepare(opcode, flags | this.#fileFlag, this.#fds[slot]!, slot, this.#tag(slot, stage));
  }

  /** SEND of what is left of the payload. In the chain it must not wait: where it would have to, CONNECT was not true. */
  #prepareSend(slot: number): void {
    const { words } = this.#ring;
    const done = this.#sentBytes[slot]!;
    const at = this.#prepare(OP_SEND, 0, slot, STAGE_SEND);
    setAddress(words, at, this.#payload.address + done);
    words[at + 6] = Math.min(this.#payloadBytes - done, SEND_BYTES);
    const isInChain = this.#states[slot] === OPENING;
    // With MORE the last bytes leave in one segment with the FIN that follows.
    words[at + 7] = MSG_NOSIGNAL | (isInChain ? MSG_DONTWAIT : 0) | (this.#halfClose ? MSG_MORE : 0);
  }

  #prepareReceive(slot: number): void {
    const { words } = this.#ring;
    const at = this.#prepare(OP_RECV, 0, slot, STAGE_RECV);
    const room = this.#bodies === undefined ? 0 : this.#bodies.roomOf(slot);
    setAddress(words, at, room === 0 ? this.#sink.address : this.#bodies!.addressOf(slot));
    words[at + 6] = room === 0 ? SINK_BYTES : room;
    // The kernel drops the bytes without copying them (tcp(7)).
    words[at + 7] = room === 0 ? MSG_TRUNC : 0;
  }

  #receiveNext(slot: number): void {
    if ((this.#pending[slot]! & (1 << STAGE_RECV)) !== 0) return;
    this.#ring.reserve(1);
    this.#prepareReceive(slot);
  }

  close(slot: number, reset: boolean): void {
    // Whoever closes an established connection first keeps its 4-tuple in TIME_WAIT. Any other is free, but not before the
    // CLOSE is done.
    this.#isFreeAtClose[slot] = reset || this.#states[slot] !== ACTIVE ? 1 : 0;
    this.#states[slot] = CLOSING;
    if (reset) this.#resetOnClose(slot);
    if (this.#pending[slot] === 0) this.#finishClose(slot);
    else this.#cancel(slot);
  }

  #resetOnClose(slot: number): void {
    const file = this.#fds[slot]!;
    if (!this.#direct) {
      this.#sockets.resetOnClose(file);
      return;
    }
    this.#ring.reserve(1);
    // Not linked to the CLOSE: a link is followed later than the entries behind it, which may already be the next connection's.
    const flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE;
    const tag = this.#tag(slot, STAGE_OPTION);
    prepareOption(this.#ring, flags, file, slot, tag, SOL_SOCKET, SO_LINGER, this.#sockets.linger, 8);
  }

  /** Ends the first of what is under way for the slot; what is linked to it ends with it. */
  #cancel(slot: number): void {
    this.#ring.reserve(1);
    const target = firstStage(this.#pending[slot]!);
    this.#pending[slot]! |= 1 << STAGE_CANCEL;
    prepareCancel(this.#ring, slot, this.#tag(slot, target), this.#tag(slot, STAGE_CANCEL));
  }

  #finishClose(slot: number): void {
    if (!this.#direct) {
      this.#libc.close(this.#fds[slot]!);
      this.#fds[slot] = -1;
      this.#release(slot);
      return;
    }
    this.#ring.reserve(1);
    const isAwaited = this.#isFreeAtClose[slot] === 1;
    prepareClose(this.#ring, isAwaited ? 0 : IOSQE_CQE_SKIP_SUCCESS, slot, slot, this.#tag(slot, STAGE_CLOSE));
    if (isAwaited) this.#pending[slot] = 1 << STAGE_CLOSE;
    else this.#release(slot);
  }

  #tag(slot: number, stage: number): number {
    return (this.#generations[slot]! << STAGE_BITS) | stage;
  }

  #release(slot: number): void {
    this.#states[slot] = FREE;
    this.#generations[slot] = (this.#generations[slot]! + 1) & GENERATION_MASK;
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
      const count = ring.wait(driver);
      const words = ring.completionWords;
      for (let i = 0; i < count; i++) {
        const at = ring.completionAt(i);
        this.#handle(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
      }
      ring.consume(count);
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

  #handle(slot: number, tag: number, result: number, flags: number): void {
    if (tag >> STAGE_BITS !== this.#generations[slot]) {
      if (slot === NO_SLOT) this.#waker?.complete(flags);
      return;
    }
    const stage = tag & STAGE_MASK;
    if (stage === STAGE_OPTION) return;
    this.#settle(slot, stage, result);
    const state = this.#states[slot];
    if (state === CLOSING) this.#goOnClosing(slot, stage, result);
    else if (stage === STAGE_PREPARE) this.#fail(slot, -result);
    else if (stage === STAGE_CONNECT) this.#connected(slot, result < 0 ? -result : this.#connectError(slot));
    else if (stage === STAGE_SEND && state === OPENING) this.#firstSent(slot, result);
    else if (stage === STAGE_SEND && state === ACTIVE) this.#sent(slot, result);
    else if (stage === STAGE_RECV && state === ACTIVE) this.#received(slot, result);
  }

  /** Notes which completions no longer follow. */
  #settle(slot: number, stage: number, result: number): void {
    const hasFailedEarly = stage === STAGE_PREPARE || (stage === STAGE_CONNECT && result < 0);
    if (hasFailedEarly) this.#pending[slot]! &= NOT_LINKED;
    else if (stage === STAGE_SEND) this.#pending[slot]! &= ~((1 << STAGE_SEND) | (1 << STAGE_CONNECT));
    else this.#pending[slot]! &= ~(1 << stage);
  }

  #goOnClosing(slot: number, stage: number, result: number): void {
    const pending = this.#pending[slot]!;
    if (stage === STAGE_CLOSE) this.#release(slot);
    else if (pending === 0) this.#finishClose(slot);
    // Something else is under way, or it came too early for a link that only now is.
    else if ((pending & NOT_LINKED) === 0 && (stage !== STAGE_CANCEL || result < 0)) this.#cancel(slot);
  }

  #fail(slot: number, errno: number): void {
    this.#states[slot] = ENDED;
    this.#driver.failed(slot, errno);
  }

  /** Why a connect failed although its result is good; 0 if it did not. */
  #connectError(slot: number): number {
    return this.#isErrorLinked ? this.#errors.read(slot) : this.#errors.ask(slot, this.#fds[slot]!);
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
    if (this.#selves?.has(this.#fds[slot]!) === true) {
      this.#fail(slot, ECONNREFUSED);
      return false;
    }
    this.#states[slot] = ACTIVE;
    const generation = this.#generations[slot];
    this.#driver.connected(slot);
    if (this.#states[slot] !== ACTIVE || this.#generations[slot] !== generation) return false;
    if (errno !== 0) this.#fail(slot, errno);
    return errno === 0;
  }

  /** Sends and receives side by side, where the chain does not. */
  #exchange(slot: number): void {
    const generation = this.#generations[slot];
    if (!this.#sendsWhenAsked) this.#sendPayload(slot);
    if (this.#states[slot] === ACTIVE && this.#generations[slot] === generation) this.#receiveNext(slot);
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
    const generation = this.#generations[slot];
    this.#driver.sent(slot, result);
    if (this.#states[slot] !== ACTIVE || this.#generations[slot] !== generation) return;
    if (sentBytes === this.#payloadBytes) this.#payloadSent(slot);
    else this.#sendPayload(slot);
  }

  #payloadSent(slot: number): void {
    const errno = this.#halfClose ? shutDownWriting(this.#libc, this.#fds[slot]!) : 0;
    if (errno !== 0 && !this.#isRehearsing) this.#fail(slot, errno);
    else this.#receiveNext(slot);
  }

  #received(slot: number, result: number): void {
    if (result > 0) {
      const generation = this.#generations[slot];
      this.#driver.received(slot, result);
      if (this.#states[slot] === ACTIVE && this.#generations[slot] === generation) this.#receiveNext(slot);
    } else if (result === 0) {
      this.#states[slot] = ENDED;
      this.#driver.ended(slot);
    } else this.#fail(slot, -result);
  }

  dispose(): void {
    if (!this.#direct) for (const fd of this.#fds) if (fd >= 0) this.#libc.close(fd);
    this.#ring.dispose();
  }
}
