import { REGISTER_FILES2, RSRC_REGISTER_SPARSE } from '../../kernel/io-uring.ts';
import { openFileLimit } from '../../kernel/machine/limits.ts';
import type { Libc } from '../../kernel/libc.ts';
import { ROOMY_FD_LIMIT } from '../../plan/demand/open-files.ts';
import type { Ring } from './ring.ts';

/** Direct descriptors beyond the slots, for connections that are accepted only to be closed. */
const SPARE_DESCRIPTORS = 256;

/** struct io_uring_rsrc_register: nr, flags, resv2, data, tags. */
const RSRC_REGISTER_BYTES = 32;

/** Gives the ring an empty table of direct descriptors. False where the kernel or the open file limit refuses it. */
export function registerDirectDescriptors(libc: Libc, ring: Ring, count: number): boolean {
  const memory = libc.alloc(RSRC_REGISTER_BYTES);
  const words = new Int32Array(memory.bytes.buffer, 0, RSRC_REGISTER_BYTES / 4);
  words[0] = count;
  words[1] = RSRC_REGISTER_SPARSE;
  return ring.register(REGISTER_FILES2, memory.address, RSRC_REGISTER_BYTES) >= 0;
}

/**
 * As `registerDirectDescriptors`, for a server with so many slots. False, too, where the limit of open files, which is the most that a ring has, leaves no room for
 * the spare ones.
 */
export function registerForAccepting(libc: Libc, ring: Ring, capacity: number): boolean {
  const limit = openFileLimit();
  const descriptors = Math.min(capacity + SPARE_DESCRIPTORS, limit);
  const isRoomy = descriptors < limit || limit >= ROOMY_FD_LIMIT;
  return isRoomy && registerDirectDescriptors(libc, ring, descriptors);
}
