import { MSG_NOSIGNAL, MSG_TRUNC, MSG_WAITALL } from '../../kernel/constants.ts';
import { EADDRNOTAVAIL, EAGAIN, ECANCELED, ECONNREFUSED, EINTR } from '../../kernel/errno.ts';
import { OP_CONNECT, OP_RECV, OP_SEND, RECVSEND_POLL_FIRST } from '../../kernel/io-uring.ts';
import { loadLibc } from '../../kernel/libc.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { closeFailed } from '../sockets/close-failed.ts';
import { AT_ONCE } from '../seam/engine.ts';
import type { Deadline } from '../seam/engine.ts';
import { MessageReader } from '../sockets/message-reader.ts';
import { messageStride } from '../seam/ping.ts';
import type { PingDriver, PingEngine, PingEngineOptions } from '../seam/ping.ts';
import { PingSockets, isReported } from '../sockets/ping-socket.ts';
import { addPriority, fillSocketAddress, fillTransfer } from './entries.ts';
import { requireUring } from './support.ts';
import { Ring } from './ring.ts';
import { Slots } from './slots.ts';
import { STAGE, stageOf } from './stages.ts';

const RING_ENTRIES = 1024;
const RING_COMPLETIONS = 8192;
/** The smallest buffer of a RECV on a stream: with many pings under way one receive brings several replies. */
const STREAM_RECEIVE_BYTES = 2048;

const { CONNECT, SEND, RECV } = STAGE;

const FREE = 0;
const CONNECTING = 1;
const UP = 2;
/** Told of its failure; waits for the driver's close. */
const BROKEN = 3;
/** The second try, on a port that is not the kernel's choice. */
const CONNECTING_OUTSIDE = 4;

/**
 * Held connections on io_uring: a RECV waits on each at all times, and a ping is one SEND; both are handed over, and the reply
 * waited for, in a single call.
 */
export class UringPingEngine implements PingEngine {
  readonly name = 'uring';
  readonly #libc: Libc;
  readonly #ring: Ring;
  readonly #sockets: PingSockets;
  readonly #reader: MessageReader;
  readonly #isStream: boolean;
  readonly #messageBytes: number;
  /** A buffer for each slot, `#receiveBytes` long and `#receiveStride` apart. */
  readonly #buffers: NativeMemory;
  readonly #receiveBytes: number;
  readonly #receiveStride: number;
  readonly #slots: Slots;
  readonly #states: Uint8Array;
  /** A `send` was refused. */
  readonly #isRefused: Uint8Array;
  /** Replies that may follow the one at hand. */
  readonly #expected: Int32Array;
  /** SENDs that the next call hands over. They are done as it begins, and nothing waits for that. */
  #freshSends = 0;
  #refusals = 0;
  #driver!: PingDriver;

  constructor(options: PingEngineOptions) {
    const libc = loadLibc();
    requireUring();
    const { connections, messageBytes, protocol, clock } = options;
    this.#libc = libc;
    this.#ring = new Ring({ libc, clock, entries: RING_ENTRIES, completions: RING_COMPLETIONS });
    this.#sockets = new PingSockets(libc, options);
    this.#reader = new MessageReader(connections, messageBytes);
    this.#isStream = protocol === 'tcp';
    this.#messageBytes = messageBytes;
    this.#receiveBytes = this.#isStream ? Math.max(STREAM_RECEIVE_BYTES, messageBytes) : messageBytes + 1;
    this.#receiveStride = messageStride(this.#receiveBytes);
    this.#buffers = libc.alloc(connections * this.#receiveStride);
    this.#slots = new Slots(libc, this.#ring, connections, false);
    this.#slots.files.fill(-1);
    this.#states = new Uint8Array(connections);
    this.#isRefused = new Uint8Array(connections);
    this.#expected = new Int32Array(connections);
  }

  open(slot: number): number {
    // Of a non-blocking socket the ring would say EAGAIN instead of waiting for it.
    const fd = this.#sockets.make(slot, false);
    if (fd < 0) return -fd;
    const { address, size } = this.#sockets.target;
    if (!this.#isStream && this.#libc.connect(fd, address, size) < 0) return closeFailed(this.#libc, fd);
    this.#slots.files[slot] = fd;
    this.#isRefused[slot] = 0;
    this.#expected[slot] = 0;
    this.#reader.reset(slot);
    if (!this.#isStream) {
      this.#rise(slot);
      return 0;
    }
    this.#states[slot] = CONNECTING;
    this.#prepareConnect(slot);
    return 0;
  }

  #prepareConnect(slot: number): void {
    this.#ring.reserve(1);
    const { address, size } = this.#sockets.target;
    fillSocketAddress(this.#ring.words, this.#slots.prepare(OP_CONNECT, 0, slot, CONNECT), address, size);
  }

  /** Where the kernel had no port left. */
  #connectOutside(slot: number): void {
    const fd = this.#sockets.makeOutside(slot, false);
    if (fd < 0) {
      this.#fail(slot, -fd);
      return;
    }
    this.#libc.close(this.#slots.files[slot]!);
    this.#slots.files[slot] = fd;
    this.#states[slot] = CONNECTING_OUTSIDE;
    this.#prepareConnect(slot);
  }

