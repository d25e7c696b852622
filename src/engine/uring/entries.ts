import { SOL_SOCKET, SO_ERROR } from '../../kernel/constants.ts';
import {
  OP_ASYNC_CANCEL,
  OP_CLOSE,
  OP_NOP,
  OP_URING_CMD,
  NOP_INJECT_RESULT,
  POLL_ADD_MULTI,
  SOCKET_URING_OP_GETSOCKOPT,
  SOCKET_URING_OP_SETSOCKOPT,
} from '../../kernel/io-uring.ts';

/** What entries are prepared on: a `Ring`, which this file does not import, because a ring is made of entries. */
export interface EntryQueue {
  readonly words: Int32Array;
  /** Writes the head of the next entry and returns the index of its first word. */
  prepare(opcode: number, flags: number, fd: number, user: number, tag: number): number;
}

/**
 * Words of struct io_uring_sqe, by the field that most operations have there. They are read and written in this file only: V8 folds the
 * constants of a file, and loads what another one exports at each use (1 ns, Node 20).
 */
const SQE_OPCODE_FLAGS_IOPRIO = 0;
const SQE_FD = 1;
/** off: 64 bits. addr2 of CONNECT and BIND is the size of the address, cmd_op that of URING_CMD. */
const SQE_OFFSET = 2;
/** addr: 64 bits. Of URING_CMD on a socket: level and optname. Of ASYNC_CANCEL: user and tag of the entry that is meant. */
const SQE_ADDRESS = 4;
const SQE_LENGTH = 6;
/** msg_flags, poll32_events, accept_flags, nop_flags. */
const SQE_OPERATION_FLAGS = 7;
/** user_data: 64 bits, which come back with the completion. */
const SQE_USER = 8;
const SQE_TAG = 9;
/** buf_group. */
const SQE_BUFFER_GROUP = 10;
/** file_index: the direct descriptor plus 1. Of URING_CMD on a socket: optlen. */
const SQE_FILE_INDEX = 11;
/** addr3: 64 bits. Of URING_CMD on a socket: optval. */
const SQE_VALUE = 12;

const IOPRIO_SHIFT = 16;
const FLAGS_SHIFT = 8;
const OPCODE_MASK = 0xff;

/** Writes the head of the entry whose first word is `at`, and clears the rest. */
export function writeEntry(
  words: Int32Array,
  at: number,
  opcode: number,
  flags: number,
  fd: number,
  user: number,
  tag: number,
): void {
  words[at + SQE_OPCODE_FLAGS_IOPRIO] = opcode | (flags << FLAGS_SHIFT);
  words[at + SQE_FD] = fd;
  words[at + SQE_OFFSET] = 0;
  words[at + SQE_OFFSET + 1] = 0;
  words[at + SQE_ADDRESS] = 0;
  words[at + SQE_ADDRESS + 1] = 0;
  words[at + SQE_LENGTH] = 0;
  words[at + SQE_OPERATION_FLAGS] = 0;
  words[at + SQE_USER] = user;
  words[at + SQE_TAG] = tag;
  words[at + SQE_BUFFER_GROUP] = 0;
  words[at + SQE_FILE_INDEX] = 0;
  words[at + SQE_VALUE] = 0;
  words[at + SQE_VALUE + 1] = 0;
}

/** Makes a NOP of an entry: it keeps user, tag and those of its flags that `keptFlags` has, and completes with `result`. */
export function replaceByNop(words: Int32Array, at: number, keptFlags: number, result: number): void {
  const flags = (words[at + SQE_OPCODE_FLAGS_IOPRIO]! >> FLAGS_SHIFT) & keptFlags;
  writeEntry(words, at, OP_NOP, flags, -1, words[at + SQE_USER]!, words[at + SQE_TAG]!);
  fillNop(words, at, result);
}

/** The entry, a NOP, completes with `result` (Linux 6.10). */
export function fillNop(words: Int32Array, at: number, result: number): void {
  words[at + SQE_LENGTH] = result;
  words[at + SQE_OPERATION_FLAGS] = NOP_INJECT_RESULT;
}

export function entryOpcode(words: Int32Array, at: number): number {
  return words[at + SQE_OPCODE_FLAGS_IOPRIO]! & OPCODE_MASK;
}

