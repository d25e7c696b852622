import { OP_ACCEPT, OP_ASYNC_CANCEL, OP_CLOSE, OP_CONNECT, OP_RECV, OP_SEND } from '../../kernel/io-uring.ts';
import { hasDirectSockets, uringOperations } from '../../kernel/uring-operations.ts';
import type { Clock } from '../../runtime/clock.ts';
import { RunError } from '../../units/run-error.ts';
import { requireLibc } from '../sockets/require-libc.ts';
import { Ring } from './ring.ts';

const NEEDED_OPERATIONS = [OP_ACCEPT, OP_ASYNC_CANCEL, OP_CONNECT, OP_CLOSE, OP_SEND, OP_RECV];

/** What this kernel's io_uring can do beyond the minimum. */
export interface UringAbilities {
  /** Sockets are made, bound and closed in the ring, without a file descriptor. */
  readonly direct: boolean;
}

/** Nothing is waited for on the ring that is tried. */
const UNREAD: Clock = { nowNs: 0, tick: () => undefined, now: () => 0 };

let cached: UringAbilities | undefined;

/** What io_uring offers here. Throws `RunError` where it is absent, forbidden or too old. */
export function requireUring(): UringAbilities {
  if (cached !== undefined) return cached;
  const libc = requireLibc();
  // With the settings of the engine: the ring throws what is missing.
  const ring = new Ring({ libc, clock: UNREAD, entries: 8, completions: 16 });
  try {
    if (!NEEDED_OPERATIONS.every(uringOperations(libc, ring.fd))) {
      const hint = 'use --engine epoll; the uring engine needs Linux 6.1';
      throw new RunError('ENOSYS', "this kernel's io_uring lacks operations on sockets", hint);
    }
    cached = { direct: hasDirectSockets(libc, ring.fd) };
    return cached;
  } finally {
    ring.dispose();
  }
}
