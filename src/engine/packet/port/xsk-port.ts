import { POLLIN } from '../../../kernel/constants.ts';
import { EINTR, errnoName } from '../../../kernel/errno.ts';
import type { Libc, NativeMemory } from '../../../kernel/libc.ts';
import { mapOnTouch } from '../../../kernel/native-memory.ts';
import { sleepOnTime } from '../../../kernel/machine/timer-slack.ts';
import type { XskSocket } from '../../../kernel/xdp/xsk-socket.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { PLEASE_REPORT } from '../../../units/bugs.ts';
import { RunError } from '../../../units/run-error.ts';
import type { Deadline } from '../../seam/engine.ts';
import type { PacketLink } from '../../seam/link.ts';
import type { Companions, FramePort, FrameReceiver } from './frame-port.ts';
import { Handover } from './handover.ts';
import { InterfaceState } from './interface-state.ts';
import {
  HANDED_OVER,
  NO_FRAME,
  RECEIVED,
  RING_FILL_EMPTY,
  RING_RX_DROPPED,
  RING_RX_FULL,
  RING_TX_EMPTY,
  SENT,
  countersOf,
} from '../packet-counters.ts';
import {
  CHUNK_BYTES,
  HEADROOM,
  RX_FRAMES,
  RX_FRAMES_BUSY,
  TX_FRAMES,
  openQueueSocket,
  queuesOfWorker,
} from './queue-sockets.ts';
import { RxQueue } from './rx-queue.ts';
import { TxQueue } from './tx-queue.ts';

/** Frames that leave together, at most. */
const SEND_BATCH = 64;
/** Frames that are handed over before the driver gets a turn. */
const RECEIVE_BATCH = 128;
/** What ppoll(2) sends by itself while it looks for events, without a call of its own. */
const POLL_SENDS = 32;
/** What is further away, or never, is waited for again. */
const WAIT_NS_MAX = 3600e9;
/** How often the drops of the rings are read: a system call for each queue. */
const STATISTICS_NS = 100e6;
/** Between two readings: 200 000 frames a second, where the cost of a packet counts. */
const BUSY_FRAMES = 20_000;
/** struct pollfd in 32-bit words: fd, then events and revents, 16 bits each. */
const POLLFD_WORDS = 2;

/** How much memory the frames of one thread lock, for so many queues. */
export function frameMemoryBytes(queues: number): number {
  return (TX_FRAMES + queues * RX_FRAMES) * CHUNK_BYTES;
}

/**
 * The frames of one thread through AF_XDP: a socket for each of its queues, put into the program's map. All queues are received from; what is
 * sent leaves by the first. The sockets' memory is one block, so that a frame is an offset whichever queue it came from.
 */
export class XskPort implements FramePort {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly frameBytes = CHUNK_BYTES - HEADROOM;
  readonly #libc: Libc;
  readonly #clock: Clock;
  readonly #memory: NativeMemory;
  readonly #sockets: XskSocket[] = [];
  readonly #queues: RxQueue[] = [];
  readonly #tx: TxQueue;
  readonly #counters: Float64Array;
  readonly #poll: NativeMemory;
  readonly #pollWords: Int32Array;
  readonly #timeout: NativeMemory;
  /** struct timespec as words: seconds, 0, nanoseconds, 0. */
  readonly #timeoutWords: Int32Array;
  /** Null where this is the only thread. */
  readonly #handover: Handover | null;
  /** All of the memory, for copies of frames. */
  readonly #words: Int32Array;
  /** Where a frame of another thread lies while it is dealt with. */
  readonly #handedOffset: number;
  /** Descriptors that ppoll looks at: the sockets first. */
  #polled = 0;
  #statisticsDueNs = -Infinity;
  /** As of the last reading. */
  #receivedBefore = 0.5;

