import { SHUT_WR } from '../../kernel/constants.ts';
import { ECONNRESET, ENOTCONN } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';

/**
 * Shuts down the writing side of a connection that was established; returns 0 or the errno. ENOTCONN (shutdown(2)) then means
 * that the peer has reset it in the meantime, and that is what is returned.
 */
export function shutDownWriting(libc: Libc, fd: number): number {
  if (libc.shutdown(fd, SHUT_WR) === 0) return 0;
  const errno = libc.errno();
  return errno === ENOTCONN ? ECONNRESET : errno;
}
