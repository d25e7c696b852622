import { POLLIN } from '../../kernel/constants.ts';
import { EBUSY, EINTR, errnoName } from '../../kernel/errno.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { mapOnTouch } from '../../kernel/native-memory.ts';
import { sleepOnTime } from '../../kernel/timer-slack.ts';
import { Bpf } from '../../kernel/xdp/bpf.ts';
import { SOL_XDP, XDP_MAX_TX_SKB_BUDGET } from '../../kernel/xdp/if-xdp.ts';
import { XskError, XskSocket } from '../../kernel/xdp/xsk-socket.ts';
import type { Clock } from '../../runtime/clock.ts';
import { PLEASE_REPORT } from '../../units/bugs.ts';
import { RunError } from '../../units/run-error.ts';
import type { Deadline } from '../seam/engine.ts';
import type { PacketLink } from '../seam/link.ts';
import type { FramePort, FrameReceiver } from './frame-port.ts';
import {
  NO_FRAME,
  RECEIVED,
  RING_FILL_EMPTY,
  RING_RX_DROPPED,
  RING_RX_FULL,
  RING_TX_EMPTY,
  SENT,
  countersOf,
} from './packet-counters.ts';
import { socketError } from './refusals.ts';
import { RxQueue } from './rx-queue.ts';
import { TxQueue } from './tx-queue.ts';

