/** The AF_XDP sockets of this engine: how large they are, and what to do where a queue is taken. */
import { EBUSY, errnoName } from '../../../kernel/errno.ts';
import type { Libc } from '../../../kernel/libc.ts';
import { mapOnTouch } from '../../../kernel/native-memory.ts';
import { Bpf } from '../../../kernel/xdp/bpf.ts';
import { SOL_XDP, XDP_MAX_TX_SKB_BUDGET } from '../../../kernel/xdp/if-xdp.ts';
import { XskError, XskSocket } from '../../../kernel/xdp/xsk-socket.ts';
import { PLEASE_REPORT } from '../../../units/bugs.ts';
import { RunError } from '../../../units/run-error.ts';
import type { PacketLink } from '../../seam/link.ts';
import { socketError } from '../refusals.ts';

/** A frame of an MTU of 1500 with a tag, the kernel's own headroom of 256 bytes and ours fit. */
export const CHUNK_BYTES = 2048;
/** Ethernet headers have 14 bytes: with two before them, what follows is aligned. */
export const HEADROOM = 2;
/** What comes while the thread does something else for some milliseconds, at a million packets a second. */
export const RX_FRAMES = 8192;
/** As many as go round where packets come one after the other: their first lines fit the cache. */
export const RX_FRAMES_BUSY = 2048;
/** Frames to send. */
export const TX_FRAMES = 2048;
/** Of the socket that only tries. */
const PROBE_FRAMES = 64;
/** Together a second. */
const BUSY_TRIES = 100;
const BUSY_WAIT_NS = 10e6;

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

/** Opens the socket of a queue and puts it into the map of the program. Throws `RunError`. */
export function openQueueSocket(
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
  putIntoMap(new Bpf(libc), link, queue, socket);
  return socket;
}

function putIntoMap(bpf: Bpf, link: PacketLink, queue: number, socket: XskSocket): void {
  const errno = bpf.putSocket(link.socketMapFd, queue, socket.fd);
  if (errno === 0) return;
  const name = errnoName(errno);
  throw new RunError(name, `the program's map does not take the socket of queue ${queue}: ${name}`, PLEASE_REPORT);
}
