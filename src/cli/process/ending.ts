/** How the process ends where something of it still waits. */
import { loadLibc } from '../../kernel/libc.ts';

/**
 * Ends the process like `process.exit`, after the listeners of `exit`; but also where one of libuv's threads waits in the kernel
 * for what may never come (a resolver, a file system that hangs), which `process.exit` would wait for. Never returns.
 */
export function endProcess(exitCode: number): never {
  // The last listener: the others have kept by then what they could.
  process.once('exit', (code) => exitWithoutThreads(code));
  return process.exit(exitCode);
}

function exitWithoutThreads(code: number): void {
  try {
    loadLibc().exitNow(code);
  } catch {
    // Without koffi there is only the way that waits.
  }
}
