import { errnoName } from '../../kernel/errno.ts';
import { readLockedMemoryLimit } from '../../kernel/machine/limits.ts';
import { formatCount } from '../../units/format.ts';
import { RunError } from '../../units/run-error.ts';

/** The error of rings that the kernel has no memory for: what a user may lock (RLIMIT_MEMLOCK) bounds them, in all processes together. */
export function ringMemoryError(errno: number): RunError {
  const name = errnoName(errno);
  const limit = readLockedMemoryLimit();
  const why =
    limit === undefined
      ? 'not enough memory for the rings of io_uring'
      : `the limit of lockable memory, ${formatCount(limit / 1024)} KiB (ulimit -l), is too small for the rings of io_uring`;
  return new RunError(name, `${why} (${name})`, 'raise ulimit -l, use fewer threads, or use --engine epoll');
}
