import { readlinkSync } from 'node:fs';
import { readProc } from './proc.ts';

const ACCESS_MODE = 0o3;
const READ_AND_WRITE = 0o2;

/**
 * Whether this process was started without stdout (`>&-`): Node then opens /dev/null in its place, for reading and writing, where
 * a shell's `> /dev/null` is for writing only.
 */
export function isStdoutClosed(read = readProc, readLink: (path: string) => string = readlinkSync): boolean {
  try {
    if (readLink('/proc/self/fd/1') !== '/dev/null') return false;
  } catch {
    return false;
  }
  const flags = /^flags:\s*([0-7]+)$/m.exec(read('/proc/self/fdinfo/1') ?? '')?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) === READ_AND_WRITE;
}
