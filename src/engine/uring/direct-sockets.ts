import { SOCK_STREAM } from '../../kernel/constants.ts';
import { IOSQE_CQE_SKIP_SUCCESS, IOSQE_FIXED_FILE, IOSQE_IO_LINK, OP_BIND, OP_SOCKET } from '../../kernel/io-uring.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { SOCKADDR_STRIDE } from '../../kernel/net/sockaddr.ts';
import { KERNEL_SOURCE } from '../seam/engine.ts';
import type { OutgoingSockets } from '../sockets/outgoing-sockets.ts';
import { fillSocket, fillSocketAddress, prepareOption } from './entries.ts';
import type { Ring } from './ring.ts';

/** The flags of an entry to which the next one is linked, and which has a completion only if it fails. */
export const CHAINED = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;

/**
 * DirectSockets writes the entries that make the socket of a slot on the direct descriptor of the same number, and bind it.
 *
 * SOCKET and its option are not linked, for each link is a detour of its own in the kernel (0.2 µs): none of them ever has to
 * wait, so the kernel does them while it takes them, in their order (io_submit_sqes in io_uring/io_uring.c). BIND is linked to
 * the CONNECT that follows all the same: without its address, a connection must not be opened.
 */
export class DirectSockets {
  readonly #ring: Ring;
  readonly #sockets: OutgoingSockets;
  /** One address a slot: the kernel reads it when the entry is submitted, not when it is written. */
  readonly #addresses: NativeMemory;

  constructor(libc: Libc, ring: Ring, sockets: OutgoingSockets, capacity: number) {
    this.#ring = ring;
    this.#sockets = sockets;
    this.#addresses = libc.alloc(SOCKADDR_STRIDE * capacity);
  }

  /** What comes before CONNECT. It has no completion on success; the first entry that fails ends the attempt. Room must have been reserved. */
  prepare(slot: number, source: number, port: number, tag: number): void {
    const ring = this.#ring;
    const { words } = ring;
    const sockets = this.#sockets;
    const { addresses } = sockets;
    const isBound = source !== KERNEL_SOURCE;
    const socket = ring.prepare(OP_SOCKET, isBound ? IOSQE_CQE_SKIP_SUCCESS : CHAINED, addresses.family, slot, tag);
    fillSocket(words, socket, SOCK_STREAM, slot);
    if (!isBound) return;
    const flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE;
    prepareOption(ring, flags, slot, slot, tag, sockets.optionLevel(port), sockets.optionName(port), sockets.one, 4);
    const { freebind } = sockets;
    if (freebind !== null) prepareOption(ring, flags, slot, slot, tag, freebind.level, freebind.name, sockets.one, 4);
    const offset = slot * SOCKADDR_STRIDE;
    addresses.copySource(source, port, this.#addresses.bytes, offset);
    const bind = ring.prepare(OP_BIND, CHAINED | IOSQE_FIXED_FILE, slot, slot, tag);
    fillSocketAddress(words, bind, this.#addresses.address + offset, addresses.size);
  }
}
