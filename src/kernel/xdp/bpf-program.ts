/**
 * An assembler for eBPF: instructions by name, registers by name, jumps to labels. RFC 9669 has the instruction set. It stands for clang
 * where a program is short and made at run time from addresses and ports.
 */
import {
  BPF_ADD,
  BPF_ALU,
  BPF_ALU64,
  BPF_AND,
  BPF_B,
  BPF_CALL,
  BPF_DW,
  BPF_END,
  BPF_EXIT,
  BPF_H,
  BPF_IMM,
  BPF_JA,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JLE,
  BPF_JLT,
  BPF_JMP,
  BPF_JMP32,
  BPF_JNE,
  BPF_JSET,
  BPF_K,
  BPF_LD,
  BPF_LDX,
  BPF_LSH,
  BPF_MEM,
  BPF_MOV,
  BPF_OR,
  BPF_PSEUDO_MAP_FD,
  BPF_RSH,
  BPF_STX,
  BPF_SUB,
  BPF_TO_BE,
  BPF_W,
  BPF_X,
  BPF_XOR,
} from './bpf-numbers.ts';

/** r0 is a result, r1 to r5 are arguments and are lost in a call, r6 to r9 are kept, r10 is the frame pointer and read-only. */
export type Register = 'r0' | 'r1' | 'r2' | 'r3' | 'r4' | 'r5' | 'r6' | 'r7' | 'r8' | 'r9' | 'r10';
/** A number is an immediate of 32 bits, extended with its sign where 64 bits are compared or computed. */
export type Operand = Register | number;

const SIZES = { 8: BPF_B, 16: BPF_H, 32: BPF_W, 64: BPF_DW } as const;
export type Bits = keyof typeof SIZES;

const CONDITIONS = {
  '==': BPF_JEQ,
  '!=': BPF_JNE,
  '>': BPF_JGT,
  '>=': BPF_JGE,
  '<': BPF_JLT,
  '<=': BPF_JLE,
  /** Any bit of the operand is set. */
  '&': BPF_JSET,
} as const;
/** Comparisons are unsigned. */
export type Condition = keyof typeof CONDITIONS;

/** struct bpf_insn: code, registers (destination in the lower half), offset (16 bits), immediate (32 bits). */
export const INSTRUCTION_BYTES = 8;
const OFFSET_MAX = 0x7fff;

interface Instruction {
  readonly code: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
  /** The label to jump to, which decides the offset. */
  readonly target: string | null;
}

/** Collects instructions in order. Each method appends one; `loadImmediate64` and `loadMap` take the place of two. */
export class BpfProgram {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  get length(): number {
    return this.#instructions.length;
  }

  /** The place that jumps to `name` lead to: the next instruction. Throws where there is one of that name. */
  label(name: string): void {
    if (this.#labels.has(name)) throw new Error(`two labels ${name}`);
    this.#labels.set(name, this.#instructions.length);
  }

  /** destination = *(base + offset), so many bits, in the byte order of the machine. */
  load(bits: Bits, destination: Register, base: Register, offset: number): void {
    this.#add(BPF_LDX | BPF_MEM | SIZES[bits], destination, base, offset, 0);
  }

  /** *(base + offset) = source, so many bits. */
  store(bits: Bits, base: Register, offset: number, source: Register): void {
    this.#add(BPF_STX | BPF_MEM | SIZES[bits], base, source, offset, 0);
  }

  /** destination = a value of 64 bits. */
  loadImmediate64(destination: Register, value: bigint): void {
    this.#loadWide(destination, 0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }

  /** destination = the address of the map of this descriptor. */
  loadMap(destination: Register, fd: number): void {
    this.#loadWide(destination, BPF_PSEUDO_MAP_FD, fd, 0);
  }

  #loadWide(destination: Register, pseudo: number, low: number, high: number): void {
    this.#push(BPF_LD | BPF_IMM | BPF_DW, registerNumber(destination), pseudo, 0, low);
    this.#push(0, 0, 0, 0, high);
  }

  move(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU64 | BPF_MOV, destination, operand);
  }

