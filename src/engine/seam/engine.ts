/**
 * The seam between what is decided (client, server) and how the kernel is asked (uring, epoll, node).
 *
 * The engine owns the wait and the sockets; the driver owns the schedule and the bookkeeping. Both speak of connections by
 * *slot*: a small integer below `capacity`. Nothing is allocated for a connection on either side of the seam, and what
 * happens to one connection is an integer, never an exception.
 */

import type { EngineName } from '../../plan/engines.ts';
import type { Endpoint } from '../../plan/plan.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { PacketLink } from './link.ts';

/** A source port of 0 in `open`: the kernel chooses at connect. */
export const KERNEL_PORT = 0;
/** A source index of -1 in `open`: the kernel chooses address and port. */
export const KERNEL_SOURCE = -1;

/**
 * The places where a client's driver wants the bytes of a slot. An engine asks before each receive; the place stays the kernel's until the next
 * `received` or `released` of the slot.
 */
export interface BodyPlaces {
  /** How many bytes fit there; asked first. With 0 the bytes are not wanted, and the kernel drops them. */
  roomOf(slot: number): number;
  /** The address of the place in native memory, for engines that call libc; asked where there is room. */
  addressOf(slot: number): number;
  /** The same place for an engine without native memory: never empty, for what comes and is not wanted lands there too. */
  viewOf(slot: number): Uint8Array;
}

export interface ClientEngineOptions {
  readonly target: Endpoint;
  /** Source addresses, referred to by index; empty if only the system's choice is used. */
  readonly sources: readonly string[];
  /** The sources need not be addresses of this machine. The node engine cannot do that, and throws `RunError`. */
  readonly isFreebind?: boolean | undefined;
  /** What each connection sends once it is established; may be empty. */
  readonly payload: Uint8Array;
  /** Shut down writing after the last byte of the payload. */
  readonly halfClose: boolean;
  /** The payload and the half-close after it wait for `startSending`. False if left out: they follow `connected` immediately. */
  readonly sendsWhenAsked?: boolean | undefined;
  /**
   * The kernel may choose the target's own port on this machine, and so connect a socket to itself: that is reported as
   * refused. False if left out: it cannot happen, and nothing is spent on it.
   */
  readonly mayMeetItself?: boolean | undefined;
  /** Undefined: what is received is dropped, which spares the copy out of the kernel. */
  readonly bodies?: BodyPlaces | undefined;
  /** What the thread has of the interface, for an engine that attaches to one. */
  readonly link?: PacketLink | undefined;
  /** The number of slots. */
  readonly capacity: number;
  readonly clock: Clock;
}

/** How long to wait. A double that is handed over or returned by a call is an object; in a field it is none. */
export interface Deadline {
  /** The end of the wait, in ns on the clock. */
  readonly deadlineNs: number;
}

/** Looks for events without waiting. */
export const AT_ONCE: Deadline = { deadlineNs: -Infinity };

/** What every engine asks of its driver between waits. `deadlineNs` is when to step again at the latest; `step` sets it. */
export interface StepDriver extends Deadline {
  /** Starts what is due, ends what is late. False when there is nothing left to wait for: the engine leaves `run`. */
  step(): boolean;
}

/**
 * What a client engine reports. Called only from inside `run`, on the engine's thread.
 *
 * For one slot the order is: connected, then any of sent and received, then at most one of ended and failed; released last,
 * and always. After `ended` only `sent` (and a server's `flushed`) can follow, or
 * `failed` where the peer resets what is still being sent. After `close` nothing but `released` is reported for the slot.
 */
export interface ClientDriver extends StepDriver {
  connected(slot: number): void;
  /** `bytes` more of the payload were handed to the kernel. */
  sent(slot: number, bytes: number): void;
  received(slot: number, bytes: number): void;
  /** The peer shut down its writing side; everything before it has been received. */
  ended(slot: number): void;
  /** The connection failed, before or after it was established. The driver answers with `close`. */
  failed(slot: number, errno: number): void;
  /** The slot and its 4-tuple are free for another `open`. */
  released(slot: number): void;
}

/** A driver asks for a step at least this often, because nothing wakes a thread that is to stop. */
export const POLL_NS = 50e6;
/** How long open connections have to end by themselves after a stop. */
export const DRAIN_NS = 5e9;

