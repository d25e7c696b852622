import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  IPPROTO_TCP,
  MSG_MORE,
  MSG_NOSIGNAL,
  SHUT_WR,
  SOL_SOCKET,
  SO_ERROR,
  TCP_NODELAY,
} from '../../kernel/constants.ts';
import { EAGAIN, ECONNRESET, EINTR, EPIPE } from '../../kernel/errno.ts';
import { loadLibc, nativeCopy, type Libc, type NativeMemory } from '../../kernel/libc.ts';
import type { ServerDriver, ServerEngine, ServerEngineOptions } from '../seam/engine.ts';
import type { Clock } from '../../runtime/clock.ts';
import { FreeSlots } from '../sockets/free-slots.ts';
import { ResetOnClose } from '../sockets/reset-on-close.ts';
import { Acceptor, LISTENER, NOBODY } from './acceptor.ts';
import { BufferPool } from './buffer-pool.ts';
import { EpollSet } from './epoll-set.ts';
import { Forecast } from './forecast.ts';

/** In place of a slot: another thread has woken this one. */
const WAKER = -2;

/** The most bytes of one read, and so the most that are kept for a peer that does not read. */
const BUFFER_BYTES = 64 * 1024;
/** Most of a payload that one send is asked to take. */
const SEND_BYTES = 256 * 1024;
/** Connections taken from the backlog before those that are open get their turn. */
const ACCEPTS_PER_ROUND = 128;
/** Full buffers that one connection may move before the others get their turn. */
const TURNS = 16;

/** What is true of a slot; 0 is a free one. */
const OPEN = 1;
/** The slot is in the epoll set; and it is there with EPOLLOUT. */
const WATCHED = 2;
const WATCHED_OUT = 4;
/** `ended` or `failed` has been reported: nothing is read any more. */
const OVER = 8;
/** The rest of an echo is in a buffer of the slot's own; nothing is read until it is gone. */
const ECHOING = 16;
/** Part of the payload is still to be sent. */
const RESPONDING = 32;
/** The writing side is shut down; or will be, as soon as everything is sent. */
const HALF_CLOSED = 64;
const SENDING = ECHOING | RESPONDING;

/**
 * The server's side on epoll(7). Needs a thread of its own, since it sleeps in the kernel.
 *
 * A connection is tried as soon as it is accepted: its first bytes are often there, and where its end is there too it is
 * never registered. What stays is registered once, edge-triggered.
 */
export class EpollServerEngine implements ServerEngine {
  readonly name = 'epoll';
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #options: ServerEngineOptions;
  readonly #epoll: EpollSet;
  readonly #acceptor: Acceptor;
  readonly #payload: NativeMemory;
  /**
   * Whether the end of a connection stands right behind its first bytes. Peers that half-close after their request bring both at
   * once, and one more recv saves the registration, the wake-up and the event; for others that recv is wasted.
   */
  readonly #forecast = new Forecast();
  readonly #buffers: BufferPool;
  /** The buffer that everything is received into; a connection that cannot echo immediately keeps it, and another takes its place. */
  #buffer: number;
  #receivedBytes = 0;
  readonly #reset: ResetOnClose;
  /** int 1 and room for getsockopt: the one at 0, error at 4, its size at 8. */
  readonly #sockopt: NativeMemory;
  readonly #sockoptWords: Int32Array;
  readonly #fds: Int32Array;
  readonly #flags: Uint8Array;
  readonly #generations: Int32Array;
  /** While sending: address of what is sent, how much of it there is, how much is with the kernel. */
  readonly #sendAddress: Float64Array;
  readonly #sendBytes: Float64Array;
  readonly #sentBytes: Float64Array;
  readonly #free: FreeSlots;
  #isDispatching = false;
  /** `stopListening` was called while events were dispatched. */
  #stopsListening = false;
  /** The driver's, or the end of a rest. */
  readonly #deadline = { deadlineNs: -Infinity };
  #driver: ServerDriver | null = null;

