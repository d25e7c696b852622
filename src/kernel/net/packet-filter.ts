/** Filters of packet sockets in classic BPF (linux/filter.h): which frames a socket takes. The kernel drops the others uncopied. */
import type { Libc } from '../libc.ts';

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
/** struct sock_filter: code, offset where true, offset where false, operand. */
const INSTRUCTION_BYTES = 8;
/** struct sock_fprog: the number of instructions, and from byte 8 on their address. */
const PROGRAM_BYTES = 16;

/** BPF_LD | BPF_ABS of 8, 16 and 32 bits in network order. */
const LOADS = { 8: 0x30, 16: 0x28, 32: 0x20 } as const;
/** BPF_ALU | BPF_AND | BPF_K, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K. */
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const WHOLE_FRAME = 0xffff_ffff;

/** Offsets of what stands beside the frame (SKF_AD_OFF in linux/filter.h): the tag that the kernel took out of it. */
const BESIDE = -0x1000;
export const TAG_BESIDE: number = BESIDE + 44;
export const HAS_TAG_BESIDE: number = BESIDE + 48;

/** What a frame must have: at `at`, under `mask`, one of these values. */
export interface FilterCheck {
  readonly bits: 8 | 16 | 32;
  readonly at: number;
  readonly mask?: number;
  readonly values: readonly number[];
}

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

/** Has a packet socket take only frames that pass all of the checks. Returns 0 or the error number. */
export function attachFilter(libc: Libc, fd: number, checks: readonly FilterCheck[]): number {
  const code = assemble(checks);
  const program = libc.alloc(PROGRAM_BYTES + code.length * INSTRUCTION_BYTES);
  const view = new DataView(program.bytes.buffer, program.bytes.byteOffset);
  view.setUint16(0, code.length, true);
  view.setBigUint64(8, BigInt(program.address) + BigInt(PROGRAM_BYTES), true);
  code.forEach(([operation, ifTrue, ifFalse, operand], index) => {
    const at = PROGRAM_BYTES + index * INSTRUCTION_BYTES;
    view.setUint16(at, operation, true);
    view.setUint8(at + 2, ifTrue);
    view.setUint8(at + 3, ifFalse);
    view.setUint32(at + 4, operand >>> 0, true);
  });
  const result = libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program.address, PROGRAM_BYTES);
  return result < 0 ? libc.errno() : 0;
}

/** A check jumps over the return that drops the frame where one of its values is there. */
function assemble(checks: readonly FilterCheck[]): Instruction[] {
  const code = checks.flatMap(({ bits, at, mask, values }): Instruction[] => [
    [LOADS[bits], 0, 0, at],
    ...(mask === undefined ? [] : ([[AND, 0, 0, mask]] as const)),
    ...values.map((value, i): Instruction => [JUMP_IF_EQUAL, values.length - i, 0, value]),
    [RETURN, 0, 0, 0],
  ]);
  return [...code, [RETURN, 0, 0, WHOLE_FRAME]];
}
