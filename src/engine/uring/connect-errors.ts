import { IPPROTO_TCP, SOL_SOCKET, SO_ERROR, TCP_INFO, TCP_SYN_SENT } from '../../kernel/constants.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';

/**
 * SO_ERROR of each slot after its connect, because a good result of CONNECT is not enough: an ICMP error that comes while connect
 * still holds the socket, as from a packet filter on this machine, is kept as a soft error (tcp_v4_err in net/ipv4/tcp_ipv4.c).
 * It wakes the ring, which finds no hard one and completes CONNECT with 0 (io_connect in io_uring/net.c). Where no
 * SEND is linked to the CONNECT, which shows the same, it costs an entry or a call for each connection.
 */
export class ConnectErrors {
  readonly #libc: Libc;
  /** An int a slot; then the sizes that getsockopt reads: of an int, and of the state in a struct tcp_info. */
  readonly #memory: NativeMemory;
  readonly #words: Int32Array;
  readonly #capacity: number;

  constructor(libc: Libc, capacity: number) {
    this.#libc = libc;
    this.#capacity = capacity;
    this.#memory = libc.alloc(4 * (capacity + 2));
    this.#words = new Int32Array(this.#memory.bytes.buffer, 0, capacity + 2);
    this.#words.set([4, 1], capacity);
  }

  /** Where the ring writes the error of a slot. */
  addressOf(slot: number): number {
    return this.#memory.address + 4 * slot;
  }

  /** What the ring wrote. */
  read(slot: number): number {
    return this.#words[slot] ?? 0;
  }

  /** Asks through libc. Reading SO_ERROR clears it, also for a receive that is under way: first a look at the state. */
  ask(slot: number, fd: number): number {
    const value = this.addressOf(slot);
    const intSize = this.addressOf(this.#capacity);
    this.#words[slot] = 0;
    this.#libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, value, intSize + 4);
    if (this.#words[slot] !== TCP_SYN_SENT) return 0;
    this.#words[slot] = 0;
    this.#libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, intSize);
    return this.#words[slot];
  }
}
