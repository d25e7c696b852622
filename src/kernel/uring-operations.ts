/** Which operations the io_uring of this kernel knows: io_uring_register(2), IORING_REGISTER_PROBE. */
import { SYS_io_uring_register, SYS_io_uring_setup } from './constants.ts';
import { OP_BIND, OP_SOCKET, OP_URING_CMD, REGISTER_PROBE } from './io-uring.ts';
import { loadLibc, type Libc } from './libc.ts';

/** struct io_uring_params, all of it output here. */
const PARAMS_BYTES = 120;
/** struct io_uring_probe: a head of 16 bytes, then 8 for each operation, the flag in the third. */
const PROBE_OPS = 256;
const PROBE_BYTES = 16 + 8 * PROBE_OPS;
const OP_SUPPORTED = 1;

/** For whole connections inside the ring, which then need no file descriptor; BIND is the youngest (Linux 6.11). */
const DIRECT_OPERATIONS = [OP_SOCKET, OP_URING_CMD, OP_BIND];

/** Tells of an operation whether the ring `fd` knows it. */
export function uringOperations(libc: Libc, fd: number): (operation: number) => boolean {
  const probe = libc.alloc(PROBE_BYTES);
  const result = libc.io_uring_register(SYS_io_uring_register, fd, REGISTER_PROBE, probe.address, PROBE_OPS);
  return (operation) => result >= 0 && (probe.bytes[16 + 8 * operation + 2]! & OP_SUPPORTED) !== 0;
}

/** Whether connections in the ring `fd` need no file descriptor. */
export function hasDirectSockets(libc: Libc, fd: number): boolean {
  return DIRECT_OPERATIONS.every(uringOperations(libc, fd));
}

/** The same of this machine, asked on the smallest ring; false where io_uring or libc cannot be used. */
export function machineHasDirectSockets(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const libc = loadLibc();
    const fd = libc.io_uring_setup(SYS_io_uring_setup, 1, libc.alloc(PARAMS_BYTES).address);
    if (fd < 0) return false;
    const hasThem = hasDirectSockets(libc, fd);
    libc.close(fd);
    return hasThem;
  } catch {
    return false;
  }
}
