import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_NOSIGNAL,
  MSG_TRUNC,
} from '../../kernel/constants.ts';
import { EAGAIN, ECONNREFUSED, EINTR, ENOBUFS } from '../../kernel/errno.ts';
import { loadLibc } from '../../kernel/libc.ts';
import type { Libc } from '../../kernel/libc.ts';
import { closeFailed } from '../sockets/close-failed.ts';
import { MessageReader } from '../sockets/message-reader.ts';
import type { PingDriver, PingEngine, PingEngineOptions } from '../seam/ping.ts';
import { PingSockets, isReported } from '../sockets/ping-socket.ts';
import { EpollSet } from './epoll-set.ts';

/** Streams are watched edge-triggered: one event for each change, and no call more. */
const STREAM = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
/**
 * Datagrams by level: a short receive does not say that it was the last. EPOLLOUT only where a send was refused, as the kernel
 * would report the room that each datagram leaves.
 */
const DATAGRAM = EPOLLIN;
/** Reads of one slot in a row, before the others get their turn. */
const TURNS = 16;

/** Held connections on epoll(7), edge-triggered: one registration a connection, then a send, a wait and a receive a ping. */
export class EpollPingEngine implements PingEngine {
  readonly name = 'epoll';
  readonly #libc: Libc;
  readonly #epoll: EpollSet;
  readonly #sockets: PingSockets;
  readonly #reader: MessageReader;
  readonly #isStream: boolean;
  readonly #messageBytes: number;
  readonly #fds: Int32Array;
  readonly #generations: Int32Array;
  readonly #isConnected: Uint8Array;
  /** How much of the slot's message is still to be sent, after a send that took only part of it. */
  readonly #unsentBytes: Int32Array;
  /** A `send` was refused. */
  readonly #isRefused: Uint8Array;
  /** Replies that may follow the one at hand. */
  readonly #expected: Int32Array;
  #driver!: PingDriver;

  constructor(options: PingEngineOptions) {
    const libc = loadLibc();
    const { connections, messageBytes } = options;
    this.#libc = libc;
    this.#epoll = new EpollSet(libc, options.clock);
    this.#sockets = new PingSockets(libc, options);
    this.#reader = new MessageReader(connections, messageBytes);
    this.#isStream = options.protocol === 'tcp';
    this.#messageBytes = messageBytes;
    this.#fds = new Int32Array(connections).fill(-1);
    this.#generations = new Int32Array(connections);
    this.#isConnected = new Uint8Array(connections);
    this.#unsentBytes = new Int32Array(connections);
    this.#isRefused = new Uint8Array(connections);
    this.#expected = new Int32Array(connections);
  }

