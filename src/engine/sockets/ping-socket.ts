import {
  IPPROTO_IP,
  IPPROTO_TCP,
  IP_BIND_ADDRESS_NO_PORT,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ERROR,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDTIMEO,
  TCP_NODELAY,
} from '../../kernel/constants.ts';
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  ECONNREFUSED,
  EHOSTUNREACH,
  EINPROGRESS,
  ENETUNREACH,
  EPROTO,
} from '../../kernel/errno.ts';
import type { Libc, NativeMemory } from '../../kernel/libc.ts';
import { outsidePorts } from '../../kernel/net/outside-ports.ts';
import { closeFailed } from './close-failed.ts';
import { KERNEL_PORT, POLL_NS } from '../seam/engine.ts';
import { HEAD_BYTES, messageStride } from '../seam/ping.ts';
import type { PingEngineOptions } from '../seam/ping.ts';
import { markDatagram } from './ping-mark.ts';
import { freebindOption } from './freebind.ts';
import { SelfConnections } from './self-connections.ts';
import { SocketAddresses } from './socket-addresses.ts';

/** The smallest receive buffer: one receive brings several messages of a stream. */
const RECEIVE_BYTES = 64 * 1024;
/** The receive buffer that is requested, more than the kernel's default, since replies to many pings arrive together. The kernel grants up to net.core.rmem_max. */
const DATAGRAM_BUFFER_BYTES = 4 * 1024 * 1024;

const PATTERN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Makes the sockets of a ping engine that calls libc, and holds the memory that they send from and receive into. */
export class PingSockets {
  /** One message for each slot, `stride` apart: what is being sent must not change. */
  readonly messages: NativeMemory;
  readonly stride: number;
  /** Shared by all slots. Room for one byte more than a datagram should have, so that a longer one shows. */
  readonly buffer: NativeMemory;
  readonly #words: Int32Array;
  readonly #libc: Libc;
  readonly #options: PingEngineOptions;
  readonly #addresses: SocketAddresses;
  readonly #selves: SelfConnections;
  readonly #freebind: ReturnType<typeof freebindOption> | null;
  /** An int at 0, struct timeval at 8, the size of an int at 24. */
  readonly #value: NativeMemory;

  constructor(libc: Libc, options: PingEngineOptions) {
    const { target, sources, connections, messageBytes } = options;
    this.#libc = libc;
    this.#options = options;
    // Without a source there is the address of none, for a socket that needs a port all the same.
    const from = sources.length > 0 ? sources : [target.family === 4 ? '0.0.0.0' : '::'];
    this.#addresses = new SocketAddresses(libc, target, from);
    this.#selves = new SelfConnections(libc);
    this.#freebind = options.isFreebind === true ? freebindOption(target.family) : null;
    this.#value = libc.alloc(32);
    this.stride = messageStride(messageBytes);
    this.messages = libc.alloc(connections * this.stride);
    fillMessages(this.messages.bytes);
    for (let slot = 0; slot < connections; slot++) markDatagram(options, this.messages.bytes, slot * this.stride);
    this.#words = new Int32Array(this.messages.bytes.buffer, 0, this.messages.bytes.length / 4);
    this.buffer = libc.alloc(Math.max(RECEIVE_BYTES, messageBytes + 1));
  }

  /** The descriptor of a socket that is connected, or connecting where `nonBlocking`; or the negative error number. */
  open(slot: number, nonBlocking: boolean): number {
    const fd = this.#connect(this.make(slot, nonBlocking), nonBlocking);
    return fd === -EADDRNOTAVAIL ? this.#connect(this.makeOutside(slot, nonBlocking), nonBlocking) : fd;
  }

  /** Whether a connection is one to itself: the kernel chose the target's own port, and nothing listens there. */
  isItsOwnPeer(fd: number): boolean {
    return this.#selves.has(fd);
  }

  #connect(fd: number, nonBlocking: boolean): number {
    if (fd < 0) return fd;
    if (this.#libc.connect(fd, this.#addresses.target, this.#addresses.size) === 0) {
      if (this.#options.protocol !== 'tcp' || !this.#selves.has(fd)) return fd;
      this.#libc.close(fd);
      return -ECONNREFUSED;
    }
    return nonBlocking && this.#libc.errno() === EINPROGRESS ? fd : -closeFailed(this.#libc, fd);
  }

