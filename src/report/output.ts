/** Result files: whole or not at all, and never at the cost of something that is no regular file. */
import { constants, type Stats } from 'node:fs';
import { access, chmod, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

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
  const found = await statOrNull(path);
  if (found !== null && (!found.isFile() || DESCRIPTOR.test(path))) {
    await writeFile(path, content, { flag: 'a' });
    return;
  }
  // A rename would get round the protection of a file that may not be written.
  if (found !== null) await access(path, constants.W_OK);
  // Through a link to what it names, which the rename would otherwise replace.
  const target = await resolveTarget(path);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    await writeFile(temporary, content, { flag: 'wx' });
    if (found !== null) await chmod(temporary, found.mode & 0o7777);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
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

async function resolveTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}

async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
