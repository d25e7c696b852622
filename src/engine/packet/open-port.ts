import type { Libc } from '../../kernel/libc.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { PacketLink } from '../seam/link.ts';
import type { FramePort } from './frame-port.ts';
import { XskPort } from './xsk-port.ts';

/** Opens the frames of this thread's queues. Throws `RunError` where a queue or memory is not to be had. */
export function openPort(libc: Libc, link: PacketLink, clock: Clock): FramePort {
  return new XskPort(libc, link, clock);
}
