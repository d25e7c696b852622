import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  IPPROTO_IP,
  IP_BIND_ADDRESS_NO_PORT,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ERROR,
  SO_LINGER,
  SO_REUSEADDR,
} from '../../linux/constants.ts';
import { EAGAIN, ECONNRESET, EINPROGRESS, EINTR, EPIPE } from '../../linux/errno.ts';
import { loadLibc, nativeCopy } from '../../linux/libc.ts';
import type { Libc, NativeMemory } from '../../linux/libc.ts';
import { SOCKADDR_STRIDE, familyNumber, sockaddrSize, writePort, writeSockaddr } from '../../linux/sockaddr.ts';
import { KERNEL_PORT, KERNEL_SOURCE, STOP } from '../engine.ts';
import type { BodyPlaces, ClientDriver, ClientEngine, ClientEngineOptions } from '../engine.ts';
import { shutDownWriting } from '../shut-down.ts';
import { EpollSet } from './epoll-set.ts';
import { Forecast } from './forecast.ts';

const SINK_BYTES = 256 * 1024;
const READABLE = EPOLLIN | EPOLLRDHUP | EPOLLET;
const INTEREST = READABLE | EPOLLOUT;

/** In the place of a slot: what other threads write to. Its events need only end the wait. */
const WAKER = -1;

/** What a slot is doing. */
const FREE = 0;
const CONNECTING = 1;
const SENDING = 2;
/** The payload is with the kernel, and the writing side shut down if so configured; or it is not to be sent yet. */
const RECEIVING = 3;

/**
 * The client's side on epoll(7), edge-triggered: one registration a connection, each call straight into libc. Needs a thread
 * of its own, since it sleeps in the kernel.
 */
export class EpollClientEngine implements ClientEngine {
  readonly name = 'epoll';
  readonly #libc: Libc;
  readonly #epoll: EpollSet;
  readonly #socketFamily: number;
  readonly #sockaddrSize: number;
  readonly #target: NativeMemory;
  readonly #sources: NativeMemory;
  readonly #payload: NativeMemory;
  readonly #payloadBytes: number;
  readonly #halfClose: boolean;
  readonly #sendsWhenAsked: boolean;
  readonly #sendFlags: number;
  readonly #sink: NativeMemory;
  readonly #bodies: BodyPlaces | undefined;
  /** int 1, struct linger {1, 0} and room for getsockopt: value at 0, linger at 4, error at 12, its size at 16. */
  readonly #options: NativeMemory;
  readonly #optionWords: Int32Array;
  readonly #fds: Int32Array;
  readonly #states: Uint8Array;
  readonly #generations: Int32Array;
  readonly #sentBytes: Float64Array;
  /** 1 once the peer's FIN was reported. */
  readonly #ended: Uint8Array;
  /**
   * Whether a connection is established when connect returns, as on loopback and on the shortest of wires. Its payload then
   * goes out at once: the peer is woken once instead of twice, and there is one event less to wait for.
   */
  readonly #forecast = new Forecast();
  #driver!: ClientDriver;

