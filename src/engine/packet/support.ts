import { RLIMIT_MEMLOCK, SOCK_CLOEXEC } from '../../kernel/constants.ts';
import type { Libc } from '../../kernel/libc.ts';
import { missingPacketCapabilities } from '../../kernel/machine/privilege.ts';
import { AF_XDP, SOCK_RAW } from '../../kernel/xdp/if-xdp.ts';
import { RunError } from '../../units/run-error.ts';
import { requireLibc } from '../sockets/require-libc.ts';
import { capabilityError, socketFamilyError } from './refusals.ts';

/** The C library, where this process may open AF_XDP sockets and load programs for them. Throws `RunError` where it may not. */
export function requirePacket(): Libc {
  const libc = libcOrReason();
  const missing = missingPacketCapabilities();
  if (missing.length > 0) throw capabilityError('the packet engine', missing);
  const fd = libc.socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) throw socketFamilyError(libc.errno());
  libc.close(fd);
  return libc;
}

/** The hint of the other engines, to use node, would be no help to a run that asks for this one. */
function libcOrReason(): Libc {
  try {
    return requireLibc();
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    throw new RunError(error.code, error.message, `${error.hint}, without --interface`, { cause: error });
  }
}

/**
 * Lets this process lock as much memory as its hard limit allows, or any amount where it may raise that: frames count towards the limit, and
 * before Linux 5.11 maps and programs do.
 */
export function raiseLockedMemoryLimit(libc: Libc): void {
  const memory = libc.alloc(16);
  const limits = new BigUint64Array(memory.bytes.buffer, 0, 2);
  limits.fill(RLIM_INFINITY);
  if (libc.setrlimit(RLIMIT_MEMLOCK, memory.address) === 0) return;
  if (libc.getrlimit(RLIMIT_MEMLOCK, memory.address) < 0) return;
  limits[0] = limits[1]!;
  libc.setrlimit(RLIMIT_MEMLOCK, memory.address);
}

const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
