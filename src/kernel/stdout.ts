import { readlinkSync } from 'node:fs';
import { readProc } from './proc.ts';

const ACCESS_MODE = 0o3;
const READ_AND_WRITE = 0o2;
const STDOUT = 1;
const STDERR = 2;

/**
 * Whether this process was started without stdout (`>&-`). Node then opens /dev/null in its place, for reading and writing, where a
 * shell's `> /dev/null` is for writing only. `stdio: 'ignore'` of Node and subprocess.DEVNULL of Python look the same. False where
 * stderr is such a /dev/null too: that is how a daemon is started, and nothing could be said.
 */
export function isStdoutClosed(read = readProc, readLink: (path: string) => string = readlinkSync): boolean {
  return isClosed(STDOUT, read, readLink) && !isClosed(STDERR, read, readLink);
}

function isClosed(fd: number, read: typeof readProc, readLink: (path: string) => string): boolean {
  try {
    if (readLink(`/proc/self/fd/${fd}`) !== '/dev/null') return false;
  } catch {
    return false;
  }
  const flags = /^flags:\s*([0-7]+)$/m.exec(read(`/proc/self/fdinfo/${fd}`) ?? '')?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) === READ_AND_WRITE;
}
