import { constants, getPriority, setPriority } from 'node:os';

/**
 * Puts the calling thread before every ordinary one of this machine, where the user may do that (CAP_SYS_NICE or RLIMIT_NICE,
 * setpriority(2)); else it stays where it is. On Linux a thread has a nice value of its own; elsewhere it is the process's, which
 * is left alone. For threads that sleep between things that are due: one that only computed would starve the others, its own
 * helpers among them. Returns what puts it back.
 */
export function putFirst(platform: NodeJS.Platform = process.platform): () => void {
  if (platform !== 'linux') return () => undefined;
  try {
    const before = getPriority(0);
    setPriority(0, constants.priority.PRIORITY_HIGHEST);
    return () => setPriority(0, before);
  } catch {
    // An ordinary user: the thread waits its turn, and `run_queue_wait` shows how long.
    return () => undefined;
  }
}
