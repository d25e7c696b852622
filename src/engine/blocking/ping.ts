import { MSG_NOSIGNAL, MSG_TRUNC, MSG_WAITALL } from '../../kernel/constants.ts';
import { EAGAIN, EINPROGRESS, EINTR, ETIMEDOUT } from '../../kernel/errno.ts';
import { loadLibc } from '../../kernel/libc.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { sleepOnTime } from '../../kernel/machine/timer-slack.ts';
import { POLL_NS } from '../seam/engine.ts';
import { MessageReader } from '../sockets/message-reader.ts';
import type { MessageListener } from '../sockets/message-reader.ts';
import type { PingDriver, PingEngine, PingEngineOptions } from '../seam/ping.ts';
import { PingSockets, isReported } from '../sockets/ping-socket.ts';

/** No slot. */
const NOBODY = -1;

/**
 * Blocking sockets on one thread: send, then sleep in receive until the reply is there. Nothing is between the program and the
 * kernel, so this is what the other engines are measured by. It can wait for one reply at a time, whatever the number
 * of connections: the driver keeps to that.
 */
export class BlockingPingEngine implements PingEngine, MessageListener {
  readonly name = 'blocking';
  readonly #libc: Libc;
  readonly #options: PingEngineOptions;
  readonly #sockets: PingSockets;
  readonly #reader: MessageReader;
  readonly #isStream: boolean;
  readonly #fds: Int32Array;
  /** struct timespec. */
  readonly #sleep: NativeMemory;
  readonly #sleepWords: Int32Array;
  /** The slot, the sequence number and the start of the wait for a reply. */
  #awaited = NOBODY;
  #awaitedSequence = 0;
  #awaitedTicket = 0;
  #sinceNs = 0;
  /** What came instead of a send, told from inside `run`. */
  #brokenErrno = 0;
  #driver!: PingDriver;

  constructor(options: PingEngineOptions) {
    const libc = loadLibc();
    const { connections, messageBytes } = options;
    this.#libc = libc;
    this.#options = options;
    this.#sockets = new PingSockets(libc, options);
    this.#reader = new MessageReader(connections, messageBytes);
    this.#isStream = options.protocol === 'tcp';
    this.#fds = new Int32Array(connections).fill(-1);
    this.#sleep = libc.alloc(16);
    this.#sleepWords = new Int32Array(this.#sleep.bytes.buffer, 0, 4);
    sleepOnTime(libc);
  }

  open(slot: number): number {
    const fd = this.#sockets.open(slot, false);
    // What a blocking connect says when its time is up.
    if (fd < 0) return fd === -EINPROGRESS || fd === -EAGAIN ? ETIMEDOUT : -fd;
    this.#fds[slot] = fd;
    this.#reader.reset(slot);
    this.#driver.connected(slot);
    return 0;
  }

  send(slot: number, sequence: number, ticket: number): number {
    const size = this.#options.messageBytes;
    const address = this.#sockets.write(slot, sequence, ticket);
    this.#awaited = slot;
    this.#awaitedSequence = sequence;
    this.#awaitedTicket = ticket;
    this.#sinceNs = this.#options.clock.nowNs;
    this.#brokenErrno = 0;
    let sent = this.#libc.send(this.#fds[slot]!, address, size, MSG_NOSIGNAL);
    if (sent === size) return 0;
    const errno = sent < 0 ? this.#libc.errno() : EAGAIN;
    // The peer has not taken it within the timeout. What it has of the message makes the stream useless.
    if (this.#isStream) this.#brokenErrno = errno === EAGAIN ? ETIMEDOUT : errno;
    else {
      this.#driver.undelivered(slot, errno);
      if (isReported(errno)) sent = this.#libc.send(this.#fds[slot]!, address, size, MSG_NOSIGNAL);
      if (sent < 0) this.#awaited = NOBODY;
    }
    return 0;
  }

  close(slot: number): void {
    this.#libc.close(this.#fds[slot]!);
    this.#fds[slot] = -1;
    if (this.#awaited === slot) this.#awaited = NOBODY;
  }

  run(driver: PingDriver): void {
    this.#driver = driver;
    while (driver.step()) {
      // The driver has given it up by now.
      if (this.#options.clock.nowNs >= this.#sinceNs + this.#options.timeoutNs) this.#awaited = NOBODY;
      if (this.#awaited === NOBODY) this.#sleepUntil(driver.deadlineNs);
      else this.#receive(driver, this.#awaited);
    }
  }

  #sleepUntil(deadlineNs: number): void {
    const waitNs = Math.min(deadlineNs - this.#options.clock.now(), POLL_NS);
    if (waitNs <= 0) return;
    this.#sleepWords[0] = 0;
    this.#sleepWords[2] = waitNs;
    this.#libc.nanosleep(this.#sleep.address, 0);
  }

  /** Sleeps in the kernel until there is a reply or, at the latest, the socket's timeout. */
  #receive(driver: PingDriver, slot: number): void {
    if (this.#brokenErrno !== 0) {
      this.#awaited = NOBODY;
      driver.failed(slot, this.#brokenErrno);
      return;
    }
    const { address, bytes } = this.#sockets.buffer;
    const received = this.#isStream
      ? this.#libc.recv(this.#fds[slot]!, address, this.#reader.missing(slot), MSG_WAITALL)
      : this.#libc.recv(this.#fds[slot]!, address, bytes.length, MSG_TRUNC);
    if (received <= 0) {
      const errno = received < 0 ? this.#libc.errno() : 0;
      // The driver looks at its own clock: what is late, it gives up.
      if (errno === EAGAIN || errno === EINTR) return;
      if (errno === 0 || this.#isStream) {
        this.#awaited = NOBODY;
        driver.failed(slot, errno);
      } else driver.undelivered(slot, errno);
      return;
    }
    if (this.#isStream) this.#reader.stream(this, slot, bytes, 0, received);
    else this.#reader.datagram(this, slot, bytes, 0, received);
  }

  received(slot: number, sequence: number, ticket: number): void {
    if (sequence === this.#awaitedSequence && ticket === this.#awaitedTicket) this.#awaited = NOBODY;
    this.#driver.received(slot, sequence, ticket);
  }

  undelivered(slot: number, errno: number): void {
    this.#driver.undelivered(slot, errno);
  }

  dispose(): void {
    for (const fd of this.#fds) if (fd >= 0) this.#libc.close(fd);
    this.#fds.fill(-1);
  }
}
