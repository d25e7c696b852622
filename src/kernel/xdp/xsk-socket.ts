import { MAP_SHARED_POPULATE, PROT_READ_WRITE, SOCK_CLOEXEC } from '../constants.ts';
import type { Libc, NativeMemory } from '../libc.ts';
import {
  ADDRESS_WORDS,
  AF_XDP,
  DESCRIPTOR_WORDS,
  MMAP_OFFSETS_BYTES,
  SOCKADDR_XDP_BYTES,
  SOCK_RAW,
  SOL_XDP,
  STATISTICS_BYTES,
  UMEM_REG_BYTES,
  UMEM_REG_BYTES_SHORT,
  XDP_COPY,
  XDP_MMAP_OFFSETS,
  XDP_OPTIONS,
  XDP_OPTIONS_ZEROCOPY,
  XDP_PGOFF_RX_RING,
  XDP_PGOFF_TX_RING,
  XDP_RX_RING,
  XDP_STATISTICS,
  XDP_TX_RING,
  XDP_UMEM_COMPLETION_RING,
  XDP_UMEM_FILL_RING,
  XDP_UMEM_PGOFF_COMPLETION_RING,
  XDP_UMEM_PGOFF_FILL_RING,
  XDP_UMEM_REG,
  XDP_USE_NEED_WAKEUP,
  XDP_ZEROCOPY,
} from './if-xdp.ts';

/** What the kernel refused while a socket was made. */
export type XskStep = 'socket' | 'umem' | 'ring' | 'bind';

/** A socket that could not be made: at which step, with which error number. */
export class XskError extends Error {
  readonly step: XskStep;
  readonly errno: number;
  constructor(step: XskStep, errno: number) {
    super(`AF_XDP: ${step} failed with errno ${errno}`);
    this.step = step;
    this.errno = errno;
  }
}

/**
 * One of the four rings of a socket, mapped: indices into `words`. The indices of producer and consumer count on and wrap at 2^32; the entry
 * of index i begins at `entries + (i & mask) * words of an entry`. The program that owns one index publishes it with Atomics.store, after the
 * entries are written, and reads the other with Atomics.load.
 */
export interface XskRing {
  readonly words: Int32Array;
  readonly producer: number;
  readonly consumer: number;
  readonly flags: number;
  readonly entries: number;
  readonly mask: number;
}

export interface XskOptions {
  readonly libc: Libc;
  readonly ifindex: number;
  readonly queue: number;
  /** The memory of all frames of this socket: whole pages, divided into chunks. Not freed by the socket. */
  readonly umem: { readonly address: number; readonly size: number };
  readonly chunkBytes: number;
  /** Bytes that the kernel leaves free before a received frame, beside its own XDP_PACKET_HEADROOM. */
  readonly headroom: number;
  /** Places of the rings, powers of two. */
  readonly rxEntries: number;
  readonly fillEntries: number;
  readonly txEntries: number;
  readonly completionEntries: number;
  /** `any`: zero copy where the driver has it, else copy; `isZeroCopy` tells. */
  readonly copy: 'any' | 'copy' | 'zero-copy';
}

/** Counters of XDP_STATISTICS, since the socket was made. */
export interface XskStatistics {
  /** Frames that were longer than a chunk, or for which the kernel had no memory. */
  readonly rxDropped: number;
  /** The program was too slow to read what came. */
  readonly rxRingFull: number;
  /** The kernel found no frame to receive into. */
  readonly fillRingEmpty: number;
  /** The driver found nothing to send; no loss. */
  readonly txRingEmpty: number;
  readonly invalidDescriptors: number;
}

/**
 * An AF_XDP socket on one queue of an interface, bound. It receives what an XDP program sends to it, once it is in the program's map. Throws
 * `XskError`. Documentation/networking/af_xdp.rst has the rules of the rings.
 */
export class XskSocket {
  readonly fd: number;
  readonly rx: XskRing;
  readonly tx: XskRing;
  readonly fill: XskRing;
  readonly completion: XskRing;
  readonly isZeroCopy: boolean;
  readonly #libc: Libc;
  readonly #argument: NativeMemory;
  readonly #view: DataView<ArrayBuffer>;
  readonly #mappings: { address: number; size: number }[] = [];

