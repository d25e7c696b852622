/* eslint max-lines: ['error', 470] -- the states of a slot are changed all over it, and are read together */
import {
  IPPROTO_IP,
  IP_BIND_ADDRESS_NO_PORT,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  MSG_WAITALL,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_LINGER,
  SO_REUSEADDR,
} from '../../linux/constants.ts';
import { ECANCELED, ECONNRESET, EPIPE } from '../../linux/errno.ts';
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
  RECVSEND_POLL_FIRST,
} from '../../linux/io-uring.ts';
import { loadLibc, nativeCopy } from '../../linux/libc.ts';
import type { Libc, NativeMemory } from '../../linux/libc.ts';
import { SOCKADDR_STRIDE, familyNumber, sockaddrSize, writePort, writeSockaddr } from '../../linux/sockaddr.ts';
import { KERNEL_PORT, KERNEL_SOURCE, STOP } from '../engine.ts';
import type { BodyPlaces, ClientDriver, ClientEngine, ClientEngineOptions } from '../engine.ts';
import { shutDownWriting } from '../shut-down.ts';
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
import { probeUring } from './probe.ts';
import { Ring } from './ring.ts';
import { NO_SLOT } from './acceptor.ts';
import { Waker } from './waker.ts';

const SINK_BYTES = 256 * 1024;
const RING_ENTRIES = 4096;
const RING_COMPLETIONS = 16384;
/**
 * The largest payload whose SEND has the first RECV linked to it. It fits the buffers of a fresh connection; with a larger
 * one, a peer that answers before it has read all would wait for us to read, and we for it.
 */
const LINKED_PAYLOAD_BYTES = 16 * 1024;
/** Most that one SEND takes of a larger payload: progress is seen in steps of this. */
const SEND_BYTES = 256 * 1024;
/** The longest chain of entries for one connection. */
const CHAIN_ENTRIES = 7;
/**
 * Starts that are handed over together. A start is counted when its entries are written, so more of them would sit waiting
 * behind each other and look like latency of the target; fewer cost a call each.
 */
const STARTS_PER_SUBMIT = 4;

