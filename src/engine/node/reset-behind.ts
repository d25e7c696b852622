import type { Socket } from 'node:net';
import { SOL_SOCKET, SO_ERROR } from '../../kernel/constants.ts';
import { EPIPE } from '../../kernel/errno.ts';
import { requireLibc } from '../sockets/require-libc.ts';

type ErrorReader = (fd: number) => number;

let cached: ErrorReader | undefined;

/** Null without libc: the error cannot be asked for, and is taken for 0. */
function createReader(): ErrorReader {
  try {
    const libc = requireLibc();
    const { address, bytes } = libc.alloc(8);
    const words = new Int32Array(bytes.buffer, 0, 2);
    return (fd) => {
      words[0] = 0;
      words[1] = 4;
      libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, address, address + 4);
      return words[0];
    };
  } catch {
    return () => 0;
  }
}

/**
 * The error number of a connection whose end node:net has just reported, 0 where it did end. Where the last bytes and a reset come in the same
 * turn of the event loop, libuv says "end" and drops the reset (uv__stream_io in src/unix/stream.c: POLLHUP after a read that did not fill
 * its buffer); the kernel still knows of it. EPIPE is a reset after the end, which the other engines do not see either.
 */
export function errorBehindEnd(socket: Socket): number {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd ?? -1;
  if (fd < 0) return 0;
  const errno = (cached ??= createReader())(fd);
  return errno === EPIPE ? 0 : errno;
}
