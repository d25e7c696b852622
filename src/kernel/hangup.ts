import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { readProc, type ReadFile } from './proc.ts';

const SIGHUP_BIT = 1n;
const ACCESS_MODE = 0o3;
const WRITE_ONLY = 0o1;

/**
 * Whether this process was started with SIGHUP ignored, as by nohup(1) or after `trap '' HUP`. Node sets all signals back to
 * their defaults before any JavaScript runs, so that this is told by what else is different then: the parent ignores it too, or
 * nohup has left its marks. `startedAs` is the variable `_`, in which shells name the program that they start.
 */
export function isHangupIgnored(
  startedAs: string | undefined,
  read: ReadFile = readProc,
  readLink: (path: string) => string = readlinkSync,
): boolean {
  const ignoring = ['self', String(process.ppid)].some((pid) => ignoresHangup(read(`/proc/${pid}/status`) ?? ''));
  return ignoring || basename(startedAs ?? '') === 'nohup' || isStdinOfNohup(read, readLink);
}

/** SigIgn of proc(5): a bit for each signal, the lowest that of signal 1. */
function ignoresHangup(status: string): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
}

/** nohup puts /dev/null in the place of a terminal, opened for writing only, so that reading fails. */
function isStdinOfNohup(read: ReadFile, readLink: (path: string) => string): boolean {
  try {
    if (readLink('/proc/self/fd/0') !== '/dev/null') return false;
  } catch {
    return false;
  }
  const flags = /^flags:\s*([0-7]+)$/m.exec(read('/proc/self/fdinfo/0') ?? '')?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) === WRITE_ONLY;
}
