/** Whether a pipe has a reader, without a write. */
import { POLLERR, POLLHUP } from './constants.ts';
import { loadLibc, type Libc } from './libc.ts';

/** struct pollfd: `int fd`, `short events`, `short revents`; followed by the struct timespec of no wait. */
const POLLFD_BYTES = 8;
const TIMESPEC_BYTES = 16;
const REVENTS_AT = 6;
/** What poll(2) tells unasked: a pipe has no reader, or the other side of a socket or terminal is gone. */
const GONE = POLLERR | POLLHUP;

/** Returns a question that can be asked again and again: whether what is written to the descriptor may still be read. */
export function readerWatch(fd: number): () => boolean {
  let libc: Libc;
  try {
    libc = loadLibc();
  } catch {
    // Without the binding nothing says that it is not read.
    return () => true;
  }
  const { address, bytes } = libc.alloc(POLLFD_BYTES + TIMESPEC_BYTES);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  words.setInt32(0, fd, true);
  return () => {
    words.setInt16(REVENTS_AT, 0, true);
    const count = libc.ppoll(address, 1, address + POLLFD_BYTES, 0);
    return count <= 0 || (words.getInt16(REVENTS_AT, true) & GONE) === 0;
  };
}
