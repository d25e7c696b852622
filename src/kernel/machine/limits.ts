import { readProc, type ReadFile } from '../proc.ts';

// Where there is no /proc there is no cheap way to ask; this is what macOS gives a shell at most by default.
const LIMIT_ELSEWHERE = 10_240;
const UNLIMITED = 1_048_576;

/** How many files this process may have open: the soft RLIMIT_NOFILE (getrlimit(2)), which Node raises to the hard one as it starts. */
export function openFileLimit(): number {
  return readOpenFileLimit() ?? LIMIT_ELSEWHERE;
}

/** The same; undefined where it cannot be read. */
export function readOpenFileLimit(read: ReadFile = readProc): number | undefined {
  const soft = softLimit('Max open files', read);
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? UNLIMITED : Number(soft);
}

/** Bytes that a user's processes may lock in memory together: the soft RLIMIT_MEMLOCK. Undefined where there is no limit, or it cannot be read. */
export function readLockedMemoryLimit(read: ReadFile = readProc): number | undefined {
  const soft = softLimit('Max locked memory', read);
  return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
}

/** Bytes to which this process may raise that limit: the hard RLIMIT_MEMLOCK. Undefined where there is no limit, or it cannot be read. */
export function readMostLockedMemory(read: ReadFile = readProc): number | undefined {
  const hard = /^Max locked memory\s+\S+\s+(\S+)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  return hard === undefined || hard === 'unlimited' ? undefined : Number(hard);
}

function softLimit(name: string, read: ReadFile): string | undefined {
  return new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(read('/proc/self/limits') ?? '')?.[1];
}