  /** The descriptor of a socket that is still to be connected, or the negative error number. The kernel chooses its port. */
  make(slot: number, nonBlocking: boolean): number {
    const { sources } = this.#options;
    const fd = this.#create(nonBlocking);
    if (fd < 0 || sources.length === 0) return fd;
    this.#setInt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    return this.#bind(fd, slot, KERNEL_PORT);
  }

  /**
   * The same, on a port that the kernel does not choose: for when it finds none (EADDRNOTAVAIL), because a generator has had
   * them all a moment ago.
   */
  makeOutside(slot: number, nonBlocking: boolean): number {
    for (const port of outsidePorts()) {
      const fd = this.#create(nonBlocking);
      if (fd < 0) return fd;
      this.#setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      const bound = this.#bind(fd, slot, port);
      if (bound !== -EADDRINUSE) return bound;
    }
    return -EADDRNOTAVAIL;
  }

  #bind(fd: number, slot: number, port: number): number {
    if (this.#freebind !== null) this.#setInt(fd, this.#freebind.level, this.#freebind.name, 1);
    const index = slot % Math.max(1, this.#options.sources.length);
    return this.#libc.bind(fd, this.#addresses.source(index, port), this.#addresses.size) < 0
      ? -closeFailed(this.#libc, fd)
      : fd;
  }

  #create(nonBlocking: boolean): number {
    const { protocol } = this.#options;
    const libc = this.#libc;
    const type = (protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | (nonBlocking ? SOCK_NONBLOCK : 0);
    const fd = libc.socket(this.#addresses.family, type, 0);
    if (fd < 0) return -libc.errno();
    if (protocol === 'tcp') this.#setInt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    else this.#setInt(fd, SOL_SOCKET, SO_RCVBUF, DATAGRAM_BUFFER_BYTES);
    if (!nonBlocking) this.#setTimeouts(fd);
    return fd;
  }

  /** The address of the peer's sockaddr, for an engine that connects by itself. */
  get target(): { readonly address: number; readonly size: number } {
    return { address: this.#addresses.target, size: this.#addresses.size };
  }

  #setInt(fd: number, level: number, name: number, value: number): void {
    new Int32Array(this.#value.bytes.buffer, 0, 1)[0] = value;
    this.#libc.setsockopt(fd, level, name, this.#value.address, 4);
  }

  /** Limits how long a call of a blocking socket lasts (socket(7), SO_RCVTIMEO; connect counts as sending). */
  #setTimeouts(fd: number): void {
    const { timeoutNs } = this.#options;
    this.#setTime(fd, SO_SNDTIMEO, timeoutNs);
    this.#setTime(fd, SO_RCVTIMEO, Math.min(timeoutNs, POLL_NS));
  }

  #setTime(fd: number, name: number, timeNs: number): void {
    const usec = Math.max(1, Math.ceil(timeNs / 1e3));
    new BigInt64Array(this.#value.bytes.buffer, 8, 2).set([BigInt(Math.floor(usec / 1e6)), BigInt(usec % 1e6)]);
    this.#libc.setsockopt(fd, SOL_SOCKET, name, this.#value.address + 8, 16);
  }

  /** The error that is pending on a socket (SO_ERROR), which clears it; 0 if there is none. */
  takeError(fd: number): number {
    const words = new Int32Array(this.#value.bytes.buffer, 0, 8);
    words[0] = 0;
    words[6] = 4;
    this.#libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, this.#value.address, this.#value.address + 24);
    return words[0];
  }

  /** Writes the head of the slot's message and returns its address. */
  write(slot: number, sequence: number, ticket: number): number {
    const at = slot * this.stride;
    this.#words[at >> 2] = sequence;
    this.#words[(at >> 2) + 1] = ticket;
    return this.messages.address + at;
  }
}

/** Fills the message with printable bytes after the head, so that a packet capture reads well. */
export function fillMessages(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = PATTERN.charCodeAt((i + HEAD_BYTES) % PATTERN.length);
}

/** Whether an error of a datagram socket came from the network, about an earlier datagram (udp(7), ICMP). */
export function isReported(errno: number): boolean {
  return errno === ECONNREFUSED || errno === EHOSTUNREACH || errno === ENETUNREACH || errno === EPROTO;
}
