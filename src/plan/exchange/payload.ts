/** What connections send: out of a file, or made. In shared memory, so that every worker reads the one copy. */
import { readInput, readStdin } from './input-file.ts';
import { accept, type Parsed } from '../../units/problem.ts';

export const PAYLOAD_MAX_BYTES = 256 * 1024 * 1024;

/** Printable, so that a packet capture of it reads well; 64 characters, so that offsets are easy to see. */
const PATTERN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A payload of `bytes` bytes: a repeating printable pattern. */
export function makePayload(bytes: number): Uint8Array<SharedArrayBuffer> {
  const payload = new Uint8Array(new SharedArrayBuffer(bytes));
  for (let index = 0; index < bytes; index++) payload[index] = PATTERN.charCodeAt(index % PATTERN.length);
  return payload;
}

/** The name that means stdin in place of a file to read. */
export const STDIN = '-';

/** Reads a file that an option names. Never throws: what cannot be read is an expectation. */
export type LoadFile = (option: string, path: string) => Promise<Parsed<Uint8Array<SharedArrayBuffer>>>;

/** Reads the files that options name from the disk of this machine. */
export const loadFromDisk: LoadFile = (_, path) => loadPayload(path);

/** The whole of a file, a pipe or, for `-`, of stdin, which may be empty. Never throws: what cannot be read is an expectation. */
export async function loadPayload(path: string): Promise<Parsed<Uint8Array<SharedArrayBuffer>>> {
  const read = await (path === STDIN ? readStdin(PAYLOAD_MAX_BYTES) : readInput(path, PAYLOAD_MAX_BYTES));
  if (!read.ok) return read;
  const payload = new Uint8Array(new SharedArrayBuffer(read.value.reduce((sum, { length }) => sum + length, 0)));
  let offset = 0;
  for (const chunk of read.value) {
    payload.set(chunk, offset);
    offset += chunk.length;
  }
  return accept(payload);
}
