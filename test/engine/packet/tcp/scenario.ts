/** What two users do with connections over a wire, and what becomes of it. */
import type { WireFaults } from '../memory-wire.ts';
import type { EndpointModel } from './endpoint-model.ts';

/** What a user does with a connection. */
export interface Script {
  /** How many bytes it sends, and how many of them it queues at a time. */
  readonly bytes: number;
  readonly pieceBytes: number;
  /**
   * What follows when all is queued: `shutdown` sends FIN and reads to the peer's end; `close` closes immediately; `wait` closes at the peer's end;
   * `reset` resets once it has received `resetAfter` bytes, or at the peer's end.
   */
  readonly finish: 'shutdown' | 'close' | 'wait' | 'reset';
  readonly resetAfter: number;
  /** Holds the window from that many received bytes on, for so long; 0 ms does not. */
  readonly holdAfter: number;
  readonly holdMs: number;
}

export interface Scenario {
  readonly family: 4 | 6;
  readonly vlan: number | null;
  readonly mtu: number;
  readonly connections: readonly { readonly client: Script; readonly server: Script }[];
  readonly faults: WireFaults;
  readonly delayMs: number;
  /** The largest window that passes the wire; Infinity for no limit. */
  readonly mostWindow: number;
  readonly firstSequences: readonly [number, number] | null;
}

/** A connection as one user has it. */
export interface Seat {
  readonly index: number;
  readonly script: Script;
  readonly model: EndpointModel;
  slot: number;
  queued: number;
  sent: number;
  received: number;
  /** The sum of wrong bytes. */
  wrong: number;
  isEnded: boolean;
  errno: number;
  isOpen: boolean;
  isClosed: boolean;
  /** Events in order, without repeated ones. */
  readonly events: string[];
}

/** The byte that an end sends at a position of a connection. */
export function byteAt(end: 0 | 1, connection: number, position: number): number {
  return (Math.imul(position + 1, 31) ^ (position >> 8) ^ (connection * 7 + end * 101)) & 255;
}
