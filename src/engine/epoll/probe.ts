import { EPOLL_CLOEXEC } from '../../kernel/constants.ts';
import { errnoName } from '../../kernel/errno.ts';
import { loadLibc } from '../../kernel/libc.ts';
import type { Libc } from '../../kernel/libc.ts';
import { RunError } from '../../units/run-error.ts';

const HINT = 'use --engine node, which works everywhere';

/** The C library, or the reason why it cannot be called from here. */
export function requireLibc(): Libc {
  if (process.platform !== 'linux') {
    throw new RunError('ENOSYS', `it needs Linux, and this is ${process.platform}`, HINT);
  }
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    throw new RunError('ENOSYS', `it knows x64 and arm64, and this machine is ${process.arch}`, HINT);
  }
  try {
    return loadLibc();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new RunError(
      'ENOSYS',
      `koffi, which calls the C library, cannot be loaded: ${reason}`,
      `npm install koffi, or ${HINT}`,
      {
        cause: error,
      },
    );
  }
}

/** Throws `RunError` where epoll cannot be used. */
export function probeEpoll(): void {
  const libc = requireLibc();
  const fd = libc.epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) {
    const name = errnoName(libc.errno());
    throw new RunError(name, `epoll_create1 failed: ${name}`, HINT);
  }
  libc.close(fd);
}
