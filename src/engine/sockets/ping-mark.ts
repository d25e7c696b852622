import { MARKED_MESSAGE_BYTES } from '../../plan/ping-plan.ts';
import { HEAD_BYTES } from '../seam/ping.ts';
import type { PingEngineOptions } from '../seam/ping.ts';

const PING = 'conngen?';
const REPLY = 'conngen!';
const LAST = HEAD_BYTES + PING.length - 1;

/** Marks the message at `at` as a ping, after its head, if it is a datagram with room for that. Echoes of streams need no mark. */
export function markDatagram(options: PingEngineOptions, bytes: Uint8Array, at: number): void {
  if (options.protocol !== 'udp' || options.messageBytes < MARKED_MESSAGE_BYTES) return;
  for (let i = 0; i < PING.length; i++) bytes[at + HEAD_BYTES + i] = PING.charCodeAt(i);
}

function hasStem(bytes: Uint8Array, count: number): boolean {
  if (count < MARKED_MESSAGE_BYTES) return false;
  for (let i = HEAD_BYTES; i < LAST; i++) if (bytes[i] !== PING.charCodeAt(i - HEAD_BYTES)) return false;
  return true;
}

/** Whether a datagram of `count` bytes is a ping of conngen. */
export function isPing(bytes: Uint8Array, count: number): boolean {
  return hasStem(bytes, count) && bytes[LAST] === PING.charCodeAt(PING.length - 1);
}

/** Whether it is a reply that an echo of conngen has sent. */
export function isReply(bytes: Uint8Array, count: number): boolean {
  return hasStem(bytes, count) && bytes[LAST] === REPLY.charCodeAt(REPLY.length - 1);
}

/** Makes the reply of a ping. */
export function markReply(bytes: Uint8Array): void {
  bytes[LAST] = REPLY.charCodeAt(REPLY.length - 1);
}
