// Preloaded into the tests of the quick tier: from here on a process that asks the kernel for an internet socket or an io_uring ends
// with SIGSYS, and so does every thread and process that it starts. A test that needs one of them belongs to another tier.
import { createRequire } from 'node:module';

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
/** Threads that exist already get the filter too: those that look names up are started early. */
const SECCOMP_FILTER_FLAG_TSYNC = 1;
const IO_URING_SETUP = 425;
/** The size of the io_uring through which Node 22 and later batch epoll_ctl, in every loop; without it they go on. */
const ENTRIES_OF_LIBUV = 256;

/** System call numbers, and the name that the kernel has for them, by `process.arch`. */
const ARCHITECTURES = {
  x64: { audit: 0xc000_003e, socket: 41, seccomp: 317 },
  arm64: { audit: 0xc000_00b7, socket: 198, seccomp: 277 },
};

const AF_INET = 2;
const AF_INET6 = 10;

// A classic BPF program on struct seccomp_data: nr at 0, arch at 4, the low half of the first argument at 16.
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const FAIL = 0x0005_0000;
const ENOSYS = 38;

/** The program; jumps count instructions that are left out. */
function instructions({ audit, socket }) {
  return [
    [LOAD, 0, 0, 4],
    [JUMP_IF_EQUAL, 0, 6, audit],
    [LOAD, 0, 0, 0],
    [JUMP_IF_EQUAL, 5, 0, IO_URING_SETUP],
    [JUMP_IF_EQUAL, 0, 3, socket],
    [LOAD, 0, 0, 16],
    [JUMP_IF_EQUAL, 4, 0, AF_INET],
    [JUMP_IF_EQUAL, 3, 0, AF_INET6],
    [RETURN, 0, 0, ALLOW],
    [LOAD, 0, 0, 16],
    [JUMP_IF_EQUAL, 1, 0, ENTRIES_OF_LIBUV],
    [RETURN, 0, 0, KILL_PROCESS],
    [RETURN, 0, 0, FAIL | ENOSYS],
  ];
}

function refuseSockets(architecture) {
  const koffi = createRequire(import.meta.url)('koffi');
  const libc = koffi.load(null);
  const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
  const syscall = libc.func('long syscall(long, unsigned long, unsigned long, void *)');
  const program = instructions(architecture);
  const filter = Buffer.alloc(8 * program.length);
  program.forEach(([code, ifTrue, ifFalse, value], index) => {
    filter.writeUInt16LE(code, 8 * index);
    filter.writeUInt8(ifTrue, 8 * index + 2);
    filter.writeUInt8(ifFalse, 8 * index + 3);
    filter.writeUInt32LE(value, 8 * index + 4);
  });
  const head = Buffer.alloc(16);
  head.writeUInt16LE(program.length, 0);
  head.writeBigUInt64LE(koffi.address(filter), 8);
  const install = () => syscall(architecture.seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, head);
  // Who is not root must first give up what programs with the setuid bit would grant.
  if (install() !== 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0 || install() !== 0)) {
    throw new Error('the kernel takes no seccomp filter: run the tests with --any-socket');
  }
}

const architecture = process.platform === 'linux' ? ARCHITECTURES[process.arch] : undefined;
if (architecture !== undefined) refuseSockets(architecture);
