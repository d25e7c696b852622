import {
  ASYNC_CANCEL_ALL,
  ASYNC_CANCEL_FD,
  ASYNC_CANCEL_FD_FIXED,
  IOSQE_CQE_SKIP_SUCCESS,
  OP_ASYNC_CANCEL,
  OP_CLOSE,
  OP_URING_CMD,
  SOCKET_URING_OP_SETSOCKOPT,
} from '../../linux/io-uring.ts';
import type { Ring } from './ring.ts';

/** What an entry was for stands in the low bits of its tag, the generation of its slot in the others. */
export const STAGE_BITS = 3;
export const STAGE_MASK = (1 << STAGE_BITS) - 1;
/** Generations are counted within what a tag has room for. */
export const GENERATION_MASK = -1 >>> (STAGE_BITS + 1);

/** The 64-bit `addr` of the entry at `at`. */
export function setAddress(words: Int32Array, at: number, address: number): void {
  words[at + 4] = address | 0;
  words[at + 5] = (address / 0x100000000) | 0;
}

/** setsockopt(2) as an entry; `value` is an address that stays. Room must have been reserved, as for the others. */
export function prepareOption(
  ring: Ring,
  flags: number,
  file: number,
  user: number,
  tag: number,
  level: number,
  name: number,
  value: number,
  size: number,
): void {
  const { words } = ring;
  const at = ring.prepare(OP_URING_CMD, flags, file, user, tag);
  words[at + 2] = SOCKET_URING_OP_SETSOCKOPT;
  words[at + 4] = level;
  words[at + 5] = name;
  words[at + 11] = size;
  words[at + 12] = value | 0;
  words[at + 13] = (value / 0x100000000) | 0;
}

/** Closes a direct descriptor; says nothing on success. */
export function prepareClose(ring: Ring, file: number, user: number, tag: number): void {
  ring.words[ring.prepare(OP_CLOSE, IOSQE_CQE_SKIP_SUCCESS, 0, user, tag) + 11] = file + 1;
}

/**
 * Ends all that the kernel does with a descriptor: each entry found completes with ECANCELED, and this one with how many
 * there were. A linked entry that is not under way yet is not found; who gets 0 must ask again.
 */
export function prepareCancel(ring: Ring, file: number, isDirect: boolean, user: number, tag: number): void {
  const at = ring.prepare(OP_ASYNC_CANCEL, 0, file, user, tag);
  ring.words[at + 7] = ASYNC_CANCEL_ALL | ASYNC_CANCEL_FD | (isDirect ? ASYNC_CANCEL_FD_FIXED : 0);
}
