import type { Libc } from '../../kernel/libc.ts';

/** Closes a socket after a call on it has failed, and returns the error number of that call, which the close would replace. */
export function closeFailed(libc: Libc, fd: number): number {
  const errno = libc.errno();
  libc.close(fd);
  return errno;
}
