import { EPOLL_CLOEXEC } from '../../kernel/constants.ts';
import { errnoName } from '../../kernel/errno.ts';
import { RunError } from '../../units/run-error.ts';
import { LIBC_HINT, requireLibc } from '../sockets/require-libc.ts';

/** Throws `RunError` where epoll cannot be used. */
export function requireEpoll(): void {
  const libc = requireLibc();
  const fd = libc.epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) {
    const name = errnoName(libc.errno());
    throw new RunError(name, `epoll_create1 failed: ${name}`, LIBC_HINT);
  }
  libc.close(fd);
}
