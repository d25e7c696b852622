/** Result files: whole or not at all, and never at the cost of something that is no regular file. */
import { randomBytes } from 'node:crypto';
import { constants, renameSync, truncateSync, type Stats } from 'node:fs';
import { access, open, realpath, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../units/problem.ts';

/** Names of open descriptors. A regular file behind one belongs to the program that opened it. */
const DESCRIPTOR = /^\/(?:dev\/(?:stdout|stderr|fd\/)|proc\/)/;

/**
 * How what is no regular file is opened. Without O_NONBLOCK, open(2) of a FIFO and write(2) into a full one would each keep a
 * thread in the kernel until there is a reader, and a process does not exit before its threads.
 */
const INTO = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY;
/** A FIFO without a reader for this long is reported. */
const READER_WITHIN_MS = 800;
const RETRY_MS = 20;

/** The longest name of a file on Linux (NAME_MAX). */
const NAME_MAX_BYTES = 255;
const PARTIAL = '.partial';

/** What a result file's name leads to, looked up without opening anything. */
export type OutputState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'directory' }
  /** Writing to it will fail, as things stand. */
  | { readonly kind: 'unwritable'; readonly reason: string };

/** Whether `path` can be written, as far as that can be told beforehand. Changes nothing. */
export async function inspectOutput(path: string): Promise<OutputState> {
  try {
    const found = await statOrNull(path);
    if (found?.isDirectory() === true) return { kind: 'directory' };
    if (found !== null) await access(path, constants.W_OK);
    if (found === null || found.isFile())
      await access(dirname(await resolveTarget(path)), constants.W_OK | constants.X_OK);
    return { kind: 'ready' };
  } catch (error) {
    return { kind: 'unwritable', reason: reasonOf(error) };
  }
}

/**
 * Writes a file under another name beside `path` and renames it over `path`, so that a reader sees the old content or the
 * new. Pipes and devices (/dev/stdout) are written straight into. Rejects with the system's error; the old content stands.
 */
