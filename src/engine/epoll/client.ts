import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ERROR,
} from '../../kernel/constants.ts';
import { EAGAIN, ECONNREFUSED, ECONNRESET, EINPROGRESS, EINTR, EPIPE } from '../../kernel/errno.ts';
import { loadLibc, nativeCopy } from '../../kernel/libc.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { closeFailed } from '../sockets/close-failed.ts';
import { AT_ONCE } from '../seam/engine.ts';
import type { BodyPlaces, ClientDriver, ClientEngine, ClientEngineOptions } from '../seam/engine.ts';
import { OutgoingSockets } from '../sockets/outgoing-sockets.ts';
import { ResetOnClose } from '../sockets/reset-on-close.ts';
import { shutDownWriting } from '../sockets/shut-down.ts';
import { SelfConnections } from '../sockets/self-connections.ts';
import { SocketAddresses } from '../sockets/socket-addresses.ts';
import { EpollSet } from './epoll-set.ts';
import { Forecast } from './forecast.ts';
import { Unwatched } from './unwatched.ts';

const SINK_BYTES = 256 * 1024;
/** After a receive of this many bytes more is on its way: for both ends another receive costs less than a wake-up. */
const STREAM_BYTES = 32 * 1024;
const READABLE = EPOLLIN | EPOLLRDHUP | EPOLLET;
const INTEREST = READABLE | EPOLLOUT;

/** In place of a slot: the descriptor that other threads write to. Its events only have to end the wait. */
const WAKER = -1;

/** What a slot is doing. */
const FREE = 0;
const CONNECTING = 1;
const SENDING = 2;
/** The payload is with the kernel, and the writing side shut down if so configured; or it is not to be sent yet. */
const RECEIVING = 3;

/**
 * The client's side on epoll(7), edge-triggered: at most one registration a connection, each call straight into libc. Needs a thread
 * of its own, since it sleeps in the kernel.
 */
export class EpollClientEngine implements ClientEngine {
  readonly name = 'epoll';
  readonly #libc: Libc;
  readonly #epoll: EpollSet;
  readonly #sockets: OutgoingSockets;
  readonly #reset: ResetOnClose;
  readonly #payload: NativeMemory;
  readonly #payloadBytes: number;
  readonly #halfClose: boolean;
  readonly #sendsWhenAsked: boolean;
  readonly #sendFlags: number;
  readonly #sink: NativeMemory;
  readonly #bodies: BodyPlaces | undefined;
  /** Room for getsockopt: an error, and the size of it. */
  readonly #error: NativeMemory;
  readonly #errorWords: Int32Array;
  readonly #fds: Int32Array;
  readonly #states: Uint8Array;
  readonly #generations: Int32Array;
  readonly #sentBytes: Float64Array;
  /** 1 once the peer's FIN or a failed receive was reported: what is received after it says nothing new. */
  readonly #ended: Uint8Array;
  /**
   * Whether a connection is established when connect returns, as on loopback and on the shortest of wires. Its payload then
   * goes out in one piece: the peer is woken once instead of twice, and there is one event less to wait for.
   */
  readonly #atConnect = new Forecast();
  /** Whether the answer is there by when all that is due has been started. Then a registration and an event are spared. */
  readonly #atOnce = new Forecast();
  readonly #unwatched: Unwatched;
  /** Undefined: no connection can be one to itself. */
  readonly #selves: SelfConnections | undefined;
  #driver!: ClientDriver;

  constructor(options: ClientEngineOptions) {
    const libc = loadLibc();
    const { target, sources, payload, capacity } = options;
    this.#libc = libc;
    this.#epoll = new EpollSet(libc, options.clock);
    this.#reset = new ResetOnClose(libc);
    this.#sockets = new OutgoingSockets(libc, new SocketAddresses(libc, target, sources), options);
    this.#payload = nativeCopy(libc, payload);
    this.#payloadBytes = payload.length;
    this.#halfClose = options.halfClose;
    this.#sendsWhenAsked = options.sendsWhenAsked === true;
    // With MSG_MORE the last bytes leave in one segment with the FIN that follows.
    this.#sendFlags = options.halfClose ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    this.#sink = libc.alloc(SINK_BYTES);
    this.#bodies = options.bodies;
    this.#error = libc.alloc(8);
    this.#errorWords = new Int32Array(this.#error.bytes.buffer, 0, 2);
    this.#fds = new Int32Array(capacity).fill(-1);
    this.#unwatched = new Unwatched(capacity);
    this.#selves = options.mayMeetItself === true ? new SelfConnections(libc) : undefined;
    this.#states = new Uint8Array(capacity);
    this.#generations = new Int32Array(capacity);
    this.#sentBytes = new Float64Array(capacity);
    this.#ended = new Uint8Array(capacity);
  }

