import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { SOCKADDR_STRIDE } from '../../kernel/net/sockaddr.ts';
import { ResetOnClose } from './reset-on-close.ts';

const PEER = SOCKADDR_STRIDE;
const SIZES = 2 * SOCKADDR_STRIDE;
const MEMORY_BYTES = SIZES + 8;
/** What a sockaddr_in or the head of a sockaddr_in6 has in 16 bytes, and a sockaddr_in6 in 28. */
const COMPARED_WORDS = 7;

/**
 * Finds connections of a socket to itself. Where nothing listens on a port of this machine and the kernel chooses that port
 * as the source port, TCP connects the socket to itself (RFC 9293 section 3.5, simultaneous open): it looks established, and
 * echoes. Two calls for each connection, so only where it can happen.
 */
export class SelfConnections {
  readonly #libc: Libc;
  readonly #reset: ResetOnClose;
  /** Two sockaddrs and their sizes. */
  readonly #memory: NativeMemory;
  readonly #words: Int32Array;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#reset = new ResetOnClose(libc);
    this.#memory = libc.alloc(MEMORY_BYTES);
    this.#words = new Int32Array(this.#memory.bytes.buffer, 0, MEMORY_BYTES / 4);
  }

  /**
   * Whether a connected socket is its own peer. Its close is then a reset, so that no TIME_WAIT keeps the port from a server
   * that starts there.
   */
  has(fd: number): boolean {
    const words = this.#words;
    const { address } = this.#memory;
    words.fill(0, 0, SIZES / 4);
    words[SIZES / 4] = SOCKADDR_STRIDE;
    if (this.#libc.getsockname(fd, address, address + SIZES) < 0) return false;
    words[SIZES / 4] = SOCKADDR_STRIDE;
    if (this.#libc.getpeername(fd, address + PEER, address + SIZES) < 0) return false;
    for (let i = 0; i < COMPARED_WORDS; i++) if (words[i] !== words[PEER / 4 + i]) return false;
    this.#reset.set(fd);
    return true;
  }
}
