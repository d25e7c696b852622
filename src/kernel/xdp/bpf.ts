import { SYS_bpf } from '../constants.ts';
import type { Libc, NativeMemory } from '../libc.ts';
import {
  BPF_LINK_CREATE,
  BPF_MAP_CREATE,
  BPF_MAP_TYPE_XSKMAP,
  BPF_MAP_UPDATE_ELEM,
  BPF_PROG_LOAD,
  BPF_PROG_TEST_RUN,
  BPF_PROG_TYPE_XDP,
  BPF_XDP,
  XDP_MD_BYTES,
  XDP_MD_RX_QUEUE_INDEX,
} from './bpf-numbers.ts';
import { INSTRUCTION_BYTES } from './bpf-program.ts';

/** Sizes of union bpf_attr as far as a command reads it; what is 0 behind that, an older kernel takes too. */
const MAP_CREATE_BYTES = 44;
const MAP_UPDATE_BYTES = 32;
const PROG_LOAD_BYTES = 72;
const LINK_CREATE_BYTES = 16;
const TEST_RUN_BYTES = 64;

const LOG_BYTES = 1024 * 1024;
/** The verifier says little: the instruction that it refuses and the way to it. */
const LOG_LEVEL = 1;
/** BPF_OBJ_NAME_LEN, with the 0 at the end. */
const NAME_BYTES = 16;
/** Programs under another licence may not call some helpers; bpf_redirect_map is none of them. */
const LICENCE = 'Dual MIT/GPL';

/** What a command of bpf(2) gave: a descriptor, or the error number, and what the verifier wrote where it refused a program. */
export type BpfResult =
  { readonly fd: number } | { readonly fd: -1; readonly errno: number; readonly verifierLog: string };

/** The commands of bpf(2) that put an XDP program on an interface. Descriptors are the caller's to close. */
export class Bpf {
  readonly #libc: Libc;
  readonly #attributes: NativeMemory;
  readonly #view: DataView<ArrayBuffer>;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#attributes = libc.alloc(128);
    this.#view = new DataView(this.#attributes.bytes.buffer);
  }

  /** A map from receive queue to AF_XDP socket, with so many places. */
  createSocketMap(places: number): BpfResult {
    this.#clear();
    this.#words(0, BPF_MAP_TYPE_XSKMAP, 4, 4, places);
    return this.#result(this.#call(BPF_MAP_CREATE, MAP_CREATE_BYTES));
  }

  /** Puts a socket at a place of the map. Returns 0, or the error number. */
  putSocket(mapFd: number, place: number, socketFd: number): number {
    const pair = this.#libc.alloc(8);
    new Int32Array(pair.bytes.buffer, 0, 2).set([place, socketFd]);
    this.#clear();
    this.#words(0, mapFd);
    this.#address(8, pair.address);
    this.#address(16, pair.address + 4);
    return this.#call(BPF_MAP_UPDATE_ELEM, MAP_UPDATE_BYTES) < 0 ? this.#libc.errno() : 0;
  }

  /** Loads an XDP program. Where the kernel refuses it, it is asked again with the verifier's log. */
  loadProgram(name: string, instructions: Uint8Array): BpfResult {
    const code = this.#libc.alloc(instructions.length);
    code.bytes.set(instructions);
    const licence = this.#libc.alloc(LICENCE.length + 1);
    licence.bytes.set(Buffer.from(LICENCE));
    this.#clear();
    this.#words(0, BPF_PROG_TYPE_XDP, instructions.length / INSTRUCTION_BYTES);
    this.#address(8, code.address);
    this.#address(16, licence.address);
    this.#attributes.bytes.set(Buffer.from(name.slice(0, NAME_BYTES - 1)), 48);
    const fd = this.#call(BPF_PROG_LOAD, PROG_LOAD_BYTES);
    if (fd >= 0) return { fd };
    const errno = this.#libc.errno();
    const log = this.#libc.alloc(LOG_BYTES);
    this.#words(24, LOG_LEVEL, LOG_BYTES);
    this.#address(32, log.address);
    const again = this.#call(BPF_PROG_LOAD, PROG_LOAD_BYTES);
    if (again >= 0) return { fd: again };
    return { fd: -1, errno, verifierLog: textOf(log.bytes) };
  }

  /**
   * Puts a program on an interface, in the mode of `flags` (XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE). The kernel takes it off when the
   * descriptor is closed, and so also when the process dies.
   */
  createLink(programFd: number, ifindex: number, flags: number): BpfResult {
    this.#clear();
    this.#words(0, programFd, ifindex, BPF_XDP, flags);
    return this.#result(this.#call(BPF_LINK_CREATE, LINK_CREATE_BYTES));
  }

  /** What the program returns for a frame that comes in on a queue of the loopback interface; -1 with the reason in errno. */
  testRun(programFd: number, frame: Uint8Array, queue = 0): number {
    const data = this.#libc.alloc(frame.length);
    data.bytes.set(frame);
    const context = this.#libc.alloc(XDP_MD_BYTES);
    const words = new Int32Array(context.bytes.buffer, 0, XDP_MD_BYTES / 4);
    words[1] = frame.length;
    words[XDP_MD_RX_QUEUE_INDEX / 4] = queue;
    // A queue can be told only together with the interface that has it.
    words[XDP_MD_RX_QUEUE_INDEX / 4 - 1] = queue === 0 ? 0 : 1;
    this.#clear();
    this.#words(0, programFd, 0, frame.length);
    this.#address(16, data.address);
    this.#words(32, 1);
    this.#words(40, XDP_MD_BYTES);
    this.#address(48, context.address);
    return this.#call(BPF_PROG_TEST_RUN, TEST_RUN_BYTES) < 0 ? -1 : this.#view.getInt32(4, true);
  }

  #clear(): void {
    this.#attributes.bytes.fill(0);
  }

  #words(at: number, ...values: number[]): void {
    values.forEach((value, index) => this.#view.setInt32(at + index * 4, value, true));
  }

  #address(at: number, address: number): void {
    this.#view.setBigUint64(at, BigInt(address), true);
  }

  #call(command: number, size: number): number {
    return this.#libc.bpf(SYS_bpf, command, this.#attributes.address, size);
  }

  #result(fd: number): BpfResult {
    return fd >= 0 ? { fd } : { fd: -1, errno: this.#libc.errno(), verifierLog: '' };
  }
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.subarray(0, end === -1 ? bytes.length : end)).toString('latin1');
}