  /** Throws `RunError` where a queue or memory is not to be had. `patienceNs`: how long the interface may be down. */
  constructor(libc: Libc, link: PacketLink, clock: Clock, patienceNs: number) {
    this.#libc = libc;
    this.#clock = clock;
    this.#counters = countersOf(link.counters, link.worker);
    const queues = queuesOfWorker(link);
    const rxBytes = RX_FRAMES * CHUNK_BYTES;
    const txBytes = TX_FRAMES * CHUNK_BYTES;
    // The last chunk is for a frame of another thread.
    this.#handedOffset = txBytes + queues.length * rxBytes + HEADROOM;
    this.#memory = mapOnTouch(libc, frameMemoryBytes(queues.length) + CHUNK_BYTES);
    this.#words = new Int32Array(this.#memory.bytes.buffer);
    const { handover, worker, workers } = link;
    this.#handover = handover === undefined ? null : new Handover(libc, handover, worker, workers);
    this.bytes = this.#memory.bytes;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    const pollWords = (queues.length + 2) * POLLFD_WORDS;
    this.#poll = libc.alloc(pollWords * 4);
    this.#pollWords = new Int32Array(this.#poll.bytes.buffer, 0, pollWords);
    this.#timeout = libc.alloc(16);
    this.#timeoutWords = new Int32Array(this.#timeout.bytes.buffer, 0, 4);
    try {
      queues.forEach((queue, index) => {
        // The first socket has the frames that are sent behind those that it receives into.
        const base = index === 0 ? 0 : txBytes + index * rxBytes;
        const size = index === 0 ? rxBytes + txBytes : rxBytes;
        const socket = openQueueSocket(libc, link, queue, { address: this.#memory.address + base, size });
        this.#sockets.push(socket);
        this.#queues.push(new RxQueue(socket, clock, base, RX_FRAMES, CHUNK_BYTES));
        this.#addToPoll(socket.fd);
      });
      if (this.#handover !== null) this.watch(this.#handover.wakeFd);
    } catch (error) {
      this.dispose();
      throw error;
    }
    const sent = Int32Array.from({ length: TX_FRAMES }, (_, frame) => rxBytes + frame * CHUNK_BYTES + HEADROOM);
    const state = new InterfaceState(clock, this.#counters, patienceNs);
    this.#tx = new TxQueue(libc, this.#sockets[0]!, sent, state);
    sleepOnTime(libc);
  }

  take(): number {
    let offset = this.#tx.take();
    if (offset < 0) {
      this.flush();
      offset = this.#tx.take();
      if (offset < 0) this.#counters[NO_FRAME]!++;
    }
    return offset;
  }

  give(offset: number): void {
    this.#tx.give(offset);
  }

  send(offset: number, length: number): void {
    this.#tx.send(offset, length);
    if (this.#tx.unpublished >= SEND_BATCH) this.flush();
  }

  flush(): void {
    this.#counters[SENT]! += this.#tx.flush();
  }

  get companions(): Companions | null {
    return this.#handover;
  }

  receive(receiver: FrameReceiver): number {
    let count = 0;
    for (const queue of this.#queues) count += queue.receive(receiver, RECEIVE_BATCH);
    if (count > 0) this.#counters[RECEIVED]! += count;
    return this.#handover === null ? count : count + this.#receiveHanded(this.#handover, receiver);
  }

  #receiveHanded(handover: Handover, receiver: FrameReceiver): number {
    const offset = this.#handedOffset;
    for (let count = 0; count < RECEIVE_BATCH; count++) {
      const length = handover.take(this.#words, offset);
      if (length < 0) return count;
      this.#clock.tick();
      receiver.frame(offset, length);
      handover.done();
    }
    return RECEIVE_BATCH;
  }

  pass(offset: number, length: number, owner: number): boolean {
    if (this.#handover?.pass(this.#words, offset, length, owner) !== true) return false;
    this.#counters[HANDED_OVER]!++;
    return true;
  }

  wait(deadline: Deadline): void {
    const tx = this.#tx;
    this.#counters[SENT]! += tx.publish();
    const { waiting } = tx;
    const hasFrames = this.#hasFrames();
    // Looking for events sends a few frames too: one call less. Where frames have come already, or many are to be sent, there is no wait.
    if (waiting !== 0 && (hasFrames || waiting > POLL_SENDS)) tx.flush();
    this.#clock.tick();
    if (this.#clock.nowNs >= this.#statisticsDueNs) {
      this.#readStatistics();
      tx.checkInterface();
    }
    if (!hasFrames) {
      const waitNs = Math.min(deadline.deadlineNs - this.#clock.nowNs, WAIT_NS_MAX);
      if (waitNs > 0) this.#sleep(waitNs);
      else if (tx.waiting !== 0 || this.#needsWakeup()) this.#pollFor(0);
    }
    // What looking for events did not send tells here why.
    if (tx.waiting === 0) tx.reclaim();
    else tx.flush();
  }

  /** Sleeps so that another thread can end it by handing over a frame. */
  #sleep(waitNs: number): void {
    const handover = this.#handover;
    if (handover === null) {
      this.#pollFor(waitNs);
      return;
    }
    handover.asleep();
    this.#pollFor(handover.hasFrames ? 0 : waitNs);
    handover.awake();
  }

  #needsWakeup(): boolean {
    for (const queue of this.#queues) if (queue.needsWakeup) return true;
    return false;
  }

  #hasFrames(): boolean {
    for (const queue of this.#queues) if (queue.hasFrames) return true;
    return this.#handover?.hasFrames === true;
  }

  #pollFor(waitNs: number): void {
    const seconds = Math.floor(waitNs / 1e9);
    this.#timeoutWords[0] = seconds;
    this.#timeoutWords[2] = waitNs - seconds * 1e9;
    const ready = this.#libc.ppoll(this.#poll.address, this.#polled, this.#timeout.address, 0);
    if (ready > 0) this.#emptyWatched();
    else if (ready < 0 && this.#libc.errno() !== EINTR) {
      const name = errnoName(this.#libc.errno());
      throw new RunError(name, `ppoll failed: ${name}`, PLEASE_REPORT);
    }
  }

  /** A watched descriptor that stays readable would end every sleep from now on. */
  #emptyWatched(): void {
    for (let index = this.#sockets.length; index < this.#polled; index++) {
      const at = index * POLLFD_WORDS;
      if (this.#pollWords[at + 1]! >> 16 !== 0) this.#libc.read(this.#pollWords[at]!, this.#timeout.address, 8);
    }
  }

  watch(fd: number): void {
    this.#addToPoll(fd);
  }

  #addToPoll(fd: number): void {
    this.#pollWords.set([fd, POLLIN], this.#polled * POLLFD_WORDS);
    this.#polled++;
  }

  #readStatistics(): void {
    this.#statisticsDueNs = this.#clock.nowNs + STATISTICS_NS;
    const received = this.#counters[RECEIVED]!;
    const isBusy = received - this.#receivedBefore > BUSY_FRAMES;
    this.#receivedBefore = received;
    for (const queue of this.#queues) queue.circulate(isBusy ? RX_FRAMES_BUSY : RX_FRAMES);
    let dropped = 0;
    let full = 0;
    let fillEmpty = 0;
    let txEmpty = 0;
    for (const socket of this.#sockets) {
      const statistics = socket.statistics();
      if (statistics === null) continue;
      dropped += statistics.rxDropped;
      full += statistics.rxRingFull;
      fillEmpty += statistics.fillRingEmpty;
      txEmpty += statistics.txRingEmpty;
    }
    this.#counters[RING_RX_DROPPED] = dropped;
    this.#counters[RING_RX_FULL] = full;
    this.#counters[RING_FILL_EMPTY] = fillEmpty;
    this.#counters[RING_TX_EMPTY] = txEmpty;
  }

  /** Closes the sockets and gives the memory back: `bytes` and `view` must not be touched after that. */
  dispose(): void {
    this.#handover?.leaveForGood();
    if (this.#sockets.length > 0) this.#readStatistics();
    for (const socket of this.#sockets) socket.dispose();
    this.#libc.munmap(this.#memory.address, this.bytes.length);
  }
}
