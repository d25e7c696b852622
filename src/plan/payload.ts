/** What connections send: out of a file, or made. In shared memory, so that every worker reads the one copy. */
import { open } from 'node:fs/promises';
import { accept, codeOf, refuse, type Parsed } from './problem.ts';
import { formatSize } from './quantity.ts';

export const PAYLOAD_MAX_BYTES = 256 * 1024 * 1024;

/** Printable, so that a packet capture of it reads well; 64 characters, so that offsets are easy to see. */
const PATTERN = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CHUNK_BYTES = 1024 * 1024;

/** A payload of `bytes` bytes: a repeating printable pattern. */
export function makePayload(bytes: number): Uint8Array<SharedArrayBuffer> {
  const payload = new Uint8Array(new SharedArrayBuffer(bytes));
  for (let index = 0; index < bytes; index++) payload[index] = PATTERN.charCodeAt(index % PATTERN.length);
  return payload;
}

/** The whole of a file or a pipe, which may be empty. Never throws: what cannot be read is an expectation. */
export async function loadPayload(path: string): Promise<Parsed<Uint8Array<SharedArrayBuffer>>> {
  if (path === '') return refuse('the name of a file');
  try {
    await using file = await open(path, 'r');
    if ((await file.stat()).isDirectory()) return refuse('a file, not a directory');
    const chunks: Buffer[] = [];
    let bytes = 0;
    // By chunks, because pipes and devices do not know their size.
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
      if (bytes > PAYLOAD_MAX_BYTES) return refuse(`a file of at most ${formatSize(PAYLOAD_MAX_BYTES)}`);
    }
    const payload = new Uint8Array(new SharedArrayBuffer(bytes));
    let offset = 0;
    for (const chunk of chunks) {
      payload.set(chunk, offset);
      offset += chunk.length;
    }
    return accept(payload);
  } catch (error) {
    return refuse(expectationOf(error));
  }
}

function expectationOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'a file that exists';
    case 'EACCES':
    case 'EPERM':
      return 'a file that this user may read';
    default:
      return `a file that can be read (${code})`;
  }
}