  constructor(options: ClientEngineOptions) {
    const libc = loadLibc();
    const { target, sources, payload, capacity } = options;
    this.#libc = libc;
    this.#epoll = new EpollSet(libc, options.clock);
    this.#socketFamily = familyNumber(target.family);
    this.#sockaddrSize = sockaddrSize(target.family);
    this.#target = libc.alloc(SOCKADDR_STRIDE);
    writeSockaddr(this.#target.bytes, 0, target.family, target.address, target.port);
    this.#sources = libc.alloc(SOCKADDR_STRIDE * Math.max(1, sources.length));
    for (const [index, address] of sources.entries()) {
      writeSockaddr(this.#sources.bytes, index * SOCKADDR_STRIDE, target.family, address, 0);
    }
    this.#payload = nativeCopy(libc, payload);
    this.#payloadBytes = payload.length;
    this.#halfClose = options.halfClose;
    this.#sendsWhenAsked = options.sendsWhenAsked === true;
    // With MSG_MORE the last bytes leave in one segment with the FIN that follows.
    this.#sendFlags = options.halfClose ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    this.#sink = libc.alloc(SINK_BYTES);
    this.#bodies = options.bodies;
    this.#options = libc.alloc(32);
    this.#optionWords = new Int32Array(this.#options.bytes.buffer, 0, 8);
    this.#optionWords[0] = 1;
    this.#optionWords[1] = 1;
    this.#fds = new Int32Array(capacity).fill(-1);
    this.#states = new Uint8Array(capacity);
    this.#generations = new Int32Array(capacity);
    this.#sentBytes = new Float64Array(capacity);
    this.#ended = new Uint8Array(capacity);
  }

  open(slot: number, source: number, port: number): number {
    const libc = this.#libc;
    const fd = libc.socket(this.#socketFamily, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return libc.errno();
    if (source !== KERNEL_SOURCE) {
      const option = this.#options.address;
      if (port === KERNEL_PORT) libc.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, option, 4);
      // Without it a port that is in TIME_WAIT from an earlier connection cannot be bound.
      else libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, option, 4);
      const offset = source * SOCKADDR_STRIDE;
      writePort(this.#sources.bytes, offset, port);
      if (libc.bind(fd, this.#sources.address + offset, this.#sockaddrSize) < 0) return this.#giveUp(slot, fd);
    }
    if (libc.connect(fd, this.#target.address, this.#sockaddrSize) < 0 && libc.errno() !== EINPROGRESS) {
      return this.#giveUp(slot, fd);
    }
    this.#fds[slot] = fd;
    this.#states[slot] = CONNECTING;
    this.#sentBytes[slot] = 0;
    this.#ended[slot] = 0;
    if (this.#payloadBytes > 0 && !this.#sendsWhenAsked && this.#forecast.isWorthATry())
      return this.#openAndSend(slot, fd);
    return this.#epoll.add(fd, INTEREST, slot, this.#generations[slot]!) < 0 ? this.#giveUp(slot, fd) : 0;
  }

  /** Sends before the first event. Returns what `open` does. */
  #openAndSend(slot: number, fd: number): number {
    const sent = this.#libc.send(fd, this.#payload.address, this.#payloadBytes, this.#sendFlags);
    const isEstablished = sent >= 0;
    const errno = isEstablished ? EAGAIN : this.#libc.errno();
    if (errno !== EAGAIN) {
      // A reset before the handshake was over would read ECONNREFUSED.
      const generation = this.#generations[slot];
      if (errno === ECONNRESET || errno === EPIPE) this.#driver.connected(slot);
      if (this.#generations[slot] === generation) this.#driver.failed(slot, errno);
      return 0;
    }
    this.#forecast.learn(isEstablished);
    const isAllSent = sent === this.#payloadBytes;
    const shutDownErrno = isAllSent && this.#halfClose ? shutDownWriting(this.#libc, fd) : 0;
    const generation = this.#generations[slot]!;
    if (shutDownErrno === 0 && this.#epoll.add(fd, isAllSent ? READABLE : INTEREST, slot, generation) < 0)
      return this.#giveUp(slot, fd);
    if (!isEstablished) return 0;
    this.#states[slot] = isAllSent ? RECEIVING : SENDING;
    this.#sentBytes[slot] = sent;
    this.#driver.connected(slot);
    if (this.#generations[slot] === generation) this.#driver.sent(slot, sent);
    if (shutDownErrno !== 0 && this.#generations[slot] === generation) this.#driver.failed(slot, shutDownErrno);
    return 0;
  }

  #giveUp(slot: number, fd: number): number {
    const errno = this.#libc.errno();
    this.#libc.close(fd);
    this.#fds[slot] = -1;
    this.#states[slot] = FREE;
    return errno;
  }

  close(slot: number, reset: boolean): void {
    const fd = this.#fds[slot]!;
    if (reset) this.#libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, this.#options.address + 4, 8);
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
    for (;;) {
      const deadlineNs = driver.step();
      if (deadlineNs === STOP) return;
      const count = epoll.wait(deadlineNs);
      for (let i = 0; i < count; i++) {
        const slot = epoll.slotAt(i);
        if (epoll.generationAt(i) === this.#generations[slot]) this.#handle(slot, epoll.eventsAt(i));
      }
    }
  }

  #handle(slot: number, events: number): void {
    const generation = this.#generations[slot]!;
    if (this.#states[slot] === CONNECTING) {
      const errno = (events & (EPOLLERR | EPOLLHUP)) === 0 ? 0 : this.#pendingError(slot);
      if (errno !== 0 && errno !== ECONNRESET) {
        this.#driver.failed(slot, errno);
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
    const words = this.#optionWords;
    words[3] = 0;
    words[4] = 4;
    this.#libc.getsockopt(
      this.#fds[slot]!,
      SOL_SOCKET,
      SO_ERROR,
      this.#options.address + 12,
      this.#options.address + 16,
    );
    // A hang-up without an error is a reset whose error somebody has read already.
    return words[3] === 0 ? ECONNRESET : words[3];
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
      const address = bodies === undefined ? this.#sink.address : bodies.addressOf(slot);
      const room = bodies === undefined ? SINK_BYTES : bodies.roomOf(slot);
      // MSG_TRUNC lets the kernel drop the bytes without copying them (tcp(7)).
      const received = this.#libc.recv(fd, address, room, bodies === undefined ? MSG_TRUNC : 0);
      if (received < 0) {
        const errno = this.#libc.errno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) this.#driver.failed(slot, errno);
        return;
      }
      if (received > 0) {
        this.#driver.received(slot, received);
        if (this.#generations[slot] !== generation) return;
        if (received === room || (events & EPOLLERR) !== 0) continue;
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
  }
}
