import {
  OP_ACCEPT,
  OP_ASYNC_CANCEL,
  OP_BIND,
  OP_CLOSE,
  OP_CONNECT,
  OP_RECV,
  OP_SEND,
  OP_SOCKET,
  OP_URING_CMD,
  REGISTER_PROBE,
} from '../../kernel/io-uring.ts';
import { RunError } from '../../units/run-error.ts';
import type { Clock } from '../../runtime/clock.ts';
import { requireLibc } from '../epoll/probe.ts';
import { Ring } from './ring.ts';

/** struct io_uring_probe: a head of 16 bytes, then 8 for each operation, the flag in the third. */
const PROBE_OPS = 256;
const PROBE_BYTES = 16 + 8 * PROBE_OPS;
const OP_SUPPORTED = 1;

const NEEDED_OPS = [OP_ACCEPT, OP_ASYNC_CANCEL, OP_CONNECT, OP_CLOSE, OP_SEND, OP_RECV];
/** For whole connections inside the ring; BIND is the youngest (Linux 6.11). */
const DIRECT_OPS = [OP_SOCKET, OP_URING_CMD, OP_BIND];

/** What this kernel's io_uring can do beyond the minimum. */
export interface UringAbilities {
  /** Sockets are made, bound and closed in the ring, without a file descriptor. */
  readonly direct: boolean;
}

/** Nothing is waited for on the ring that probes. */
const UNREAD: Clock = { nowNs: 0, tick: () => undefined, now: () => 0 };

let cached: UringAbilities | undefined;

/** What io_uring offers here. Throws `RunError` where it is absent, forbidden or too old. */
export function probeUring(): UringAbilities {
  if (cached !== undefined) return cached;
  const libc = requireLibc();
  const ring = new Ring({ libc, clock: UNREAD, entries: 8, completions: 16 });
  try {
    const probe = libc.alloc(PROBE_BYTES);
    const result = ring.register(REGISTER_PROBE, probe.address, PROBE_OPS);
    const has = (op: number): boolean => result >= 0 && (probe.bytes[16 + 8 * op + 2]! & OP_SUPPORTED) !== 0;
    if (!NEEDED_OPS.every(has)) {
      const hint = 'use --engine epoll; the uring engine needs Linux 6.1';
      throw new RunError('ENOSYS', "this kernel's io_uring lacks operations on sockets", hint);
    }
    cached = { direct: DIRECT_OPS.every(has) };
    return cached;
  } finally {
    ring.dispose();
  }
}
