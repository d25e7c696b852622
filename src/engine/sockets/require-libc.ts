import { loadLibc, type Libc } from '../../kernel/libc.ts';
import { RunError } from '../../units/run-error.ts';

/** The way out where an engine that uses libc cannot work. */
export const LIBC_HINT = 'use --engine node, which works everywhere';

/** The C library, or the reason why it cannot be called from here. */
export function requireLibc(): Libc {
  if (process.platform !== 'linux') {
    throw new RunError('ENOSYS', `it needs Linux, and this is ${process.platform}`, LIBC_HINT);
  }
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    throw new RunError('ENOSYS', `it knows x64 and arm64, and this machine is ${process.arch}`, LIBC_HINT);
  }
  try {
    return loadLibc();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new RunError(
      'ENOSYS',
      `koffi, which calls the C library, cannot be loaded: ${reason}`,
      `npm install koffi, or ${LIBC_HINT}`,
      {
        cause: error,
      },
    );
  }
}
