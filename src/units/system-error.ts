/** Errors of the system in the words of who has to do something about them, instead of a stack. */

const HINTS: Readonly<Record<string, string>> = {
  EMFILE: 'raise the limit of open files (ulimit -n 4096), or take fewer --workers or --listeners',
  ENFILE: 'raise fs.file-max, or end what else has files open on this machine',
  EAGAIN: 'raise the limit of processes and threads (ulimit -u), or take fewer --workers or --listeners',
  ENOMEM: 'free memory, or raise the limit of the control group',
  ENOSPC: 'free space on that file system',
  ERR_WORKER_INIT_FAILED:
    'raise the limit of processes and threads (ulimit -u), or take fewer --workers or --listeners',
  ERR_WORKER_OUT_OF_MEMORY: 'free memory, or take fewer connections at once',
};

/** Code, sentence and remedy of an error that the system, or Node on its behalf, gave; null for any other. */
export function describeSystemError(error: unknown): { code: string; message: string; hint: string } | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  const { code, message } = error;
  if ('syscall' in error && error.syscall === 'uv_cwd') {
    return { code, message: 'the working directory was deleted', hint: 'cd to a directory that exists' };
  }
  const isSystem = /^E[A-Z0-9]+$/.test(code) && 'syscall' in error;
  if (!isSystem && !Object.hasOwn(HINTS, code)) return null;
  return { code, message: message.split('\n')[0]!, hint: HINTS[code] ?? '' };
}