  #rise(slot: number): void {
    this.#states[slot] = UP;
    this.#prepareReceive(slot, RECVSEND_POLL_FIRST);
    this.#driver.connected(slot);
  }

  #prepareReceive(slot: number, ioprio: number): void {
    this.#ring.reserve(1);
    const { words } = this.#ring;
    const at = this.#slots.prepare(OP_RECV, 0, slot, RECV);
    addPriority(words, at, ioprio);
    const flags = this.#isStream ? 0 : MSG_TRUNC;
    fillTransfer(words, at, this.#buffers.address + slot * this.#receiveStride, this.#receiveBytes, flags);
  }

  #prepareSend(slot: number, address: number): void {
    this.#ring.reserve(1);
    const at = this.#slots.prepare(OP_SEND, 0, slot, SEND);
    fillTransfer(this.#ring.words, at, address, this.#messageBytes, MSG_NOSIGNAL | MSG_WAITALL);
    this.#freshSends++;
  }

  send(slot: number, sequence: number, ticket: number): number {
    // Two on one stream could overtake each other, and the message before is still being read from its place.
    if (this.#slots.isPending(slot, SEND)) {
      if (this.#isRefused[slot] === 0) this.#refusals++;
      this.#isRefused[slot] = 1;
      return EAGAIN;
    }
    this.#expected[slot]! += 1;
    this.#prepareSend(slot, this.#sockets.write(slot, sequence, ticket));
    return 0;
  }

  close(slot: number): void {
    if (this.#isRefused[slot] === 1) this.#refusals--;
    this.#isRefused[slot] = 0;
    if (this.#slots.pending(slot) !== 0) {
      this.#slots.cancelAll(slot);
      // What the ring still holds would keep the connection open.
      this.#ring.submit();
    }
    this.#libc.close(this.#slots.files[slot]!);
    this.#slots.files[slot] = -1;
    this.#states[slot] = FREE;
    this.#slots.renew(slot);
  }

  run(driver: PingDriver): void {
    this.#driver = driver;
    while (driver.step()) this.#reap(driver);
    // The completions of what was closed last.
    this.#reap(AT_ONCE);
  }

  #reap(deadline: Deadline): void {
    // To be woken for a reply, not for each SEND; but a refused sender waits for a SEND.
    const completions = this.#refusals > 0 ? 1 : 1 + this.#freshSends;
    this.#freshSends = 0;
    this.#ring.reap(deadline, this, completions);
  }

  /** Takes a completion of the ring. */
  complete(slot: number, tag: number, result: number): void {
    if (!this.#slots.isCurrent(slot, tag)) return;
    const stage = stageOf(tag);
    this.#slots.settle(slot, 1 << stage);
    if (stage === SEND) this.#sent(slot, result);
    else if (stage === RECV) this.#received(slot, result);
    else if (stage === CONNECT) {
      if (result === 0 && this.#sockets.isItsOwnPeer(this.#slots.files[slot]!)) this.#fail(slot, ECONNREFUSED);
      else if (result === 0) this.#rise(slot);
      else if (result === -EADDRNOTAVAIL && this.#states[slot] === CONNECTING) this.#connectOutside(slot);
      else this.#fail(slot, -result);
    }
  }

  #fail(slot: number, errno: number): void {
    if (this.#states[slot] === BROKEN) return;
    this.#states[slot] = BROKEN;
    this.#driver.failed(slot, errno);
  }

  #sent(slot: number, result: number): void {
    const generation = this.#slots.generation(slot);
    // Of a stream that is broken its RECV tells.
    if (result < 0 && !this.#isStream && result !== -ECANCELED) {
      this.#driver.undelivered(slot, -result);
      if (this.#slots.generation(slot) !== generation) return;
      // What was refused is a datagram before this one; to be told took this one's turn.
      if (isReported(-result) && this.#isRefused[slot] === 0) {
        this.#prepareSend(slot, this.#sockets.messages.address + slot * this.#sockets.stride);
        return;
      }
    }
    if (this.#isRefused[slot] === 0) return;
    this.#isRefused[slot] = 0;
    this.#refusals--;
    this.#driver.writable(slot);
  }

  #received(slot: number, result: number): void {
    const generation = this.#slots.generation(slot);
    const driver = this.#driver;
    const at = slot * this.#receiveStride;
    if (result > 0) {
      if (this.#expected[slot]! > 0) this.#expected[slot]! -= 1;
      if (this.#isStream) this.#reader.stream(driver, slot, this.#buffers.bytes, at, result);
      else this.#reader.datagram(driver, slot, this.#buffers.bytes, at, result);
    } else if (this.#isStream && result !== -EINTR && result !== -EAGAIN) this.#fail(slot, -result);
    else if (result < 0 && result !== -EINTR && result !== -EAGAIN) driver.undelivered(slot, -result);
    if (this.#slots.generation(slot) !== generation || this.#states[slot] !== UP) return;
    this.#prepareReceive(slot, this.#expected[slot] === 0 ? RECVSEND_POLL_FIRST : 0);
  }

  dispose(): void {
    for (const fd of this.#slots.files) if (fd >= 0) this.#libc.close(fd);
    this.#slots.files.fill(-1);
    this.#ring.dispose();
  }
}