  constructor(options: ServerEngineOptions) {
    const libc = loadLibc();
    const { capacity, payload, clock } = options;
    this.#libc = libc;
    this.#clock = clock;
    this.#options = options;
    this.#epoll = new EpollSet(libc, clock);
    this.#acceptor = new Acceptor(libc, this.#epoll, clock);
    this.#payload = nativeCopy(libc, payload);
    this.#buffers = new BufferPool(libc, BUFFER_BYTES);
    this.#buffer = this.#buffers.take();
    this.#reset = new ResetOnClose(libc);
    this.#sockopt = libc.alloc(12);
    this.#sockoptWords = new Int32Array(this.#sockopt.bytes.buffer, 0, 3);
    this.#sockoptWords[0] = 1;
    // Zeros all of them, so that memory is touched, and taken, only as slots come into use.
    this.#fds = new Int32Array(capacity);
    this.#flags = new Uint8Array(capacity);
    this.#generations = new Int32Array(capacity);
    this.#sendAddress = new Float64Array(capacity);
    this.#sendBytes = new Float64Array(capacity);
    this.#sentBytes = new Float64Array(capacity);
    this.#free = new FreeSlots(capacity);
  }

  get port(): number {
    return this.#acceptor.port;
  }

  listen(): void {
    const { host, port, backlog } = this.#options;
    this.#acceptor.listen(host, port, backlog);
  }

