import { SOL_SOCKET, SO_ERROR } from '../../kernel/constants.ts';
import {
  OP_ASYNC_CANCEL,
  OP_CLOSE,
  OP_URING_CMD,
  SOCKET_URING_OP_GETSOCKOPT,
  SOCKET_URING_OP_SETSOCKOPT,
} from '../../kernel/io-uring.ts';
import type { Ring } from './ring.ts';

/** What an entry was for stands in the low bits of its tag, the generation of its slot in the others. */
export const STAGE_BITS = 3;
export const STAGE_MASK = (1 << STAGE_BITS) - 1;
/** Generations are counted within what a tag has room for. */
export const GENERATION_MASK = -1 >>> (STAGE_BITS + 1);

/** Sets the 64-bit field addr of the entry at `at` (struct io_uring_sqe). */
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
  const at = ring.prepare(OP_URING_CMD, flags, file, user, tag);
  fillOption(ring.words, at, SOCKET_URING_OP_SETSOCKOPT, level, name, value, size);
}

function fillOption(
  words: Int32Array,
  at: number,
  command: number,
  level: number,
  name: number,
  value: number,
  size: number,
): void {
  words[at + 2] = command;
  words[at + 4] = level;
  words[at + 5] = name;
  words[at + 11] = size;
  words[at + 12] = value | 0;
  words[at + 13] = (value / 0x100000000) | 0;
}

/** getsockopt(2) for SO_ERROR as an entry that is prepared already; the kernel writes an int to `value` and completes with 4. */
export function fillErrorQuery(words: Int32Array, at: number, value: number): void {
  fillOption(words, at, SOCKET_URING_OP_GETSOCKOPT, SOL_SOCKET, SO_ERROR, value, 4);
}

/** Closes a direct descriptor. */
export function prepareClose(ring: Ring, flags: number, file: number, user: number, tag: number): void {
  ring.words[ring.prepare(OP_CLOSE, flags, 0, user, tag) + 11] = file + 1;
}

/**
 * Ends the entry that was prepared with `user` and `target` as its tag: it then completes with ECANCELED, and this one with 0.
 * A negative result says that it was not found, as where it is linked to one that is not done. By name, because the kernel
 * finds that at once; by descriptor it looks at all there are, which with 100 000 connections takes a third of a millisecond.
 */
export function prepareCancel(ring: Ring, user: number, target: number, tag: number): void {
  const at = ring.prepare(OP_ASYNC_CANCEL, 0, -1, user, tag);
  ring.words[at + 4] = user;
  ring.words[at + 5] = target;
}

/** The lowest stage that is set in a mask of pending ones. */
export function firstStage(pending: number): number {
  return 31 - Math.clz32(pending & -pending);
}
