import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { errnoNumber } from '../../kernel/errno.ts';
import { codeOf } from '../../units/problem.ts';

/** open(2), O_TMPFILE: a file that never has a name. The same on x86-64 and arm64, beside O_DIRECTORY, which is not. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
/** What kernels and file systems without it answer. */
const NOT_HERE: ReadonlySet<string> = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL', 'ENOENT', 'ENOSYS']);

/**
 * Files without a name: the system removes one when its descriptor is closed, also that of a process which died. Where
 * the file system cannot make such a file, it has a name for the moment between two calls.
 */
export class TempFiles {
  readonly #directory: string;
  #hasNameless = process.platform === 'linux';
  #count = 0;
  /** Why the last call failed, as a Linux error number. */
  errno = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A descriptor, or -1. */
  open(): number {
    try {
      return this.#hasNameless ? this.#openNameless() : this.#openNamed();
    } catch (error) {
      this.errno = errnoOf(error);
      return -1;
    }
  }

  #openNameless(): number {
    try {
      return openSync(this.#directory, O_TMPFILE | constants.O_RDWR, 0o600);
    } catch (error) {
      if (!NOT_HERE.has(codeOf(error))) throw error;
      const fd = this.#openNamed();
      // It was not the directory's fault, then.
      this.#hasNameless = false;
      return fd;
    }
  }

  #openNamed(): number {
    const name = path.join(this.#directory, `.conngen-${process.pid}-${threadId}-${this.#count++}`);
    const fd = openSync(name, 'wx+', 0o600);
    unlinkSync(name);
    return fd;
  }
}

/** Writes `length` bytes to where `position` is in the file. Returns 0, or why it could not, as on a full disk. */
export function writeAt(fd: number, bytes: Uint8Array, length: number, position: number): number {
  try {
    for (let done = 0; done < length;) done += writeSync(fd, bytes, done, length - done, position + done);
    return 0;
  } catch (error) {
    return errnoOf(error);
  }
}

export function closeFile(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Some file systems tell only now that a write came to nothing; the file is gone either way.
  }
}

/** Turns an error of Node.js into a Linux error number. */
export function errnoOf(error: unknown): number {
  return errnoNumber(codeOf(error));
}