  run(driver: ServerDriver): void {
    this.#driver = driver;
    const epoll = this.#epoll;
    while (driver.step()) {
      this.#deadline.deadlineNs = Math.min(driver.deadlineNs, this.#acceptor.restEndNs);
      const count = epoll.wait(this.#deadline);
      if (this.#clock.now() >= this.#acceptor.restEndNs) this.#acceptor.endRest();
      this.#isDispatching = true;
      for (let i = 0; i < count; i++) {
        const slot = epoll.slotAt(i);
        if (slot === LISTENER) this.#accept(driver, ACCEPTS_PER_ROUND);
        else if (slot !== WAKER && epoll.generationAt(i) === this.#generations[slot])
          this.#handle(driver, slot, epoll.eventsAt(i));
      }
      this.#isDispatching = false;
      if (this.#stopsListening) this.stopListening();
    }
  }

  #accept(driver: ServerDriver, limit: number): void {
    for (let i = 0; i < limit; i++) {
      const fd = this.#acceptor.next(driver);
      if (fd === NOBODY) return;
      if (driver.admits()) this.#welcome(driver, fd);
      else this.#libc.close(fd);
    }
  }

  #welcome(driver: ServerDriver, fd: number): void {
    const slot = this.#free.take();
    const generation = this.#generations[slot]!;
    this.#fds[slot] = fd;
    this.#flags[slot] = OPEN;
    driver.accepted(slot);
    if (this.#generations[slot] !== generation) return;
    if (this.#options.reads) {
      this.#receivedBytes = 0;
      this.#receive(driver, slot, 0);
      if (this.#generations[slot] !== generation) return;
      // Bytes but no end yet; the end may follow directly.
      if (this.#receivedBytes > 0 && (this.#flags[slot] & (OVER | ECHOING)) === 0 && this.#forecast.isWorthATry()) {
        this.#receive(driver, slot, 0);
        const isOver = this.#generations[slot] !== generation || (this.#flags[slot] & OVER) !== 0;
        this.#forecast.learn(isOver);
        if (this.#generations[slot] !== generation) return;
      }
    }
    this.#watch(driver, slot);
  }

  /** Registers for what the slot waits for. Edge-triggered, an ADD or MOD reports what is there already. */
  #watch(driver: ServerDriver, slot: number): void {
    const flags = this.#flags[slot]!;
    const reading = this.#options.reads ? EPOLLIN | EPOLLRDHUP : EPOLLRDHUP;
    // Once asked for it stays: edge-triggered, it is only reported after a send that had to wait.
    const writing = (flags & (SENDING | WATCHED_OUT)) === 0 ? 0 : EPOLLOUT;
    const events = ((flags & OVER) === 0 ? reading : 0) | writing | EPOLLET;
    const fd = this.#fds[slot]!;
    const generation = this.#generations[slot]!;
    this.#flags[slot] = flags | WATCHED | (writing === 0 ? 0 : WATCHED_OUT);
    const result =
      (flags & WATCHED) === 0
        ? this.#epoll.add(fd, events, slot, generation)
        : this.#epoll.modify(fd, events, slot, generation);
    if (result < 0) this.#fail(driver, slot, this.#libc.errno());
  }

  #handle(driver: ServerDriver, slot: number, events: number): void {
    const generation = this.#generations[slot]!;
    let flags = this.#flags[slot]!;
    if ((flags & SENDING) !== 0 && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0) {
      this.#send(driver, slot);
      if (this.#generations[slot] !== generation) return;
      // What came while an echo was waiting has had its edge: it must be read now.
      if ((flags & ECHOING) !== 0) events |= EPOLLIN;
      flags = this.#flags[slot]!;
    }
    if (!this.#options.reads) {
      this.#handleUnread(driver, slot, events);
      return;
    }
    if ((flags & (OVER | ECHOING)) !== 0) return;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) === 0) return;
    this.#receive(driver, slot, events);
  }

  /** Handles the events of a connection that is only held: the peer's end, and its reset, which may come later. */
  #handleUnread(driver: ServerDriver, slot: number, events: number): void {
    if ((events & (EPOLLERR | EPOLLHUP)) !== 0) {
      const errno = this.#pendingError(slot);
      // The kernel reports this for a reset after the end; nothing was sent that could have met it.
      this.#fail(driver, slot, errno === EPIPE ? ECONNRESET : errno);
    } else if ((this.#flags[slot]! & OVER) === 0 && (events & EPOLLRDHUP) !== 0) this.#end(driver, slot);
  }

  /** Reads until the kernel has no more, the slot has something to send back first, or it has had its share. */
  #receive(driver: ServerDriver, slot: number, events: number): void {
    const fd = this.#fds[slot]!;
    const generation = this.#generations[slot]!;
    for (let turn = 0; turn < TURNS; turn++) {
      const received = this.#libc.recv(fd, this.#buffer, BUFFER_BYTES, 0);
      if (received < 0) {
        const errno = this.#libc.errno();
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) this.#fail(driver, slot, errno);
        return;
      }
      if (received === 0) {
        this.#end(driver, slot);
        return;
      }
      this.#receivedBytes = received;
      driver.received(slot, received);
      if (this.#generations[slot] !== generation || (this.#flags[slot]! & (OVER | ECHOING)) !== 0) return;
      if (received === BUFFER_BYTES || (events & EPOLLERR) !== 0) continue;
      // The queue is empty. Where the FIN had come before, nothing can follow: one call saved.
      if ((events & EPOLLRDHUP) !== 0) this.#end(driver, slot);
      return;
    }
    if ((this.#flags[slot]! & WATCHED) !== 0) this.#watch(driver, slot);
  }

  echo(slot: number): void {
    const bytes = this.#receivedBytes;
    const driver = this.#driver!;
    const sent = this.#libc.send(this.#fds[slot]!, this.#buffer, bytes, MSG_NOSIGNAL);
    if (sent === bytes) {
      const generation = this.#generations[slot]!;
      driver.sent(slot, bytes);
      if (this.#generations[slot] === generation) driver.flushed(slot);
      return;
    }
    const errno = sent < 0 ? this.#libc.errno() : 0;
    this.#flags[slot]! |= ECHOING;
    this.#sendAddress[slot] = this.#buffer;
    this.#sendBytes[slot] = bytes;
    this.#sentBytes[slot] = 0;
    this.#buffer = this.#buffers.take();
    this.#sendLater(driver, slot, sent, errno);
  }

  respond(slot: number): void {
    const driver = this.#driver!;
    this.#flags[slot]! |= RESPONDING;
    this.#sendAddress[slot] = this.#payload.address;
    this.#sendBytes[slot] = this.#options.payload.length;
    this.#sentBytes[slot] = 0;
    this.#send(driver, slot);
  }

  /** Keeps the rest after a send that returned `sent`, less than all, or -1 and `errno`. */
  #sendLater(driver: ServerDriver, slot: number, sent: number, errno: number): void {
    if (sent < 0) {
      if (errno !== EAGAIN && errno !== EINTR) {
        this.#fail(driver, slot, errno);
        return;
      }
    } else {
      const generation = this.#generations[slot]!;
      this.#sentBytes[slot]! += sent;
      driver.sent(slot, sent);
      if (this.#generations[slot] !== generation) return;
    }
    const flags = this.#flags[slot]!;
    // A slot that is not registered yet will be, with what it then waits for.
    if ((flags & WATCHED) !== 0 && (flags & WATCHED_OUT) === 0) this.#watch(driver, slot);
  }

  /** Sends what is to be sent, as far as the kernel takes it. */
  #send(driver: ServerDriver, slot: number): void {
    const fd = this.#fds[slot]!;
    const generation = this.#generations[slot]!;
    const total = this.#sendBytes[slot]!;
    // The last bytes of a response leave in one segment with the FIN that follows them.
    const more = (this.#flags[slot]! & RESPONDING) === 0 ? 0 : MSG_MORE;
    for (let turn = 0; this.#sentBytes[slot]! < total; turn++) {
      const done = this.#sentBytes[slot]!;
      const size = Math.min(total - done, SEND_BYTES);
      const sent = this.#libc.send(fd, this.#sendAddress[slot]! + done, size, MSG_NOSIGNAL | more);
      if (sent < 0) {
        this.#sendLater(driver, slot, sent, this.#libc.errno());
        return;
      }
      this.#sentBytes[slot] = done + sent;
      driver.sent(slot, sent);
      if (this.#generations[slot] !== generation) return;
      if (turn < TURNS || done + sent === total) continue;
      // The peer takes it as fast as it comes; a MOD has it reported again after the others.
      if ((this.#flags[slot]! & WATCHED) !== 0) this.#watch(driver, slot);
      return;
    }
    this.#dropSend(slot);
    if ((this.#flags[slot]! & HALF_CLOSED) !== 0) this.#libc.shutdown(fd, SHUT_WR);
    driver.flushed(slot);
    if (more === 0 || this.#generations[slot] !== generation || (this.#flags[slot]! & HALF_CLOSED) !== 0) return;
    // MSG_MORE has announced more bytes: setting TCP_NODELAY again pushes what MSG_MORE holds back (tcp(7)).
    this.#libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, this.#sockopt.address, 4);
  }

  #dropSend(slot: number): void {
    const flags = this.#flags[slot]!;
    if ((flags & ECHOING) !== 0) this.#buffers.give(this.#sendAddress[slot]!);
    this.#flags[slot] = flags & ~SENDING;
  }

  #end(driver: ServerDriver, slot: number): void {
    this.#flags[slot]! |= OVER;
    driver.ended(slot);
  }

  #fail(driver: ServerDriver, slot: number, errno: number): void {
    this.#dropSend(slot);
    this.#flags[slot]! |= OVER;
    driver.failed(slot, errno);
  }

  #pendingError(slot: number): number {
    const words = this.#sockoptWords;
    const { address } = this.#sockopt;
    words[1] = 0;
    words[2] = 4;
    this.#libc.getsockopt(this.#fds[slot]!, SOL_SOCKET, SO_ERROR, address + 4, address + 8);
    return words[1] === 0 ? ECONNRESET : words[1];
  }

  halfClose(slot: number): void {
    const flags = this.#flags[slot]!;
    if ((flags & HALF_CLOSED) !== 0) return;
    this.#flags[slot] = flags | HALF_CLOSED;
    if ((flags & SENDING) === 0) this.#libc.shutdown(this.#fds[slot]!, SHUT_WR);
  }

  close(slot: number, reset: boolean): void {
    if (this.#flags[slot] === 0) return;
    const fd = this.#fds[slot]!;
    if (reset) this.#reset.set(fd);
    this.#libc.close(fd);
    this.#dropSend(slot);
    this.#flags[slot] = 0;
    // Events of the old connection that are already harvested carry the old generation.
    this.#generations[slot] = (this.#generations[slot]! + 1) | 0;
    this.#free.give(slot);
    this.#acceptor.descriptorFreed();
    this.#driver!.released(slot);
  }

  watch(fd: number): void {
    // Edge-triggered, each write is an event; the count of an eventfd need never be read.
    this.#epoll.add(fd, EPOLLIN | EPOLLET, WAKER, 0);
  }

  stopListening(): void {
    this.#stopsListening = this.#isDispatching;
    if (this.#isDispatching) return;
    // To their peers the connections in the backlog are established; closing the listener would reset them. No more than
    // the backlog holds, or new arrivals could keep it open without end.
    if (this.#driver !== null) this.#accept(this.#driver, this.#options.backlog + 1);
    this.#acceptor.close();
  }

  dispose(): void {
    this.#acceptor.close();
    for (let slot = 0; slot < this.#free.fresh; slot++) {
      if (this.#flags[slot] === 0) continue;
      this.#libc.close(this.#fds[slot]!);
      this.#dropSend(slot);
      this.#flags[slot] = 0;
    }
    this.#epoll.dispose();
  }
}
