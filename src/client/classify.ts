import {
  ECONNABORTED,
  ECONNREFUSED,
  ECONNRESET,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMFILE,
  ENETDOWN,
  ENETUNREACH,
  ENFILE,
  ENONET,
  ENOPROTOOPT,
  EPIPE,
  ETIMEDOUT,
} from '../kernel/errno.ts';
import {
  CONNECT_TIMEOUT,
  EXCHANGE_TIMEOUT,
  FD_EXHAUSTED,
  OTHER,
  REFUSED,
  RESET,
  SOURCE_EXHAUSTED,
  UNREACHABLE,
} from '../document/outcome.ts';

/**
 * The outcome of an attempt that failed with a Linux error number (connect(2), ip(7), tcp(7); for what ICMP becomes,
 * icmp_err_convert in net/ipv4/icmp.c: "host isolated" is ENONET, "protocol unreachable" ENOPROTOOPT).
 */
export function outcomeOf(errno: number, established: boolean): number {
  switch (errno) {
    case ECONNREFUSED:
      return REFUSED;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return RESET;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENONET:
    case ENOPROTOOPT:
      return UNREACHABLE;
    // The kernel gave up retransmitting before our own timeout did.
    case ETIMEDOUT:
      return established ? EXCHANGE_TIMEOUT : CONNECT_TIMEOUT;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return SOURCE_EXHAUSTED;
    case EMFILE:
    case ENFILE:
      return FD_EXHAUSTED;
    default:
      return OTHER;
  }
}

/** Whether another source port may succeed where this one failed: taken by a foreign socket, or in TIME_WAIT too young. */
export function isPortConflict(errno: number): boolean {
  return errno === EADDRINUSE || errno === EADDRNOTAVAIL;
}
