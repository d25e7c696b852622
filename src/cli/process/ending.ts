/** How the process ends where something of it still waits. */
import { loadLibc } from '../../kernel/libc.ts';

/** How long the process waits for what is to be done before it ends. */
const LAST_MS = 300;
const lastActs = new Set<() => Promise<void>>();
let isEnding = false;

/** Has `act` done before a second signal ends the process, 300 ms at most: others may work for this process. Returns what undoes it. */
export function beforeHardEnd(act: () => Promise<void>): () => void {
  lastActs.add(act);
  return () => lastActs.delete(act);
}

/** Ends the process as `endProcess` does, when the acts of `beforeHardEnd` are done or their time is over. The second call waits for nothing. */
export function endAfterLastActs(exitCode: number): void {
  if (isEnding || lastActs.size === 0) endProcess(exitCode);
  isEnding = true;
  const end = (): void => endProcess(exitCode);
  setTimeout(end, LAST_MS);
  // An act that throws must not keep the process.
  void Promise.allSettled([...lastActs].map(async (act) => act())).then(end);
}

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