export function entryUser(words: Int32Array, at: number): number {
  return words[at + SQE_USER]!;
}

export function entryLength(words: Int32Array, at: number): number {
  return words[at + SQE_LENGTH]!;
}

/** cmd_op of a URING_CMD. */
export function entryCommand(words: Int32Array, at: number): number {
  return words[at + SQE_OFFSET]!;
}

function setAddress(words: Int32Array, at: number, address: number): void {
  words[at + SQE_ADDRESS] = address | 0;
  words[at + SQE_ADDRESS + 1] = (address / 0x100000000) | 0;
}

/** Flags that one operation has for itself, in ioprio. */
export function addPriority(words: Int32Array, at: number, ioprio: number): void {
  words[at + SQE_OPCODE_FLAGS_IOPRIO]! |= ioprio << IOPRIO_SHIFT;
}

/** SOCKET: `type`, into the direct descriptor `file`. Its family is the fd of the entry. */
export function fillSocket(words: Int32Array, at: number, type: number, file: number): void {
  words[at + SQE_OFFSET] = type;
  words[at + SQE_FILE_INDEX] = file + 1;
}

/** BIND or CONNECT: a sockaddr of `size` bytes, which the kernel reads when the entry is submitted. */
export function fillSocketAddress(words: Int32Array, at: number, address: number, size: number): void {
  setAddress(words, at, address);
  words[at + SQE_OFFSET] = size;
}

/** SEND or RECV of up to `size` bytes. */
export function fillTransfer(words: Int32Array, at: number, address: number, size: number, flags: number): void {
  setAddress(words, at, address);
  words[at + SQE_LENGTH] = size;
  words[at + SQE_OPERATION_FLAGS] = flags;
}

/** RECV into a buffer that the kernel picks from the group. */
export function fillPickedReceive(words: Int32Array, at: number, group: number): void {
  words[at + SQE_BUFFER_GROUP] = group;
}

/** POLL_ADD with a completion for each event. */
export function fillPoll(words: Int32Array, at: number, events: number): void {
  words[at + SQE_LENGTH] = POLL_ADD_MULTI;
  words[at + SQE_OPERATION_FLAGS] = events;
}

/** ACCEPT: flags as of accept4(2), and where a direct descriptor goes (0: an ordinary one). */
export function fillAccept(words: Int32Array, at: number, flags: number, fileIndex: number): void {
  words[at + SQE_OPERATION_FLAGS] = flags;
  words[at + SQE_FILE_INDEX] = fileIndex;
}

/** setsockopt(2) as an entry; `value` is an address that stays. Room must have been reserved, as for the others. */
export function prepareOption(
  ring: EntryQueue,
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
  words[at + SQE_OFFSET] = command;
  words[at + SQE_ADDRESS] = level;
  words[at + SQE_ADDRESS + 1] = name;
  words[at + SQE_FILE_INDEX] = size;
  words[at + SQE_VALUE] = value | 0;
  words[at + SQE_VALUE + 1] = (value / 0x100000000) | 0;
}

/** getsockopt(2) for SO_ERROR as an entry that is prepared already; the kernel writes an int to `value` and completes with 4. */
export function fillErrorQuery(words: Int32Array, at: number, value: number): void {
  fillOption(words, at, SOCKET_URING_OP_GETSOCKOPT, SOL_SOCKET, SO_ERROR, value, 4);
}

/** Closes a direct descriptor. */
export function prepareClose(ring: EntryQueue, flags: number, file: number, user: number, tag: number): void {
  ring.words[ring.prepare(OP_CLOSE, flags, 0, user, tag) + SQE_FILE_INDEX] = file + 1;
}

/**
 * Ends the entry that was prepared with `user` and `target` as its tag: it then completes with ECANCELED, and this one with 0.
 * A negative result says that it was not found, as where it is linked to one that is not done. By name, because the kernel
 * finds that immediately; by descriptor it looks at all there are, which with 100 000 connections takes a third of a millisecond.
 */
export function prepareCancel(ring: EntryQueue, user: number, target: number, tag: number): void {
  const at = ring.prepare(OP_ASYNC_CANCEL, 0, -1, user, tag);
  ring.words[at + SQE_ADDRESS] = user;
  ring.words[at + SQE_ADDRESS + 1] = target;
}
