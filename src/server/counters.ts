import { ECONNRESET, errnoName } from '../kernel/errno.ts';
import { SharedCounters } from '../runtime/shared/counters.ts';

/** Counters of a listener, by their place in its memory. */
export const ACCEPTED = 0;
export const COMPLETED = 1;
export const REJECTED = 2;
export const IDLE_CLOSED = 3;
export const ABORTED = 4;
export const BYTES_RECEIVED = 5;
export const BYTES_SENT = 6;
/** The peer ended before it had sent anything that could have been answered. */
export const EARLY_EOF = 7;
/** Counters of datagrams. */
export const DATAGRAMS_RECEIVED = 8;
export const DATAGRAMS_SENT = 9;
/** Datagrams that were not answered. The first of the counters; the others follow in the order of `EchoGuard`'s reasons. */
export const DATAGRAMS_DROPPED = 10;
/** Connections that were closed without progress, or aborted, while a part of the answer waited for a peer that did not read. */
export const SLOW_READERS = DATAGRAMS_DROPPED + 3;
/** When the first and the last connection was accepted, in nanoseconds of the run's clock; only meant where `ACCEPTED` is not 0. */
export const FIRST_ACCEPT_NS = SLOW_READERS + 1;
export const LAST_ACCEPT_NS = FIRST_ACCEPT_NS + 1;
const PLAIN_COUNTERS = LAST_ACCEPT_NS + 1;

/** Linux stays below 134; what is above shares the last place. */
const ERRNOS = 160;
const CONNECTION_ERRORS = PLAIN_COUNTERS;
const ACCEPT_ERRORS = CONNECTION_ERRORS + ERRNOS;
const COUNTERS = ACCEPT_ERRORS + ERRNOS;

/** What one listener counts. */
export class ListenerCounters extends SharedCounters {
  static createMemory(): SharedArrayBuffer {
    return SharedCounters.memoryFor(COUNTERS);
  }

  acceptedAt(nowNs: number): void {
    if (this.get(ACCEPTED) === 0) this.set(FIRST_ACCEPT_NS, nowNs);
    this.set(LAST_ACCEPT_NS, nowNs);
    this.add(ACCEPTED, 1);
  }

  connectionError(errno: number): void {
    this.add(CONNECTION_ERRORS + Math.min(errno, ERRNOS - 1), 1);
  }

  acceptError(errno: number): void {
    this.add(ACCEPT_ERRORS + Math.min(errno, ERRNOS - 1), 1);
  }

  /** Connections that ended in an error of any class. */
  get connectionErrors(): number {
    let sum = this.get(EARLY_EOF);
    for (let errno = 0; errno < ERRNOS; errno++) sum += this.get(CONNECTION_ERRORS + errno);
    return sum;
  }

  /** Adds the errors that happened to `sums`, by class: `reset`, `early_eof`, `accept_EMFILE`, `other_EPIPE` … */
  sumErrors(sums: Record<string, number>): void {
    const count = (name: string, value: number): void => {
      sums[name] = (sums[name] ?? 0) + value;
    };
    const early = this.get(EARLY_EOF);
    if (early > 0) count('early_eof', early);
    for (let errno = 0; errno < ERRNOS; errno++) {
      const failed = this.get(CONNECTION_ERRORS + errno);
      if (failed > 0) count(errno === ECONNRESET ? 'reset' : `other_${errnoName(errno)}`, failed);
      const notAccepted = this.get(ACCEPT_ERRORS + errno);
      if (notAccepted > 0) count(`accept_${errnoName(errno)}`, notAccepted);
    }
  }
}