  open(slot: number, source: number, port: number): number {
    const { addresses } = this.#sockets;
    const fd = this.#sockets.make(SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, source, port);
    if (fd < 0) return -fd;
    if (this.#libc.connect(fd, addresses.target, addresses.size) < 0 && this.#libc.errno() !== EINPROGRESS) {
      return closeFailed(this.#libc, fd);
    }
    this.#fds[slot] = fd;
    this.#states[slot] = CONNECTING;
    this.#sentBytes[slot] = 0;
    this.#ended[slot] = 0;
    if (this.#payloadBytes > 0 && !this.#sendsWhenAsked && this.#atConnect.isWorthATry()) {
      return this.#openAndSend(slot, fd);
    }
    return this.#register(slot, INTEREST) < 0 ? this.#giveUp(slot) : 0;
  }

  /** Sends before the first event. Returns what `open` does. */
  #openAndSend(slot: number, fd: number): number {
    const sent = this.#libc.send(fd, this.#payload.address, this.#payloadBytes, this.#sendFlags);
    if (sent < 0) return this.#openUnsent(slot, this.#libc.errno());
    if (this.#selves?.has(fd) === true) {
      this.#driver.failed(slot, ECONNREFUSED);
      return 0;
    }
    this.#atConnect.learn(true);
    const generation = this.#generations[slot]!;
    const isAllSent = sent === this.#payloadBytes;
    const shutDownErrno = isAllSent && this.#halfClose ? shutDownWriting(this.#libc, fd) : 0;
    const isEarly =
      isAllSent && shutDownErrno === 0 && this.#atOnce.isWorthATry() && this.#unwatched.add(slot, generation);
    if (!isEarly && shutDownErrno === 0 && this.#register(slot, isAllSent ? READABLE : INTEREST) < 0) {
      return this.#giveUp(slot);
    }
    this.#states[slot] = isAllSent ? RECEIVING : SENDING;
    this.#sentBytes[slot] = sent;
    this.#driver.connected(slot);
    if (this.#generations[slot] === generation) this.#driver.sent(slot, sent);
    if (shutDownErrno !== 0 && this.#generations[slot] === generation) this.#driver.failed(slot, shutDownErrno);
    return 0;
  }

  /** Handles a first send that found no connection yet, or none any more. Returns what `open` returns. */
  #openUnsent(slot: number, errno: number): number {
    if (errno === EAGAIN) {
      this.#atConnect.learn(false);
      return this.#register(slot, INTEREST) < 0 ? this.#giveUp(slot) : 0;
    }
    // A reset before the handshake was over would read ECONNREFUSED.
    const generation = this.#generations[slot];
    if (errno === ECONNRESET || errno === EPIPE) this.#driver.connected(slot);
    if (this.#generations[slot] === generation) this.#driver.failed(slot, errno);
    return 0;
  }

  /** 0, or -1 with the reason in errno. */
  #register(slot: number, events: number): number {
    return this.#epoll.add(this.#fds[slot]!, events, slot, this.#generations[slot]!);
  }

  /** Takes back what `open` has begun, after a call has failed; returns its errno. */
  #giveUp(slot: number): number {
    const errno = closeFailed(this.#libc, this.#fds[slot]!);
    this.#fds[slot] = -1;
    this.#states[slot] = FREE;
    return errno;
  }

  close(slot: number, reset: boolean): void {
    const fd = this.#fds[slot]!;
    if (reset) this.#reset.set(fd);
    this.#libc.close(fd);
    this.#fds[slot] = -1;
    this.#states[slot] = FREE;
    // Events of the old connection that are already harvested carry the old generation.
    this.#generations[slot] = (this.#generations[slot]! + 1) | 0;
    this.#driver.released(slot);
  }

  watch(fd: number): void {
    // Edge-triggered, each write is an event; the count of an eventfd need never be read.
    this.#epoll.add(fd, EPOLLIN | EPOLLET, WAKER, 0);
  }

  run(driver: ClientDriver): void {
    this.#driver = driver;
    const epoll = this.#epoll;
    while (driver.step()) {
      // What came early has made room: the next step is due, events or not.
      const count = epoll.wait(this.#receiveEarly() ? AT_ONCE : driver);
      for (let i = 0; i < count; i++) {
        const slot = epoll.slotAt(i);
        if (epoll.generationAt(i) === this.#generations[slot]) this.#handle(slot, epoll.eventsAt(i));
      }
    }
  }

  /** Looks for answers that came before their slot was registered, and registers those that did not. Whether any did. */
  #receiveEarly(): boolean {
    const unwatched = this.#unwatched;
    let cameAny = false;
    for (let i = 0; i < unwatched.count; i++) {
      const slot = unwatched.slotAt(i);
      const generation = unwatched.generationAt(i);
      if (this.#generations[slot] !== generation) continue;
      // Nothing has announced a FIN: as after an error, only another receive tells.
      this.#receive(slot, EPOLLERR, generation);
      const came = this.#generations[slot] !== generation;
      this.#atOnce.learn(came);
      if (came) cameAny = true;
      // Edge-triggered, the registration itself reports what has come by then (epoll(7)).
      else if (this.#register(slot, READABLE) < 0) this.#driver.failed(slot, this.#libc.errno());
    }
    unwatched.clear();
    return cameAny;
  }

  #handle(slot: number, events: number): void {
    const generation = this.#generations[slot]!;
    if (this.#states[slot] === CONNECTING) {
      const errno = (events & (EPOLLERR | EPOLLHUP)) === 0 ? 0 : this.#pendingError(slot);
      if (errno !== 0 && errno !== ECONNRESET) {
        this.#driver.failed(slot, errno);
        return;
      }
      if (this.#selves?.has(this.#fds[slot]!) === true) {
        this.#driver.failed(slot, ECONNREFUSED);
        return;
      }
      this.#states[slot] = this.#sendsWhenAsked ? RECEIVING : SENDING;
      this.#driver.connected(slot);
      if (this.#generations[slot] !== generation) return;
      // A reset before the handshake was over would read ECONNREFUSED.
      if (errno !== 0) {
        this.#driver.failed(slot, errno);
        return;
      }
    }
    if (this.#states[slot] === SENDING && (events & (EPOLLOUT | EPOLLERR)) !== 0) {
      this.#send(slot);
      if (this.#generations[slot] !== generation) return;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) !== 0) this.#receive(slot, events, generation);
  }

  #pendingError(slot: number): number {
    const words = this.#errorWords;
    words[0] = 0;
    words[1] = 4;
    const { address } = this.#error;
    this.#libc.getsockopt(this.#fds[slot]!, SOL_SOCKET, SO_ERROR, address, address + 4);
    // A hang-up without an error is a reset whose error was read already.
    return words[0] === 0 ? ECONNRESET : words[0];
  }

  startSending(slot: number): void {
    this.#states[slot] = SENDING;
    this.#send(slot);
  }

  #send(slot: number): void {
    const fd = this.#fds[slot]!;
    const generation = this.#generations[slot];
    const total = this.#payloadBytes;
    let done = this.#sentBytes[slot]!;
    while (done < total) {
      const sent = this.#libc.send(fd, this.#payload.address + done, total - done, this.#sendFlags);
      if (sent < 0) {
        const errno = this.#libc.errno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) this.#driver.failed(slot, errno);
        return;
      }
      done += sent;
      this.#sentBytes[slot] = done;
      this.#driver.sent(slot, sent);
      if (this.#generations[slot] !== generation) return;
    }
    this.#states[slot] = RECEIVING;
    const errno = this.#halfClose ? shutDownWriting(this.#libc, fd) : 0;
    if (errno !== 0) this.#driver.failed(slot, errno);
  }

  #receive(slot: number, events: number, generation: number): void {
    const fd = this.#fds[slot]!;
    const bodies = this.#bodies;
    for (;;) {
      const wanted = bodies === undefined ? 0 : bodies.roomOf(slot);
      const address = wanted === 0 ? this.#sink.address : bodies!.addressOf(slot);
      const room = wanted === 0 ? SINK_BYTES : wanted;
      // MSG_TRUNC lets the kernel drop the bytes without copying them (tcp(7)).
      const received = this.#libc.recv(fd, address, room, wanted === 0 ? MSG_TRUNC : 0);
      if (received < 0) {
        const errno = this.#libc.errno();
        if (errno === EINTR) continue;
        if (errno === EAGAIN) return;
        this.#ended[slot] = 1;
        this.#driver.failed(slot, errno);
        return;
      }
      if (received > 0) {
        this.#driver.received(slot, received);
        if (this.#generations[slot] !== generation) return;
        if (received >= STREAM_BYTES || received === room || (events & EPOLLERR) !== 0) continue;
        // The queue is empty. Where the FIN had come before, nothing can follow: one call saved.
        if ((events & EPOLLRDHUP) === 0) return;
      }
      if (this.#ended[slot] === 1) return;
      this.#ended[slot] = 1;
      this.#driver.ended(slot);
      return;
    }
  }

  dispose(): void {
    for (const fd of this.#fds) if (fd >= 0) this.#libc.close(fd);
    this.#epoll.dispose();
    this.#libc.free(this.#payload);
    this.#libc.free(this.#sink);
  }
}
