import { EPOLLIN, SOCK_CLOEXEC, SOCK_NONBLOCK } from '../../kernel/constants.ts';
import { EAGAIN, ECONNABORTED, EINTR } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import type { ServerDriver } from '../seam/engine.ts';
import type { Clock } from '../../runtime/clock.ts';
import { openListeningSocket } from '../sockets/listening-socket.ts';
import type { EpollSet } from './epoll-set.ts';

/** In place of a slot: an event of the listener. */
export const LISTENER = -1;
/** There is no connection to accept now. */
export const NOBODY = -1;

/** How long the listener rests after accept failed because descriptors or memory ran out: doubled each time, to the longest. */
const SHORTEST_REST_NS = 10e6;
const REST_NS_MAX = 1e9;

/**
 * The listening socket in an epoll set, and when to leave it alone. It is level-triggered: it is asked a bounded number of
 * times a round, and what remains in the backlog must be reported again.
 */
export class Acceptor {
  readonly #libc: Libc;
  readonly #epoll: EpollSet;
  readonly #clock: Clock;
  #fd = -1;
  #port = 0;
  #restNs = SHORTEST_REST_NS;
  #restEndNs = Infinity;

  constructor(libc: Libc, epoll: EpollSet, clock: Clock) {
    this.#libc = libc;
    this.#epoll = epoll;
    this.#clock = clock;
  }

  get port(): number {
    return this.#port;
  }

  /** When `endRest` is to be called; Infinity if the listener does not rest. */
  get restEndNs(): number {
    return this.#restEndNs;
  }

  /** Throws `RunError` where it cannot listen. */
  listen(host: string | null, port: number, backlog: number): void {
    const socket = openListeningSocket(this.#libc, host, port, backlog);
    this.#fd = socket.fd;
    this.#port = socket.port;
    this.#epoll.add(socket.fd, EPOLLIN, LISTENER, 0);
  }

  /** The descriptor of the next connection, or NOBODY; failures are reported, and answered with a rest. */
  next(driver: ServerDriver): number {
    while (this.#fd >= 0) {
      const fd = this.#libc.accept4(this.#fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        this.#restNs = SHORTEST_REST_NS;
        return fd;
      }
      const errno = this.#libc.errno();
      if (errno === EAGAIN) return NOBODY;
      if (errno === EINTR) continue;
      driver.acceptFailed(errno);
      // That peer has gone before its turn came: one connection less, no reason to rest.
      if (errno === ECONNABORTED) continue;
      this.#rest();
      return NOBODY;
    }
    return NOBODY;
  }

  /** Level-triggered, it would be reported for as long as it cannot be served. */
  #rest(): void {
    if (this.#restEndNs !== Infinity || this.#fd < 0) return;
    this.#epoll.modify(this.#fd, 0, LISTENER, 0);
    this.#restEndNs = this.#clock.now() + this.#restNs;
    this.#restNs = Math.min(2 * this.#restNs, REST_NS_MAX);
  }

  /** A descriptor is free again: no need to rest any longer than the shortest. */
  descriptorFreed(): void {
    if (this.#restEndNs === Infinity) return;
    this.#restEndNs = Math.min(this.#restEndNs, this.#clock.nowNs + SHORTEST_REST_NS);
  }

  endRest(): void {
    this.#restEndNs = Infinity;
    if (this.#fd >= 0) this.#epoll.modify(this.#fd, EPOLLIN, LISTENER, 0);
  }

  close(): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
    this.#restEndNs = Infinity;
  }
}
