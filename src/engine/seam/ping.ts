/**
 * The second seam between what is decided and how the kernel is asked: connections that are opened once and then carry small
 * messages to and fro. As with the first (`engine.ts`), the engine owns the wait and the sockets, the driver the
 * schedule and the bookkeeping; both speak of connections by slot, and nothing is allocated for a message on either side.
 */
import type { PingEngineName } from '../../plan/engines.ts';
import type { Endpoint } from '../../plan/plan.ts';
import type { PingProtocol } from '../../plan/ping-plan.ts';
import type { StepDriver } from './engine.ts';
import type { Clock } from '../../runtime/clock.ts';

export interface PingEngineOptions {
  readonly protocol: PingProtocol;
  readonly target: Endpoint;
  /** Source addresses, used in turn by slot; empty is the system's choice. */
  readonly sources: readonly string[];
  /** The same as in `ClientEngineOptions`. */
  readonly isFreebind?: boolean | undefined;
  /** The size of each message, at least `HEAD_BYTES`. */
  readonly messageBytes: number;
  /** The number of slots. */
  readonly connections: number;
  /** What a caller can wait for one reply: an engine that sleeps in a receive wakes at least this often. */
  readonly timeoutNs: number;
  readonly clock: Clock;
}

/**
 * What a ping engine reports. Called only from inside `run`, on the engine's thread.
 *
 * For one slot the order is: connected, then any of received, writable and undelivered, then at most one failed. After `close` nothing.
 */
export interface PingDriver extends StepDriver {
  connected(slot: number): void;
  /** A whole message has come back; its head holds these two numbers. */
  received(slot: number, sequence: number, ticket: number): void;
  /** `send` refused with EAGAIN, and is worth another try. */
  writable(slot: number): void;
  /** A datagram was not delivered, as an ICMP message or this machine says. The connection goes on. */
  undelivered(slot: number, errno: number): void;
  /** The connection failed or, with errno 0, the peer ended it. The driver answers with `close`. */
  failed(slot: number, errno: number): void;
}

export interface PingEngine {
  readonly name: PingEngineName;
  /**
   * Opens a connection on a free slot, TCP always with TCP_NODELAY; a UDP socket is connected too, so that it gets datagrams of no other
   * peer. Returns 0, or the errno of what failed immediately; the slot is then still free and nothing has been reported.
   * `connected` follows, possibly before this returns.
   */
  open(slot: number): number;
  /**
   * Sends a message with `sequence` and `ticket` (32 bits each) in its head. Returns 0, or EAGAIN where the kernel takes no
   * more for now: nothing was sent, and `writable` follows. What else goes wrong is reported by `undelivered` or `failed`.
   */
  send(slot: number, sequence: number, ticket: number): number;
  /** Closes the slot, which is then free. */
  close(slot: number): void;
  /** Drives until `step` returns false. Engines that need the event loop return a promise. */
  run(driver: PingDriver): void | Promise<void>;
  dispose(): void;
}

/** The head of a message: sequence number and ticket, 32 bits each, in this machine's byte order. */
export const HEAD_BYTES = 8;

/** Room for one message, aligned. */
export function messageStride(messageBytes: number): number {
  return Math.ceil(messageBytes / 8) * 8;
}
