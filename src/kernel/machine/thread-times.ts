import { readlinkSync } from 'node:fs';
import { readProc } from '../proc.ts';

/** The time of a thread so far. */
export interface ThreadTimes {
  /** The time that the thread ran on a core. */
  readonly runNs: number;
  /** Ready to run, with no core free for it. Undefined where the kernel does not count it. */
  readonly waitNs: number | undefined;
}

const TICK_NS = 10e6;

/** The number of the calling thread, as /proc/self/task has it; null where there is no /proc. */
export function currentThreadId(): number | null {
  try {
    return Number(/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1] ?? NaN) || null;
  } catch {
    return null;
  }
}

/**
 * The times of a thread of this process: exact from its schedstat (CONFIG_SCHED_INFO), else its processor time to the tick
 * from its stat. Undefined where neither can be read, and when it has ended.
 */
export function readThreadTimes(
  thread: number,
  read: (path: string) => string | undefined = readProc,
): ThreadTimes | undefined {
  const [runNs, waitNs] = (read(`/proc/self/task/${thread}/schedstat`) ?? '').split(' ').map(Number);
  // A kernel without scheduling statistics prints zeros.
  if (runNs !== undefined && waitNs !== undefined && runNs > 0) return { runNs, waitNs };
  const stat = read(`/proc/self/task/${thread}/stat`);
  if (stat === undefined) return undefined;
  // Fields 14 and 15 of proc(5), counted after the name, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? { runNs: ticks * TICK_NS, waitNs: undefined } : undefined;
}
