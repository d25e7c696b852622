/** Files that the user names to be read. No read waits in the kernel: a wait that nothing ends can be abandoned. */
import { close, constants, fstat, open, read } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { accept, codeOf, refuse, type Parsed } from '../../units/problem.ts';
import { formatSize } from '../../units/quantity.ts';

/** With O_NONBLOCK, open(2) of a FIFO does not wait for a writer, nor read(2) of a terminal for a line. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const CHUNK_BYTES = 1024 * 1024;
const RETRY_MS = 20;

const openFile = promisify(open);
const statFile = promisify(fstat);
const readFile = promisify(read);
const closeFile = promisify(close);

/** The whole of a file, pipe or device, in pieces. Never throws: what cannot be read, or is larger, is an expectation. */
export async function readInput(path: string, maxBytes: number): Promise<Parsed<readonly Buffer[]>> {
  if (path === '') return refuse('the name of a file');
  try {
    const fd = await openFile(path, FLAGS);
    const stats = await statFile(fd);
    // Known beforehand of an ordinary file: it need not be read to be refused.
    const isTooLarge = stats.isFile() && stats.size > maxBytes;
    if (isTooLarge) await closeFile(fd);
    const chunks = isTooLarge ? null : await takeAll(stats.isFIFO() ? pipeChunks(fd) : fileChunks(fd), maxBytes);
    return chunks === null ? refuse(`a file of at most ${formatSize(maxBytes)}`) : accept(chunks);
  } catch (error) {
    return refuse(expectationOf(error));
  }
}

let stdin: Promise<Parsed<readonly Buffer[]>> | undefined;

/**
 * All of stdin, whatever it is, in pieces. It can be read only once: every later call has what the first one read. Never throws,
 * as `readInput`.
 */
export function readStdin(maxBytes: number): Promise<Parsed<readonly Buffer[]>> {
  return (stdin ??= takeStdin(maxBytes));
}

async function takeStdin(maxBytes: number): Promise<Parsed<readonly Buffer[]>> {
  try {
    // The runtime takes a directory for an empty stdin.
    if ((await statFile(process.stdin.fd)).isDirectory()) return refuse('a stdin that is no directory');
    const chunks = await takeAll(process.stdin as AsyncIterable<Buffer>, maxBytes);
    return chunks === null ? refuse(`at most ${formatSize(maxBytes)} on stdin`) : accept(chunks);
  } catch (error) {
    return refuse(`a stdin that can be read (${codeOf(error)})`);
  }
}

/** Null beyond `maxBytes`. */
async function takeAll(from: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer[] | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of from) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
  }
  return chunks;
}

/** Reads in chunks, because devices do not know their size. Closes the descriptor. */
async function* fileChunks(fd: number): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const chunk = await readSome(fd);
      if (chunk.length === 0) return;
      yield chunk;
    }
  } finally {
    await closeFile(fd);
  }
}

async function readSome(fd: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    try {
      const { bytesRead } = await readFile(fd, buffer, 0, CHUNK_BYTES, null);
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      // A terminal on which nothing was typed yet.
      if (codeOf(error) !== 'EAGAIN') throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** A pipe ends when its writers have gone; until the first one opens it, read(2) would take it for empty, and epoll does not. */
function pipeChunks(fd: number): AsyncIterable<Buffer> {
  // It owns the descriptor from here on.
  return new Socket({ fd, readable: true, writable: false });
}

function expectationOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case 'EISDIR':
      return 'a file, not a directory';
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
