/** Result files: whole or not at all, and never at the cost of something that is no regular file. */
import { constants, renameSync, truncateSync, type Stats } from 'node:fs';
import { access, open, realpath, rename, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf } from '../plan/problem.ts';

/** Names of open descriptors: even where a regular file is behind one, it belongs to whoever opened it. */
const DESCRIPTOR = /^\/(?:dev\/(?:stdout|stderr|fd\/)|proc\/)/;

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

/** Where a file is written until it is whole; null for what is no regular file. */
interface Staging {
  readonly temporary: string;
  readonly target: string;
  /** Permissions of the file that will be replaced. */
  readonly mode: number | null;
}

/** As `writeOutput`, for what comes piece by piece. One call at a time; each rejects with the system's error. */
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
    if (found !== null && (!found.isFile() || DESCRIPTOR.test(path)))
      return new OutputFile(await open(path, 'a'), null);
    // A rename would get round the protection of a file that may not be written.
    if (found !== null) await access(path, constants.W_OK);
    // Through a link to what it names, which the rename would otherwise replace.
    const target = await resolveTarget(path);
    const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    const mode = found === null ? null : found.mode & 0o7777;
    return new OutputFile(await open(temporary, 'wx'), { temporary, target, mode });
  }

  async append(text: string): Promise<void> {
    await this.#handle.appendFile(text);
    this.#wholeBytes += Buffer.byteLength(text);
  }

  /** Puts the file in its place. */
  async commit(): Promise<void> {
    const mode = this.#staging?.mode ?? null;
    if (mode !== null) await this.#handle.chmod(mode);
    await this.#handle.close();
    if (this.#staging !== null) await rename(this.#staging.temporary, this.#staging.target);
  }

  /** Leaves nothing behind. Does not reject. */
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
    const partial = `${this.#staging.target}.partial`;
    await rename(this.#staging.temporary, partial);
    return partial;
  }

  /** The same at once, for a process that is about to end. */
  keepPartialNow(): void {
    if (this.#staging === null) return;
    truncateSync(this.#staging.temporary, this.#wholeBytes);
    renameSync(this.#staging.temporary, `${this.#staging.target}.partial`);
  }
}

/** Whether two names lead, or will lead, to the same regular file: what is written into a device or a pipe overwrites nothing. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const target = await resolveTarget(a);
  if (target !== (await resolveTarget(b))) return false;
  const found = await statOrNull(target).catch(() => null);
  return found === null || found.isFile();
}

/** In one sentence, for people: why writing failed. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
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
    case '':
      return error instanceof Error ? error.message : String(error);
    default:
      return code;
  }
}

/** Where a link leads; for what does not exist yet, where it will be. */
async function resolveTarget(path: string): Promise<string> {
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