/** What an entry is for. */
const STAGE_PREPARE = 0;
const STAGE_CONNECT = 1;
const STAGE_SEND = 2;
const STAGE_RECV = 3;
const STAGE_CANCEL = 4;
const STAGE_CLOSE = 5;

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
 * The client's side on io_uring. Where the kernel can (Linux 6.11), a connection is one linked chain on a direct descriptor:
 * SOCKET, SO_REUSEADDR, BIND, CONNECT, SO_ERROR, SEND, RECV, and a CLOSE of its own. Where it cannot, and for half-close
 * (the ring's SHUTDOWN always goes to a kernel thread, at 10 to 40 µs), the socket is prepared, shut down and closed through
 * libc and only what is between goes through the ring.
 */
export class UringClientEngine implements ClientEngine {
  readonly name = 'uring';
  readonly #libc: Libc;
  readonly #ring: Ring;
  readonly #direct: boolean;
  /** Whether the chain itself asks for SO_ERROR; else a call does. */
  readonly #isErrorLinked: boolean;
  readonly #fileFlag: number;
  readonly #socketFamily: number;
  readonly #sockaddrSize: number;
  readonly #target: NativeMemory;
  readonly #sources: NativeMemory;
  /** One address a slot: the kernel reads it when the entry is submitted, not when it is written. */
  readonly #addresses: NativeMemory;
  readonly #payload: NativeMemory;
  readonly #payloadBytes: number;
  readonly #isLinked: boolean;
  readonly #halfClose: boolean;
  readonly #sendsWhenAsked: boolean;
  readonly #sink: NativeMemory;
  readonly #bodies: BodyPlaces | undefined;
  /** int 1 at 0, struct linger {1, 0} at 4. */
  readonly #options: NativeMemory;
  readonly #errors: ConnectErrors;
  readonly #fds: Int32Array;
  readonly #states: Uint8Array;
  readonly #generations: Int32Array;
  /** Stages whose completion is still to come, one bit each. */
  readonly #pending: Uint8Array;
  readonly #sentBytes: Float64Array;
  #driver!: ClientDriver;
  #unsubmittedStarts = 0;
  #waker: Waker | undefined;

  constructor(options: ClientEngineOptions) {
    const libc = loadLibc();
    const { target, sources, payload, capacity } = options;
    const { direct } = probeUring();
    this.#libc = libc;
    this.#ring = new Ring({ libc, clock: options.clock, entries: RING_ENTRIES, completions: RING_COMPLETIONS });
    this.#direct = direct && !options.halfClose && registerDirectDescriptors(libc, this.#ring, capacity);
    this.#isErrorLinked = direct;
    this.#fileFlag = this.#direct ? IOSQE_FIXED_FILE : 0;
    this.#socketFamily = familyNumber(target.family);
    this.#sockaddrSize = sockaddrSize(target.family);
    this.#target = libc.alloc(SOCKADDR_STRIDE);
    writeSockaddr(this.#target.bytes, 0, target.family, target.address, target.port);
    this.#sources = libc.alloc(SOCKADDR_STRIDE * Math.max(1, sources.length));
    for (const [index, address] of sources.entries()) {
      writeSockaddr(this.#sources.bytes, index * SOCKADDR_STRIDE, target.family, address, 0);
    }
    this.#addresses = libc.alloc(SOCKADDR_STRIDE * (sources.length > 0 ? capacity : 1));
    this.#payload = nativeCopy(libc, payload);
    this.#payloadBytes = payload.length;
    this.#sendsWhenAsked = options.sendsWhenAsked === true;
    this.#isLinked = !this.#sendsWhenAsked && payload.length > 0 && payload.length <= LINKED_PAYLOAD_BYTES;
    this.#halfClose = options.halfClose;
    this.#sink = libc.alloc(SINK_BYTES);
    this.#bodies = options.bodies;
    this.#options = libc.alloc(16);
    new Int32Array(this.#options.bytes.buffer, 0, 2).fill(1);
    this.#errors = new ConnectErrors(libc, capacity);
    this.#fds = Int32Array.from({ length: capacity }, (_, slot) => (this.#direct ? slot : -1));
    this.#states = new Uint8Array(capacity);
    this.#generations = new Int32Array(capacity);
    this.#pending = new Uint8Array(capacity);
    this.#sentBytes = new Float64Array(capacity);
  }

  open(slot: number, source: number, port: number): number {
    this.#ring.reserve(CHAIN_ENTRIES);
    if (this.#direct) this.#prepareSocket(slot, source, port);
    else {
      const errno = this.#makeSocket(slot, source, port);
      if (errno !== 0) return errno;
    }
    this.#states[slot] = OPENING;
    this.#sentBytes[slot] = 0;
    this.#prepareConnect(slot);
    if (this.#isLinked) {
      this.#prepareSend(slot, IOSQE_IO_LINK);
      this.#prepareReceive(slot, RECVSEND_POLL_FIRST);
    }
    if (++this.#unsubmittedStarts >= STARTS_PER_SUBMIT) {
      this.#unsubmittedStarts = 0;
      this.#ring.submit();
    }
    return 0;
  }

  /** CONNECT, and the question whether it is true (see `ConnectErrors`): one completion for both. */
  #prepareConnect(slot: number): void {
    const link = this.#isLinked ? IOSQE_IO_LINK : 0;
    const at = this.#prepare(OP_CONNECT, this.#isErrorLinked ? CHAINED : link, slot, STAGE_CONNECT);
    setAddress(this.#ring.words, at, this.#target.address);
    this.#ring.words[at + 2] = this.#sockaddrSize;
    if (!this.#isErrorLinked) return;
    const query = this.#prepare(OP_URING_CMD, link, slot, STAGE_CONNECT);
    fillErrorQuery(this.#ring.words, query, this.#errors.addressOf(slot));
  }

  /** The links before CONNECT. They say nothing on success; a failure of theirs is the only completion the chain gives. */
  #prepareSocket(slot: number, source: number, port: number): void {
    const { words } = this.#ring;
    const tag = this.#tag(slot, STAGE_PREPARE);
    const socket = this.#ring.prepare(OP_SOCKET, CHAINED, this.#socketFamily, slot, tag);
    words[socket + 2] = SOCK_STREAM;
    words[socket + 11] = slot + 1;
    if (source === KERNEL_SOURCE) return;
    const isKernelPort = port === KERNEL_PORT;
    prepareOption(
      this.#ring,
      CHAINED | IOSQE_FIXED_FILE,
      slot,
      slot,
      tag,
      isKernelPort ? IPPROTO_IP : SOL_SOCKET,
      isKernelPort ? IP_BIND_ADDRESS_NO_PORT : SO_REUSEADDR,
      this.#options.address,
      4,
    );
    const offset = slot * SOCKADDR_STRIDE;
    const from = source * SOCKADDR_STRIDE;
    const { bytes } = this.#sources;
    for (let i = 0; i < this.#sockaddrSize; i++) this.#addresses.bytes[offset + i] = bytes[from + i]!;
    writePort(this.#addresses.bytes, offset, port);
    const bind = this.#ring.prepare(OP_BIND, CHAINED | IOSQE_FIXED_FILE, slot, slot, tag);
    setAddress(words, bind, this.#addresses.address + offset);
    words[bind + 2] = this.#sockaddrSize;
  }

  /** Socket and bind through libc. 0 or the errno. */
  #makeSocket(slot: number, source: number, port: number): number {
    const libc = this.#libc;
    const fd = libc.socket(this.#socketFamily, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return libc.errno();
    if (source !== KERNEL_SOURCE) {
      const option = this.#options.address;
      if (port === KERNEL_PORT) libc.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, option, 4);
      else libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, option, 4);
      const offset = source * SOCKADDR_STRIDE;
      writePort(this.#sources.bytes, offset, port);
      if (libc.bind(fd, this.#sources.address + offset, this.#sockaddrSize) < 0) {
        const errno = libc.errno();
        libc.close(fd);
        return errno;
      }
    }
    this.#fds[slot] = fd;
    return 0;
  }

  /** An entry on the slot's connection whose completion is waited for. */
  #prepare(opcode: number, flags: number, slot: number, stage: number): number {
    this.#pending[slot]! |= 1 << stage;
    return this.#ring.prepare(opcode, flags | this.#fileFlag, this.#fds[slot]!, slot, this.#tag(slot, stage));
  }

  /** SEND of what is left of the payload. */
  #prepareSend(slot: number, flags: number): void {
    const { words } = this.#ring;
    const done = this.#sentBytes[slot]!;
    const at = this.#prepare(OP_SEND, flags, slot, STAGE_SEND);
    setAddress(words, at, this.#payload.address + done);
    words[at + 6] = Math.min(this.#payloadBytes - done, SEND_BYTES);
    // WAITALL keeps the link over a short send. With MORE the last bytes leave in one segment with the FIN that follows.
    words[at + 7] = MSG_NOSIGNAL | (this.#isLinked ? MSG_WAITALL : 0) | (this.#halfClose ? MSG_MORE : 0);
  }

  #prepareReceive(slot: number, ioprio: number): void {
    const { words } = this.#ring;
    const at = this.#prepare(OP_RECV, 0, slot, STAGE_RECV);
    words[at]! |= ioprio << 16;
    const bodies = this.#bodies;
    setAddress(words, at, bodies === undefined ? this.#sink.address : bodies.addressOf(slot));
    words[at + 6] = bodies === undefined ? SINK_BYTES : bodies.roomOf(slot);
    // The kernel drops the bytes without copying them (tcp(7)).
    words[at + 7] = bodies === undefined ? MSG_TRUNC : 0;
  }

  close(slot: number, reset: boolean): void {
    this.#states[slot] = CLOSING;
    if (reset) this.#resetOnClose(slot);
    if (this.#pending[slot] === 0) this.#finishClose(slot);
    else this.#cancel(slot);
  }

  #resetOnClose(slot: number): void {
    const file = this.#fds[slot]!;
    const linger = this.#options.address + 4;
    if (!this.#direct) {
      this.#libc.setsockopt(file, SOL_SOCKET, SO_LINGER, linger, 8);
      return;
    }
    this.#ring.reserve(1);
    // Not linked to the CLOSE: a link is followed later than the entries behind it, which may already be the next connection's.
    const flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE;
    prepareOption(this.#ring, flags, file, slot, this.#tag(slot, STAGE_CLOSE), SOL_SOCKET, SO_LINGER, linger, 8);
  }

  /** Ends the first of what is under way for the slot; what is linked to it ends with it. */
  #cancel(slot: number): void {
    this.#ring.reserve(1);
    const target = firstStage(this.#pending[slot]!);
    this.#pending[slot]! |= 1 << STAGE_CANCEL;
    prepareCancel(this.#ring, slot, this.#tag(slot, target), this.#tag(slot, STAGE_CANCEL));
  }

  #finishClose(slot: number): void {
    if (this.#direct) {
      this.#ring.reserve(1);
      prepareClose(this.#ring, slot, slot, this.#tag(slot, STAGE_CLOSE));
    } else {
      this.#libc.close(this.#fds[slot]!);
      this.#fds[slot] = -1;
    }
    this.#release(slot);
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
    for (;;) {
      const deadlineNs = driver.step();
      if (deadlineNs === STOP) break;
      this.#unsubmittedStarts = 0;
      const count = ring.wait(deadlineNs);
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

  #handle(slot: number, tag: number, result: number, flags: number): void {
    if (tag >> STAGE_BITS !== this.#generations[slot]) {
      if (slot === NO_SLOT) this.#waker?.complete(flags);
      return;
    }
    const stage = tag & STAGE_MASK;
    const state = this.#states[slot];
    // Where a link up to CONNECT failed, nothing that was linked behind it will complete.
    if (stage === STAGE_PREPARE || (this.#isErrorLinked && stage === STAGE_CONNECT && result < 0)) {
      this.#pending[slot]! &= 1 << STAGE_CANCEL;
    } else this.#pending[slot]! &= ~(1 << stage);
    if (state === CLOSING) {
      if (this.#pending[slot] === 0) this.#finishClose(slot);
      // Something else is under way, or it came too early for a link that only now is.
      else if ((this.#pending[slot]! & (1 << STAGE_CANCEL)) === 0 && (stage !== STAGE_CANCEL || result < 0)) {
        this.#cancel(slot);
      }
    } else if (stage === STAGE_PREPARE) this.#fail(slot, -result);
    else if (stage === STAGE_CONNECT) this.#connected(slot, result);
    else if (state === ACTIVE && stage === STAGE_SEND) this.#sent(slot, result);
    else if (state === ACTIVE && stage === STAGE_RECV) this.#received(slot, result);
  }

  #fail(slot: number, errno: number): void {
    this.#states[slot] = ENDED;
    this.#driver.failed(slot, errno);
  }

  /** Why a connect failed although its result is good; 0 if it did not. */
  #connectError(slot: number): number {
    return this.#isErrorLinked ? this.#errors.read(slot) : this.#errors.ask(slot, this.#fds[slot]!);
  }

  #connected(slot: number, result: number): void {
    const errno = result < 0 ? -result : this.#connectError(slot);
    // A reset before the handshake was over would read ECONNREFUSED.
    if (errno !== 0 && errno !== ECONNRESET && errno !== EPIPE) {
      this.#fail(slot, errno);
      return;
    }
    this.#states[slot] = ACTIVE;
    const generation = this.#generations[slot];
    this.#driver.connected(slot);
    if (!this.#isActive(slot) || this.#generations[slot] !== generation) return;
    if (errno !== 0) this.#fail(slot, errno);
    else if (!this.#isLinked) this.#exchange(slot);
  }

  /** Sends and receives side by side, where the chain does not. */
  #exchange(slot: number): void {
    this.#ring.reserve(2);
    if (!this.#sendsWhenAsked) this.#sendPayload(slot);
    if (this.#isActive(slot)) this.#prepareReceive(slot, RECVSEND_POLL_FIRST);
  }

  startSending(slot: number): void {
    this.#ring.reserve(1);
    this.#sendPayload(slot);
  }

  #sendPayload(slot: number): void {
    if (this.#payloadBytes > 0) this.#prepareSend(slot, 0);
    else this.#payloadSent(slot);
  }

  /** Asked after each call of the driver, which may have closed the slot. */
  #isActive(slot: number): boolean {
    return this.#states[slot] === ACTIVE;
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
    if (sentBytes === this.#payloadBytes) {
      this.#payloadSent(slot);
      return;
    }
    // Where the receive was linked to this send, it is cancelled now, and armed again when it says so.
    this.#ring.reserve(1);
    this.#prepareSend(slot, 0);
  }

  #payloadSent(slot: number): void {
    const errno = this.#halfClose ? shutDownWriting(this.#libc, this.#fds[slot]!) : 0;
    if (errno !== 0) this.#fail(slot, errno);
  }

  #received(slot: number, result: number): void {
    if (result > 0) {
      const generation = this.#generations[slot];
      this.#driver.received(slot, result);
      if (this.#states[slot] !== ACTIVE || this.#generations[slot] !== generation) return;
      this.#ring.reserve(1);
      this.#prepareReceive(slot, 0);
    } else if (result === 0) {
      this.#states[slot] = ENDED;
      this.#driver.ended(slot);
    } else if (result === -ECANCELED) {
      this.#ring.reserve(1);
      this.#prepareReceive(slot, 0);
    } else this.#fail(slot, -result);
  }

  dispose(): void {
    if (!this.#direct) for (const fd of this.#fds) if (fd >= 0) this.#libc.close(fd);
    this.#ring.dispose();
  }
}