  /** Clears the upper half of the register. */
  move32(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU | BPF_MOV, destination, operand);
  }

  add(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU64 | BPF_ADD, destination, operand);
  }

  subtract(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU64 | BPF_SUB, destination, operand);
  }

  /** Modulo 2^32; clears the upper half of the register. */
  subtract32(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU | BPF_SUB, destination, operand);
  }

  and(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU64 | BPF_AND, destination, operand);
  }

  or(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU64 | BPF_OR, destination, operand);
  }

  xor(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU64 | BPF_XOR, destination, operand);
  }

  shiftLeft(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU64 | BPF_LSH, destination, operand);
  }

  shiftRight(destination: Register, operand: Operand): void {
    this.#compute(BPF_ALU64 | BPF_RSH, destination, operand);
  }

  /** Turns the lowest bits from the order of the network to that of the machine, or back, and clears the others. */
  swapNetworkOrder(bits: 16 | 32 | 64, register: Register): void {
    this.#push(BPF_ALU | BPF_END | BPF_TO_BE, registerNumber(register), 0, 0, bits);
  }

  jump(label: string): void {
    this.#push(BPF_JMP | BPF_JA, 0, 0, 0, 0, label);
  }

  /** Compares 64 bits. */
  jumpIf(left: Register, condition: Condition, right: Operand, label: string): void {
    this.#compute(BPF_JMP | CONDITIONS[condition], left, right, label);
  }

  /** Compares the lower 32 bits, so that an immediate of 2^31 and more is no negative number (Linux 5.1). */
  jumpIf32(left: Register, condition: Condition, right: Operand, label: string): void {
    this.#compute(BPF_JMP32 | CONDITIONS[condition], left, right, label);
  }

  /** Calls a helper of the kernel by its number. */
  call(helper: number): void {
    this.#push(BPF_JMP | BPF_CALL, 0, 0, 0, helper);
  }

  exit(): void {
    this.#push(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  }

  /** The instructions as the kernel takes them. Throws for a jump to a label that is missing, behind it, or too far away. */
  assemble(): Uint8Array {
    const bytes = new Uint8Array(this.#instructions.length * INSTRUCTION_BYTES);
    const view = new DataView(bytes.buffer);
    this.#instructions.forEach((each, index) => {
      const at = index * INSTRUCTION_BYTES;
      view.setUint8(at, each.code);
      view.setUint8(at + 1, each.destination | (each.source << 4));
      view.setInt16(at + 2, each.target === null ? each.offset : this.#distance(index, each.target), true);
      view.setInt32(at + 4, each.immediate, true);
    });
    return bytes;
  }

  /** How many instructions a jump passes over. A jump back would be a loop, which the verifier refuses or walks through. */
  #distance(index: number, label: string): number {
    const target = this.#labels.get(label);
    if (target === undefined) throw new Error(`no label ${label}`);
    const distance = target - index - 1;
    if (distance < 0 || distance > OFFSET_MAX) throw new Error(`label ${label} is ${distance} instructions away`);
    return distance;
  }

  #compute(code: number, destination: Register, operand: Operand, target: string | null = null): void {
    const to = registerNumber(destination);
    if (typeof operand === 'number') this.#push(code | BPF_K, to, 0, 0, operand, target);
    else this.#push(code | BPF_X, to, registerNumber(operand), 0, 0, target);
  }

  #add(code: number, destination: Register, source: Register, offset: number, immediate: number): void {
    this.#push(code, registerNumber(destination), registerNumber(source), offset, immediate);
  }

  #push(
    code: number,
    destination: number,
    source: number,
    offset: number,
    immediate: number,
    target: string | null = null,
  ): void {
    this.#instructions.push({ code, destination, source, offset, immediate: immediate | 0, target });
  }
}

function registerNumber(register: Register): number {
  return Number(register.slice(1));
}