/** A frame of an MTU of 1500 with a tag, the kernel's own headroom of 256 bytes and ours fit. */
export const CHUNK_BYTES = 2048;
/** Ethernet headers have 14 bytes: with two before them, what follows is aligned. */
export const HEADROOM = 2;
/** What comes while the thread does something else for some milliseconds, at a million packets a second. */
const RX_FRAMES = 4096;
const TX_FRAMES = 2048;
const PROBE_FRAMES = 64;
const BUSY_TRIES = 100;
const BUSY_WAIT_NS = 10e6;
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
/** struct pollfd in 32-bit words: fd, then events and revents, 16 bits each. */
const POLLFD_WORDS = 2;

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
  #watchedFd = -1;
  #statisticsDueNs = -Infinity;

  /** Throws `RunError` where a queue or memory is not to be had. */
  constructor(libc: Libc, link: PacketLink, clock: Clock) {
    this.#libc = libc;
    this.#clock = clock;
    this.#counters = countersOf(link.counters, link.worker);
    const queues = queuesOfWorker(link);
    const rxBytes = RX_FRAMES * CHUNK_BYTES;
    const txBytes = TX_FRAMES * CHUNK_BYTES;
    this.#memory = mapOnTouch(libc, txBytes + queues.length * rxBytes);
    this.bytes = this.#memory.bytes;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.#poll = libc.alloc((queues.length + 1) * POLLFD_WORDS * 4);
    this.#pollWords = new Int32Array(this.#poll.bytes.buffer, 0, (queues.length + 1) * POLLFD_WORDS);
    this.#timeout = libc.alloc(16);
    this.#timeoutWords = new Int32Array(this.#timeout.bytes.buffer, 0, 4);
    const bpf = new Bpf(libc);
    try {
      queues.forEach((queue, index) => {
        // The first socket has the frames that are sent behind those that it receives into.
        const base = index === 0 ? 0 : txBytes + index * rxBytes;
        const size = index === 0 ? rxBytes + txBytes : rxBytes;
        const socket = openSocket(libc, link, queue, { address: this.#memory.address + base, size });
        this.#sockets.push(socket);
        this.#queues.push(new RxQueue(socket, base, RX_FRAMES, CHUNK_BYTES));
        putIntoMap(bpf, link, queue, socket);
        this.#pollWords.set([socket.fd, POLLIN], index * POLLFD_WORDS);
      });
    } catch (error) {
      this.dispose();
      throw error;
    }
    const sent = Int32Array.from({ length: TX_FRAMES }, (_, frame) => rxBytes + frame * CHUNK_BYTES + HEADROOM);
    this.#tx = new TxQueue(libc, this.#sockets[0]!, sent);
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

  receive(receiver: FrameReceiver): number {
    let count = 0;
    for (const queue of this.#queues) count += queue.receive(receiver, RECEIVE_BATCH);
    if (count > 0) this.#counters[RECEIVED]! += count;
    return count;
  }

  wait(deadline: Deadline): void {
    const tx = this.#tx;
    this.#counters[SENT]! += tx.publish();
    const { waiting } = tx;
    const hasFrames = this.#hasFrames();
    // Looking for events sends a few frames too: one call less. Where frames have come already, or many are to be sent, there is no wait.
    if (waiting !== 0 && (hasFrames || waiting > POLL_SENDS)) tx.flush();
    this.#clock.tick();
    if (this.#clock.nowNs >= this.#statisticsDueNs) this.#readStatistics();
    if (!hasFrames) {
      const waitNs = Math.min(deadline.deadlineNs - this.#clock.nowNs, WAIT_NS_MAX);
      if (waitNs > 0) this.#pollFor(waitNs);
      else if (tx.waiting !== 0 || this.#queues[0]!.needsWakeup) this.#pollFor(0);
    }
    tx.reclaim();
  }

  #hasFrames(): boolean {
    for (const queue of this.#queues) if (queue.hasFrames) return true;
    return false;
  }

  #pollFor(waitNs: number): void {
    const seconds = Math.floor(waitNs / 1e9);
    this.#timeoutWords[0] = seconds;
    this.#timeoutWords[2] = waitNs - seconds * 1e9;
    const fds = this.#sockets.length + (this.#watchedFd < 0 ? 0 : 1);
    const ready = this.#libc.ppoll(this.#poll.address, fds, this.#timeout.address, 0);
    if (ready > 0) this.#look(fds);
    else if (ready < 0 && this.#libc.errno() !== EINTR) {
      const name = errnoName(this.#libc.errno());
      throw new RunError(name, `ppoll failed: ${name}`, PLEASE_REPORT);
    }
  }

  /** What ppoll found: a watched descriptor is emptied, a socket that has lost its interface ends the run. */
  #look(fds: number): void {
    for (let index = 0; index < fds; index++) {
      const events = this.#pollWords[index * POLLFD_WORDS + 1]! >> 16;
      if (index === this.#sockets.length) {
        if (events !== 0) this.#libc.read(this.#watchedFd, this.#timeout.address, 8);
      } else if ((events & ~POLLIN) !== 0) {
        throw new RunError('ENETDOWN', 'the interface is gone or was reset', 'look at ip link show, then start again');
      }
    }
  }

  watch(fd: number): void {
    this.#watchedFd = fd;
    this.#pollWords.set([fd, POLLIN], this.#sockets.length * POLLFD_WORDS);
  }

  #readStatistics(): void {
    this.#statisticsDueNs = this.#clock.nowNs + STATISTICS_NS;
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
    if (this.#sockets.length > 0) this.#readStatistics();
    for (const socket of this.#sockets) socket.dispose();
    this.#libc.munmap(this.#memory.address, this.bytes.length);
  }
}

/** The receive queues that a worker serves. */
export function queuesOfWorker({ queues, worker, workers }: PacketLink): number[] {
  return Array.from({ length: queues }, (_, queue) => queue).filter((queue) => queue % workers === worker);
}

/**
 * Opens a socket on the first queue and closes it, to see whether frames of this interface need not be copied. Throws `RunError` where
 * another program has the queue.
 */
export function probeZeroCopy(
  libc: Libc,
  { interfaceName, ifindex, mode }: Pick<PacketLink, 'interfaceName' | 'ifindex' | 'mode'>,
): boolean {
  const size = PROBE_FRAMES * CHUNK_BYTES;
  const { address } = mapOnTouch(libc, size);
  try {
    const rings = {
      rxEntries: PROBE_FRAMES,
      fillEntries: PROBE_FRAMES,
      txEntries: PROBE_FRAMES,
      completionEntries: PROBE_FRAMES,
    };
    const copy = mode === 'native' ? 'any' : 'copy';
    const frames = { umem: { address, size }, chunkBytes: CHUNK_BYTES, headroom: HEADROOM };
    const socket = tryOn(
      libc,
      interfaceName,
      0,
      () => new XskSocket({ libc, ifindex, queue: 0, ...frames, ...rings, copy }),
    );
    socket.dispose();
    return socket.isZeroCopy;
  } finally {
    libc.munmap(address, size);
  }
}

/** The kernel frees a queue some time after its socket was closed: one that is taken is asked for again for a while. */
function tryOn<T>(libc: Libc, interfaceName: string, queue: number, open: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return open();
    } catch (error) {
      const isBusy = error instanceof XskError && error.step === 'bind' && error.errno === EBUSY;
      if (!isBusy || tries === BUSY_TRIES) throw socketError(error, interfaceName, queue);
      sleepFor(libc, BUSY_WAIT_NS);
    }
  }
}

function sleepFor(libc: Libc, ns: number): void {
  const time = libc.alloc(16);
  new BigInt64Array(time.bytes.buffer, 0, 2)[1] = BigInt(ns);
  libc.nanosleep(time.address, 0);
}

function openSocket(
  libc: Libc,
  link: PacketLink,
  queue: number,
  umem: { readonly address: number; readonly size: number },
): XskSocket {
  const socket = tryOn(
    libc,
    link.interfaceName,
    queue,
    () =>
      new XskSocket({
        libc,
        ifindex: link.ifindex,
        queue,
        umem,
        chunkBytes: CHUNK_BYTES,
        headroom: HEADROOM,
        rxEntries: RX_FRAMES,
        fillEntries: RX_FRAMES,
        txEntries: TX_FRAMES,
        completionEntries: TX_FRAMES,
        copy: link.isZeroCopy ? 'zero-copy' : 'copy',
      }),
  );
  const budget = libc.alloc(4);
  new Int32Array(budget.bytes.buffer, 0, 1)[0] = TX_FRAMES;
  // Not there before Linux 6.18: a flush then takes more calls.
  libc.setsockopt(socket.fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, budget.address, 4);
  return socket;
}

function putIntoMap(bpf: Bpf, link: PacketLink, queue: number, socket: XskSocket): void {
  const errno = bpf.putSocket(link.socketMapFd, queue, socket.fd);
  if (errno === 0) return;
  const name = errnoName(errno);
  throw new RunError(name, `the program's map does not take the socket of queue ${queue}: ${name}`, PLEASE_REPORT);
}
