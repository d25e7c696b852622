import { REGISTER_FILES2, RSRC_REGISTER_SPARSE } from '../../kernel/io-uring.ts';
import type { Libc } from '../../kernel/libc.ts';
import type { Ring } from './ring.ts';

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
