/**
 * The binding to the C library, and the only file that knows koffi: to swap it for node:ffi, swap this file.
 *
 * A call costs 0.1 to 0.15 µs more than from C. Addresses are numbers: user space ends below 2^48. Calls are synchronous and
 * belong on a thread of their own. Like in C, a call returns -1 and leaves the reason in `errno()`.
 */
import { createRequire } from 'node:module';
import { NativeHeap } from './native-memory.ts';
import type { MemoryBlock, NativeMemory } from './native-memory.ts';

export type { MemoryBlock, NativeMemory } from './native-memory.ts';

/** Section numbers are those of the man pages: each member is the call of that name. */
export interface Libc {
  errno(): number;
  /** Cleared, at an address that V8 passes on without cost where the machine can (see `NativeHeap`). */
  alloc(size: number): NativeMemory;
  /** Takes back what `alloc` gave, once neither this program nor the kernel uses it. */
  free(memory: NativeMemory): void;
  /** What `alloc` has of the kernel, for the thread that gives it back with munmap(2) when this one has ended. */
  blocks(): readonly MemoryBlock[];
  /** The memory at an address that the kernel gave (mmap). */
  view(address: number, size: number): ArrayBuffer;
  socket(family: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: number, size: number): number;
  getsockopt(fd: number, level: number, name: number, value: number, size: number): number;
  bind(fd: number, address: number, size: number): number;
  listen(fd: number, backlog: number): number;
  connect(fd: number, address: number, size: number): number;
  accept4(fd: number, address: number, size: number, flags: number): number;
  getsockname(fd: number, address: number, size: number): number;
  getpeername(fd: number, address: number, size: number): number;
  send(fd: number, data: number, size: number, flags: number): number;
  recv(fd: number, data: number, size: number, flags: number): number;
  recvmsg(fd: number, message: number, flags: number): number;
  sendmsg(fd: number, message: number, flags: number): number;
  sendto(fd: number, data: number, size: number, flags: number, address: number, addressSize: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  /** `request` fits 32 bits, and `address` is that of the request's struct. */
  ioctl(fd: number, request: number, address: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: number): number;
  epoll_wait(epoll: number, events: number, count: number, timeoutMs: number): number;
  /** syscall(SYS_epoll_pwait2, epoll, events, count, timespec, NULL, 0). */
  epoll_pwait2(
    number: number,
    epoll: number,
    events: number,
    count: number,
    timeout: number,
    mask: number,
    size: number,
  ): number;
  ppoll(fds: number, count: number, timeout: number, mask: number): number;
  nanosleep(time: number, rest: number): number;
  setns(fd: number, kind: number): number;
  sched_setaffinity(thread: number, size: number, mask: number): number;
  eventfd(initial: number, flags: number): number;
  pipe2(fds: number, flags: number): number;
  read(fd: number, data: number, size: number): number;
  write(fd: number, data: number, size: number): number;
  /** Unlike the others it returns the error number itself. */
  clock_nanosleep(clock: number, flags: number, request: number, remain: number): number;
  /** The same on one of libuv's threads; `done` is called on this thread's event loop. At most 256 run at the same time. */
  clock_nanosleep_async(clock: number, flags: number, request: number, remain: number, done: () => void): void;
  /** _exit(2): the process ends, wherever its threads are. Nothing that is buffered is written. */
  exitNow(status: number): number;
  tcgetattr(fd: number, modes: number): number;
  tcsetattr(fd: number, when: number, modes: number): number;
  prctl(option: number, value: number, a: number, b: number, c: number): number;
  getrlimit(resource: number, limit: number): number;
  setrlimit(resource: number, limit: number): number;
  mmap(address: number, size: number, protection: number, flags: number, fd: number, offset: number): number;
  munmap(address: number, size: number): number;
  io_uring_setup(number: number, entries: number, params: number): number;
  io_uring_enter(
    number: number,
    fd: number,
    submit: number,
    complete: number,
    flags: number,
    arg: number,
    size: number,
  ): number;
  io_uring_register(number: number, fd: number, opcode: number, arg: number, count: number): number;
  /** syscall(SYS_bpf, command, attributes, size). */
  bpf(number: number, command: number, attributes: number, size: number): number;
  /** `name` is the address of a string that ends with 0. Returns 0 where there is no interface of that name. */
  if_nametoindex(name: number): number;
}

interface ForeignFunction {
  (...args: number[]): number;
  /** Takes a callback last. */
  async(...args: unknown[]): void;
}

interface Koffi {
  load(path: null): { func(definition: string): ForeignFunction };
  view(pointer: unknown, size: number): ArrayBuffer;
  errno(): number;
}

let cached: Libc | undefined;

/** The C library of this process. Throws where koffi or a call is missing; the message says which. */
export function loadLibc(): Libc {
  return (cached ??= bindLibc(createRequire(import.meta.url)('koffi') as Koffi));
}

/** What this thread has of native memory; nothing where it has not bound the C library. */
export function memoryOfThread(): readonly MemoryBlock[] {
  return cached?.blocks() ?? [];
}

function memoryCalls(heap: NativeHeap): Pick<Libc, 'alloc' | 'free' | 'blocks'> {
  return { alloc: (size) => heap.alloc(size), free: (memory) => heap.free(memory), blocks: () => heap.blocks };
}

function bindLibc(koffi: Koffi): Libc {
  const c = koffi.load(null);
  // long is 64 bits on both machines; int64 is taken as a number and stays exact below 2^53.
  const func = (definition: string): ((...args: number[]) => number) => c.func(definition);
  const view = (address: number, size: number): ArrayBuffer => koffi.view(BigInt(address), size);
  const mmap = func('int64 mmap(int64, int64, int, int, int, int64)');
  const munmap = func('int munmap(int64, int64)');
  const heap = new NativeHeap({ mmap, munmap, view });
  const clockNanosleep = c.func('int clock_nanosleep(int, int, int64, int64)');
  return {
    errno: () => koffi.errno(),
    ...memoryCalls(heap),
    view,
    socket: func('int socket(int, int, int)'),
    setsockopt: func('int setsockopt(int, int, int, int64, uint32)'),
    getsockopt: func('int getsockopt(int, int, int, int64, int64)'),
    bind: func('int bind(int, int64, uint32)'),
    listen: func('int listen(int, int)'),
    connect: func('int connect(int, int64, uint32)'),
    accept4: func('int accept4(int, int64, int64, int)'),
    getsockname: func('int getsockname(int, int64, int64)'),
    getpeername: func('int getpeername(int, int64, int64)'),
    send: func('int64 send(int, int64, int64, int)'),
    recv: func('int64 recv(int, int64, int64, int)'),
    recvmsg: func('int64 recvmsg(int, int64, int)'),
    sendmsg: func('int64 sendmsg(int, int64, int)'),
    sendto: func('int64 sendto(int, int64, int64, int, int64, uint32)'),
    shutdown: func('int shutdown(int, int)'),
    close: func('int close(int)'),
    ioctl: func('int ioctl(int, uint64, int64)'),
    epoll_create1: func('int epoll_create1(int)'),
    epoll_ctl: func('int epoll_ctl(int, int, int, int64)'),
    epoll_wait: func('int epoll_wait(int, int64, int, int)'),
    epoll_pwait2: func('int64 syscall(int64, int64, int64, int64, int64, int64, int64)'),
    ppoll: func('int ppoll(int64, uint64, int64, int64)'),
    nanosleep: func('int nanosleep(int64, int64)'),
    setns: func('int setns(int, int)'),
    sched_setaffinity: func('int sched_setaffinity(int, uint64, int64)'),
    eventfd: func('int eventfd(uint32, int)'),
    pipe2: func('int pipe2(int64, int)'),
    read: func('int64 read(int, int64, int64)'),
    write: func('int64 write(int, int64, int64)'),
    clock_nanosleep: clockNanosleep,
    clock_nanosleep_async: (clock, flags, request, remain, done) =>
      clockNanosleep.async(clock, flags, request, remain, done),
    exitNow: func('int _exit(int)'),
    tcgetattr: func('int tcgetattr(int, int64)'),
    tcsetattr: func('int tcsetattr(int, int, int64)'),
    prctl: func('int prctl(int, uint64, uint64, uint64, uint64)'),
    getrlimit: func('int getrlimit(int, int64)'),
    setrlimit: func('int setrlimit(int, int64)'),
    mmap,
    munmap,
    io_uring_setup: func('int64 syscall(int64, int64, int64)'),
    io_uring_enter: func('int64 syscall(int64, int64, int64, int64, int64, int64, int64)'),
    io_uring_register: func('int64 syscall(int64, int64, int64, int64, int64)'),
    bpf: func('int64 syscall(int64, int64, int64, int64)'),
    if_nametoindex: func('uint32 if_nametoindex(int64)'),
  };
}

/** A copy of `data` in native memory; one byte at least, so that the address is always good. */
export function nativeCopy(libc: Libc, data: Uint8Array): NativeMemory {
  const memory = libc.alloc(Math.max(1, data.length));
  memory.bytes.set(data);
  return memory;
}
