import type { Libc } from '../../kernel/libc.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { PacketLink } from '../seam/link.ts';
import type { FramePort } from './frame-port.ts';
import { XskPort } from './xsk-port.ts';

/**
 * Opens the frames of this thread's queues. Throws `RunError` where a queue or memory is not to be had. The port ends the run when the
 * interface is down for longer than `patienceNs`.
 */
export function openPort(libc: Libc, link: PacketLink, clock: Clock, patienceNs: number): FramePort {
  return new XskPort(libc, link, clock, patienceNs);
}