  constructor(options: XskOptions) {
    const { libc } = options;
    this.#libc = libc;
    this.#argument = libc.alloc(MMAP_OFFSETS_BYTES + 8);
    this.#view = new DataView(this.#argument.bytes.buffer);
    this.fd = libc.socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (this.fd < 0) throw new XskError('socket', libc.errno());
    try {
      this.#registerUmem(options);
      this.#setOption(XDP_UMEM_FILL_RING, options.fillEntries);
      this.#setOption(XDP_UMEM_COMPLETION_RING, options.completionEntries);
      this.#setOption(XDP_RX_RING, options.rxEntries);
      this.#setOption(XDP_TX_RING, options.txEntries);
      this.#getOption(XDP_MMAP_OFFSETS, MMAP_OFFSETS_BYTES);
      const offsets = this.#argument.bytes.slice(0, MMAP_OFFSETS_BYTES);
      const map = (index: number, page: number, entries: number, words: number): XskRing =>
        this.#mapRing(new DataView(offsets.buffer, index * 32, 32), page, entries, words);
      this.rx = map(0, XDP_PGOFF_RX_RING, options.rxEntries, DESCRIPTOR_WORDS);
      this.tx = map(1, XDP_PGOFF_TX_RING, options.txEntries, DESCRIPTOR_WORDS);
      this.fill = map(2, XDP_UMEM_PGOFF_FILL_RING, options.fillEntries, ADDRESS_WORDS);
      this.completion = map(3, XDP_UMEM_PGOFF_COMPLETION_RING, options.completionEntries, ADDRESS_WORDS);
      this.#bind(options);
      this.#getOption(XDP_OPTIONS, 4);
      this.isZeroCopy = (this.#view.getUint32(0, true) & XDP_OPTIONS_ZEROCOPY) !== 0;
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  #registerUmem({ umem, chunkBytes, headroom }: XskOptions): void {
    const view = this.#view;
    this.#argument.bytes.fill(0);
    view.setBigUint64(0, BigInt(umem.address), true);
    view.setBigUint64(8, BigInt(umem.size), true);
    view.setUint32(16, chunkBytes, true);
    view.setUint32(20, headroom, true);
    const { address } = this.#argument;
    for (const size of [UMEM_REG_BYTES, UMEM_REG_BYTES_SHORT]) {
      if (this.#libc.setsockopt(this.fd, SOL_XDP, XDP_UMEM_REG, address, size) === 0) return;
    }
    throw new XskError('umem', this.#libc.errno());
  }

  #setOption(name: number, value: number): void {
    this.#view.setUint32(0, value, true);
    const result = this.#libc.setsockopt(this.fd, SOL_XDP, name, this.#argument.address, 4);
    if (result < 0) throw new XskError('ring', this.#libc.errno());
  }

  /** The value is left in the argument. */
  #getOption(name: number, size: number): void {
    const { address } = this.#argument;
    this.#view.setUint32(MMAP_OFFSETS_BYTES, size, true);
    const result = this.#libc.getsockopt(this.fd, SOL_XDP, name, address, address + MMAP_OFFSETS_BYTES);
    if (result < 0) throw new XskError('ring', this.#libc.errno());
  }

  /** `offsets` is the struct xdp_ring_offset of this ring: producer, consumer, desc, flags. */
  #mapRing(offsets: DataView, page: number, entries: number, entryWords: number): XskRing {
    const wordAt = (index: number): number => Number(offsets.getBigUint64(index * 8, true)) / 4;
    const first = wordAt(2);
    const size = (first + entries * entryWords) * 4;
    const address = this.#libc.mmap(0, size, PROT_READ_WRITE, MAP_SHARED_POPULATE, this.fd, page);
    if (address === -1) throw new XskError('ring', this.#libc.errno());
    this.#mappings.push({ address, size });
    return {
      words: new Int32Array(this.#libc.view(address, size)),
      producer: wordAt(0),
      consumer: wordAt(1),
      entries: first,
      flags: wordAt(3),
      mask: entries - 1,
    };
  }

  #bind({ ifindex, queue, copy }: XskOptions): void {
    const view = this.#view;
    const copyFlags = { any: 0, copy: XDP_COPY, 'zero-copy': XDP_ZEROCOPY }[copy];
    view.setUint16(0, AF_XDP, true);
    view.setUint16(2, XDP_USE_NEED_WAKEUP | copyFlags, true);
    view.setUint32(4, ifindex, true);
    view.setUint32(8, queue, true);
    view.setUint32(12, 0, true);
    const result = this.#libc.bind(this.fd, this.#argument.address, SOCKADDR_XDP_BYTES);
    if (result < 0) throw new XskError('bind', this.#libc.errno());
  }

  /** What the kernel dropped and missed. Null where it does not tell (before Linux 5.9). */
  statistics(): XskStatistics | null {
    try {
      this.#getOption(XDP_STATISTICS, STATISTICS_BYTES);
    } catch {
      return null;
    }
    const at = (index: number): number => Number(this.#view.getBigUint64(index * 8, true));
    return {
      rxDropped: at(0),
      invalidDescriptors: at(1) + at(2),
      rxRingFull: at(3),
      fillRingEmpty: at(4),
      txRingEmpty: at(5),
    };
  }

  /** Closes the socket and unmaps its rings, which must not be touched after that. */
  dispose(): void {
    this.#libc.close(this.fd);
    for (const { address, size } of this.#mappings) this.#libc.munmap(address, size);
    this.#mappings.length = 0;
  }
}