export interface ClientEngine {
  readonly name: EngineName;
  /**
   * The engine reads the clock when it looks for what has come, before it reports: the last reading is the time of an event. Left out: the
   * driver reads the clock for each event.
   */
  readonly timesEvents?: true;
  /**
   * Starts a connection on a free slot: connect, then send the payload, then shut down writing if so configured.
   * Returns 0, or the errno of what failed immediately; the slot is then still free and nothing has been reported. Where the
   * peer is that near, events of the connection come before this returns.
   */
  open(slot: number, source: number, port: number): number;
  /**
   * Called with `sendsWhenAsked`, once for a slot that is connected and has neither ended nor failed: sends the payload, then shuts
   * down writing if so configured. Events of the slot may come before this returns.
   */
  startSending(slot: number): void;
  /** Closes the slot with FIN, or with RST if `reset`. `released` follows, possibly before this returns. */
  close(slot: number, reset: boolean): void;
  /** The same as in `ServerEngine`. */
  watch(fd: number): void;
  /** Drives until `step` returns false. Engines that need the event loop return a promise. */
  run(driver: ClientDriver): void | Promise<void>;
  /**
   * As `run`, with every connection established and every exchange complete without a packet, so that V8 compiles what the next `run`
   * needs. A response has `responseBytes`, then the peer's end. False where this is not possible: nothing was done. Left out by
   * engines that cannot do it anywhere.
   */
  rehearse?(driver: ClientDriver, responseBytes: number): boolean;
  /** Frees what the kernel holds. Not callable from inside `run`. */
  dispose(): void;
}

export interface ServerEngineOptions {
  /** Address to listen on; null is every address of both families. */
  readonly host: string | null;
  /** The port to bind. For 0 the kernel picks one; see `ServerEngine.port`. */
  readonly port: number;
  readonly backlog: number;
  /** What `respond` sends. */
  readonly payload: Uint8Array;
  /** The number of slots. */
  readonly capacity: number;
  /**
   * Whether accepted connections are read at all; false for a server that only holds them. Then `failed` can follow `ended`
   * at any time: the peer has reset what it had half-closed.
   */
  readonly reads: boolean;
  /** Whether `halfClose` will be called. */
  readonly halfCloses: boolean;
  /** What the thread has of the interface, for an engine that attaches to one. */
  readonly link?: PacketLink | undefined;
  readonly clock: Clock;
}

/** What a server engine reports. The same rules as for `ClientDriver`. */
export interface ServerDriver extends StepDriver {
  /** Asked once for each connection taken from the backlog; false closes it immediately, without a report. */
  admits(): boolean;
  accepted(slot: number): void;
  /** `bytes` were received; the driver may answer with `echo` before it returns. */
  received(slot: number, bytes: number): void;
  /** `bytes` were handed to the kernel. */
  sent(slot: number, bytes: number): void;
  /** Everything that `echo` or `respond` had to send is with the kernel. */
  flushed(slot: number): void;
  ended(slot: number): void;
  failed(slot: number, errno: number): void;
  released(slot: number): void;
  /** accept failed (EMFILE and the like); the engine backs off before it tries again. */
  acceptFailed(errno: number): void;
}

export interface ServerEngine {
  readonly name: EngineName;
  /** The port that is bound; valid once `listen` has returned. */
  readonly port: number;
  /** Binds and listens. Throws `RunError` with the system's code (EADDRINUSE, EACCES, EADDRNOTAVAIL …). */
  listen(): void | Promise<void>;
  /**
   * Sends back the bytes just received; only from inside `received`. What the peer does not take yet is kept, at most
   * 64 KiB a connection, and nothing is read from the peer until it is gone.
   */
  echo(slot: number): void;
  /** Sends the payload. */
  respond(slot: number): void;
  /** Shuts down the writing side. */
  halfClose(slot: number): void;
  close(slot: number, reset: boolean): void;
  /**
   * From now on a wait also ends, and `step` is called, when another thread writes to `fd`: an eventfd, or for the node
   * engine the reading end of a pipe, which is then the engine's to close. Called once at most, before `run`.
   */
  watch(fd: number): void;
  /** Stops accepting and closes the listening socket. Open connections go on. */
  stopListening(): void;
  run(driver: ServerDriver): void | Promise<void>;
  /**
   * As `run`, after `listen`, with clients that are not there, so that V8 compiles what `run` needs. Takes at most 150 ms, and its only effect is
   * compiled code. Calls `onEnd` when no more connections come; `step` then has to return false. Left out by engines that cannot do it.
   */
  rehearse?(driver: ServerDriver, onEnd: () => void): void;
  dispose(): void;
}
