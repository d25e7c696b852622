/** The files of a new pair of keys. Neither is ever overwritten. */
import { stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeKeyPair } from './keys.ts';
import { accept, codeOf, refuse, type Parsed } from '../../units/problem.ts';

/** Where a pair was written to. */
export interface KeyFiles {
  readonly privateFile: string;
  readonly publicFile: string;
  readonly fingerprint: string;
}

/** The name of the private key in a directory. */
export const KEY_FILE = 'conngen-fleet.key';

/**
 * Makes a pair and writes it: the private key to `out`, with mode 0600, or to `KEY_FILE` where `out` is a directory; the public key
 * beside it, with `.pub` in place of `.key`. Never throws: what cannot be written, or is there already, is an expectation.
 */
export async function writeKeyPair(out: string): Promise<Parsed<KeyFiles>> {
  const privateFile = (await isDirectory(out)) ? path.join(out, KEY_FILE) : out;
  const publicFile = `${privateFile.replace(/\.key$/, '')}.pub`;
  const { privatePem, publicPem, fingerprint } = makeKeyPair();
  const refused = await writeNew(publicFile, publicPem, 0o644);
  if (refused !== null) return refuse(refused);
  // Last, so that a private key is never without its public one.
  const privateRefused = await writeNew(privateFile, privatePem, 0o600);
  if (privateRefused === null) return accept({ privateFile, publicFile, fingerprint });
  await unlink(publicFile).catch(() => undefined);
  return refuse(privateRefused);
}

async function isDirectory(name: string): Promise<boolean> {
  try {
    return (await stat(name)).isDirectory();
  } catch {
    return name.endsWith('/');
  }
}

/** Returns what is expected instead of the file; null where it was written. */
async function writeNew(file: string, text: string, mode: number): Promise<string | null> {
  try {
    await writeFile(file, text, { flag: 'wx', mode });
    return null;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return `another place: ${file} is there already, and a key is never overwritten`;
    if (code === 'ENOENT' || code === 'ENOTDIR') return `a directory that exists (${path.dirname(file)})`;
    return `a place where ${file} can be written (${code})`;
  }
}