  open(slot: number): number {
    const fd = this.#sockets.open(slot, true);
    if (fd < 0) return -fd;
    if (this.#epoll.add(fd, this.#isStream ? STREAM : DATAGRAM, slot, this.#generations[slot]!) < 0)
      return closeFailed(this.#libc, fd);
    this.#fds[slot] = fd;
    this.#isConnected[slot] = this.#isStream ? 0 : 1;
    this.#unsentBytes[slot] = 0;
    this.#isRefused[slot] = 0;
    this.#expected[slot] = 0;
    this.#reader.reset(slot);
    if (!this.#isStream) this.#driver.connected(slot);
    return 0;
  }

  send(slot: number, sequence: number, ticket: number): number {
    if (this.#unsentBytes[slot]! > 0) return this.#refuse(slot);
    const size = this.#messageBytes;
    const address = this.#sockets.write(slot, sequence, ticket);
    const sent = this.#libc.send(this.#fds[slot]!, address, size, MSG_NOSIGNAL);
    if (sent === size) {
      this.#expected[slot]! += 1;
      return 0;
    }
    if (sent >= 0) {
      this.#unsentBytes[slot] = size - sent;
      return 0;
    }
    const errno = this.#libc.errno();
    if (errno === EAGAIN || errno === ENOBUFS || errno === EINTR) return this.#refuse(slot);
    // An event reports a broken stream.
    if (this.#isStream) return 0;
    this.#driver.undelivered(slot, errno);
    // What was refused is a datagram before this one; to be told took this one's turn.
    if (isReported(errno)) this.#libc.send(this.#fds[slot]!, address, size, MSG_NOSIGNAL);
    return 0;
  }

  #refuse(slot: number): number {
    if (this.#isRefused[slot] === 0) {
      this.#isRefused[slot] = 1;
      if (!this.#isStream) this.#watch(slot, DATAGRAM | EPOLLOUT);
    }
    return EAGAIN;
  }

  #watch(slot: number, events: number): void {
    this.#epoll.modify(this.#fds[slot]!, events, slot, this.#generations[slot]!);
  }

  close(slot: number): void {
    this.#libc.close(this.#fds[slot]!);
    this.#fds[slot] = -1;
    // Events of the old connection that are already harvested carry the old generation.
    this.#generations[slot] = (this.#generations[slot]! + 1) | 0;
  }

  run(driver: PingDriver): void {
    this.#driver = driver;
    const epoll = this.#epoll;
    while (driver.step()) {
      const count = epoll.wait(driver);
      for (let i = 0; i < count; i++) {
        const slot = epoll.slotAt(i);
        if (epoll.generationAt(i) === this.#generations[slot]) this.#handle(driver, slot, epoll.eventsAt(i));
      }
    }
  }

  #handle(driver: PingDriver, slot: number, events: number): void {
    const generation = this.#generations[slot]!;
    if (this.#isConnected[slot] === 0) {
      const errno = (events & (EPOLLERR | EPOLLHUP)) === 0 ? 0 : this.#sockets.takeError(this.#fds[slot]!);
      if (errno !== 0) {
        driver.failed(slot, errno);
        return;
      }
      if (this.#sockets.isItsOwnPeer(this.#fds[slot]!)) {
        driver.failed(slot, ECONNREFUSED);
        return;
      }
      this.#isConnected[slot] = 1;
      driver.connected(slot);
      if (this.#generations[slot] !== generation) return;
    }
    if ((events & EPOLLOUT) !== 0 && (this.#isRefused[slot] === 1 || this.#unsentBytes[slot]! > 0)) {
      this.#goOn(driver, slot);
      if (this.#generations[slot] !== generation) return;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) === 0) return;
    if (this.#isStream) this.#receiveStream(driver, slot, generation);
    else this.#receiveDatagrams(driver, slot, generation);
  }

  /** There is room to send again. */
  #goOn(driver: PingDriver, slot: number): void {
    const rest = this.#unsentBytes[slot]!;
    if (rest > 0) {
      const from = this.#sockets.messages.address + slot * this.#sockets.stride + this.#messageBytes - rest;
      const sent = this.#libc.send(this.#fds[slot]!, from, rest, MSG_NOSIGNAL);
      if (sent > 0) this.#unsentBytes[slot] = rest - sent;
      if (sent !== rest) return;
    }
    if (this.#isRefused[slot] === 0) return;
    this.#isRefused[slot] = 0;
    if (!this.#isStream) this.#watch(slot, DATAGRAM);
    driver.writable(slot);
  }

  #receiveStream(driver: PingDriver, slot: number, generation: number): void {
    const { address, bytes } = this.#sockets.buffer;
    for (;;) {
      const received = this.#libc.recv(this.#fds[slot]!, address, bytes.length, 0);
      if (received <= 0) {
        const errno = received < 0 ? this.#libc.errno() : 0;
        if (errno === EINTR) continue;
        if (errno !== EAGAIN) driver.failed(slot, errno);
        return;
      }
      this.#reader.stream(driver, slot, bytes, 0, received);
      // A short receive has emptied the queue; an end after it is an event of its own.
      if (received < bytes.length || this.#generations[slot] !== generation) return;
    }
  }

  #receiveDatagrams(driver: PingDriver, slot: number, generation: number): void {
    const { address, bytes } = this.#sockets.buffer;
    for (let turn = 0; turn < TURNS; turn++) {
      const received = this.#libc.recv(this.#fds[slot]!, address, bytes.length, MSG_TRUNC);
      if (received < 0) {
        const errno = this.#libc.errno();
        if (errno === EAGAIN) {
          this.#expected[slot] = 0;
          return;
        }
        if (errno !== EINTR) driver.undelivered(slot, errno);
      } else {
        if (this.#expected[slot]! > 0) this.#expected[slot]! -= 1;
        this.#reader.datagram(driver, slot, bytes, 0, received);
      }
      if (this.#generations[slot] !== generation || this.#expected[slot] === 0) return;
    }
  }

  dispose(): void {
    for (const fd of this.#fds) if (fd >= 0) this.#libc.close(fd);
    this.#fds.fill(-1);
    this.#epoll.dispose();
  }
}