export async function writeOutput(path: string, content: string): Promise<void> {
  const file = await OutputFile.open(path);
  try {
    await file.append(content);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** The temporary name of a file until it is whole; null for a target that is no regular file. */
interface Staging {
  readonly temporary: string;
  readonly target: string;
  /** Permissions of the file that will be replaced. */
  readonly mode: number | null;
}

/** Writes a file like `writeOutput`, but piece by piece. One call at a time; each rejects with the system's error. */
export class OutputFile {
  readonly #handle: FileHandle;
  readonly #staging: Staging | null;
  #wholeBytes = 0;

  private constructor(handle: FileHandle, staging: Staging | null) {
    this.#handle = handle;
    this.#staging = staging;
  }

  static async open(path: string): Promise<OutputFile> {
    const found = await statOrNull(path);
    if (found?.isDirectory() === true) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
    if (found !== null && (!found.isFile() || DESCRIPTOR.test(path))) {
      return new OutputFile(found.isFIFO() ? await openPipe(path) : await open(path, INTO), null);
    }
    // A rename would get round the protection of a file that may not be written.
    if (found !== null) await access(path, constants.W_OK);
    // Through a link to what it names, which the rename would otherwise replace.
    const target = await resolveTarget(path);
    const { handle, temporary } = await openTemporary(dirname(target));
    const mode = found === null ? null : found.mode & 0o7777;
    return new OutputFile(handle, { temporary, target, mode });
  }

  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    for (let offset = 0; offset < bytes.length;) {
      try {
        offset += (await this.#handle.write(bytes, offset)).bytesWritten;
      } catch (error) {
        // A pipe or a terminal that is full: the wait for it is a timer, which keeps no thread in the kernel.
        if (codeOf(error) !== 'EAGAIN') throw error;
        await sleep(RETRY_MS);
      }
    }
    this.#wholeBytes += bytes.length;
  }

  /** Puts the file in its place. */
  async commit(): Promise<void> {
    const mode = this.#staging?.mode ?? null;
    if (mode !== null) await this.#handle.chmod(mode);
    await this.#handle.close();
    if (this.#staging !== null) await rename(this.#staging.temporary, this.#staging.target);
  }

  /** Removes the temporary file. Does not reject. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    if (this.#staging !== null) await rm(this.#staging.temporary, { force: true });
  }

  /**
   * After a piece could not be written: keeps the whole ones under a name of their own, so that neither they nor an older file
   * are lost. Returns that name, or null where nothing was whole.
   */
  async keepPartial(): Promise<string | null> {
    if (this.#staging === null || this.#wholeBytes === 0) {
      await this.discard();
      return null;
    }
    await this.#handle.close().catch(() => undefined);
    await truncate(this.#staging.temporary, this.#wholeBytes);
    const partial = partialName(this.#staging.target);
    await rename(this.#staging.temporary, partial);
    return partial;
  }

  /** The same synchronously, for a process that is about to end. */
  keepPartialNow(): void {
    if (this.#staging === null) return;
    truncateSync(this.#staging.temporary, this.#wholeBytes);
    renameSync(this.#staging.temporary, partialName(this.#staging.target));
  }
}

/** Opens a FIFO that has a reader, or gets one in time. */
async function openPipe(path: string): Promise<FileHandle> {
  const until = performance.now() + READER_WITHIN_MS;
  for (;;) {
    try {
      return await open(path, INTO);
    } catch (error) {
      if (codeOf(error) !== 'ENXIO') throw error;
      if (performance.now() > until) throw new Error('this pipe has no reader', { cause: error });
      await sleep(RETRY_MS);
    }
  }
}

/**
 * A new file in `directory`. Its name is random: process numbers come again (in a container each run is process 1), and the
 * name of the target may already be as long as a name can be.
 */
async function openTemporary(directory: string): Promise<{ handle: FileHandle; temporary: string }> {
  const temporary = join(directory, `.conngen-${randomBytes(8).toString('hex')}.tmp`);
  return { handle: await open(temporary, 'wx'), temporary };
}

/** `NAME.partial`; of a name that would be too long so, only what fits before it. */
function partialName(target: string): string {
  const name = Buffer.from(basename(target));
  let length = Math.min(name.length, NAME_MAX_BYTES - PARTIAL.length);
  // Not in the midst of a character of UTF-8.
  while (length < name.length && (name[length]! & 0xc0) === 0x80) length--;
  return join(dirname(target), `${name.toString('utf8', 0, length)}${PARTIAL}`);
}

/** Whether two names lead, or will lead, to the same regular file: what is written into a device or a pipe overwrites nothing. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([resolveTarget(a), resolveTarget(b)]);
  if (first !== second && !(await isSameEntry(first, second))) return false;
  const found = await statOrNull(first).catch(() => null);
  return found === null || found.isFile();
}

/** Whether both are one name in one directory, which may be mounted at two places. */
async function isSameEntry(a: string, b: string): Promise<boolean> {
  if (basename(a) !== basename(b)) return false;
  const inodeOf = async (path: string): Promise<string | null> => {
    const found = await statOrNull(path).catch(() => null);
    return found === null ? null : `${found.dev}:${found.ino}`;
  };
  const [first, second] = await Promise.all([inodeOf(dirname(a)), inodeOf(dirname(b))]);
  return first !== null && first === second;
}

/** Why writing failed, in one sentence for people. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
      return 'there is no such directory';
    case 'ENOTDIR':
      return 'part of its path is not a directory';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not write there';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
      return 'no space is left';
    case 'ENAMETOOLONG':
      return 'the name is longer than the file system takes';
    case 'EPIPE':
      return 'it has no reader any more';
    case 'unknown':
      return error instanceof Error ? error.message : String(error);
    default:
      return code;
  }
}

/** The target of a link; the future path of what does not exist yet. */
export async function resolveTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const directory = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
    return join(directory, basename(path));
  }
}

async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
