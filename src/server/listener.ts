import { DRAIN_NS, POLL_NS, STOP } from '../engine/engine.ts';
import type { Clock, ServerDriver, ServerEngine } from '../engine/engine.ts';
import { ECONNRESET } from '../linux/errno.ts';
import { ConnectionTable, NONE } from './connections.ts';
import {
  ABORTED,
  ACCEPTED,
  BYTES_RECEIVED,
  BYTES_SENT,
  COMPLETED,
  EARLY_EOF,
  IDLE_CLOSED,
  REJECTED,
} from './counters.ts';
import type { ListenerCounters } from './counters.ts';
import { LINGERING } from './modes.ts';
import type { Mode, ModeActions } from './modes.ts';

/** In `control[CONTROL_STATE]`: serve; stop accepting and drain; leave at once. */
export const CONTROL_STATE = 0;
export const SERVE = 0;
export const DRAIN = 1;
export const QUIT = 2;
/** Index in `control` of the number of connections that are open over all listeners. */
export const CONTROL_OPEN = 1;

export interface ListenerOptions {
  readonly engine: ServerEngine;
  readonly clock: Clock;
  readonly mode: Mode;
  readonly counters: ListenerCounters;
  readonly idleTimeoutNs: number;
  readonly capacity: number;
  /** Over all listeners. */
  readonly maxConnections: number;
  /** Shared by all listeners. */
  readonly control: Int32Array;
}

/**
 * Serves what one listener accepts and counts it.
 *
 * Every accepted connection ends in exactly one of completed, idle_closed, aborted and an error of a connection.
 */
export class Listener implements ServerDriver, ModeActions {
  readonly phase: Uint8Array;
  readonly #engine: ServerEngine;
  readonly #clock: Clock;
  readonly #mode: Mode;
  readonly #counters: ListenerCounters;
  readonly #connections: ConnectionTable;
  readonly #idleTimeoutNs: number;
  readonly #maxConnections: number;
  readonly #control: Int32Array;
  /** Accepted and not yet released by the engine. */
  #unreleased = 0;
  /** When a stopped listener gives up draining; Infinity while it is not stopped. */
  #drainEndNs = Infinity;

  constructor(options: ListenerOptions) {
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#mode = options.mode;
    this.#counters = options.counters;
    this.#connections = new ConnectionTable(options.capacity);
    this.phase = this.#connections.phase;
    this.#idleTimeoutNs = options.idleTimeoutNs;
    this.#maxConnections = options.maxConnections;
    this.#control = options.control;
  }

  step(): number {
    const nowNs = this.#clock.tick();
    const state = Atomics.load(this.#control, CONTROL_STATE);
    if (state !== SERVE && this.#drainEndNs === Infinity) {
      this.#drainEndNs = nowNs + DRAIN_NS;
      this.#engine.stopListening();
    }
    if (state === QUIT || nowNs >= this.#drainEndNs) this.#abortAll();
    this.#closeIdle(nowNs);
    if (this.#drainEndNs !== Infinity && this.#unreleased === 0) return STOP;
    return Math.min(nowNs + POLL_NS, this.#connections.stalestNs + this.#idleTimeoutNs);
  }

  #closeIdle(nowNs: number): void {
    const connections = this.#connections;
    while (nowNs >= connections.stalestNs + this.#idleTimeoutNs) this.#close(connections.stalest, IDLE_CLOSED, false);
  }

  #abortAll(): void {
    const connections = this.#connections;
    while (connections.stalest !== NONE) this.#close(connections.stalest, ABORTED, true);
  }

  #close(slot: number, counter: number, reset: boolean): void {
    this.#counters.add(counter, 1);
    this.#connections.remove(slot);
    this.#engine.close(slot, reset);
  }

  admits(): boolean {
    // The limit is the sum of all listeners: whoever goes beyond it takes its step back.
    if (Atomics.add(this.#control, CONTROL_OPEN, 1) < this.#maxConnections) return true;
    Atomics.sub(this.#control, CONTROL_OPEN, 1);
    this.#counters.add(REJECTED, 1);
    return false;
  }

  accepted(slot: number): void {
    this.#unreleased++;
    this.#counters.add(ACCEPTED, 1);
    this.#connections.add(slot, this.#clock.nowNs);
    this.#mode.accepted(this, slot);
  }

  received(slot: number, bytes: number): void {
    this.#counters.add(BYTES_RECEIVED, bytes);
    // What a peer sends after its response moves nothing forward, and must not keep the connection open for ever.
    if (this.phase[slot] !== LINGERING) this.#connections.touch(slot, this.#clock.nowNs);
    this.#mode.received(this, slot);
  }

  sent(slot: number, bytes: number): void {
    this.#counters.add(BYTES_SENT, bytes);
    this.#connections.touch(slot, this.#clock.nowNs);
  }

  flushed(slot: number): void {
    this.#mode.flushed(this, slot);
  }

  ended(slot: number): void {
    this.#mode.ended(this, slot);
  }

  failed(slot: number, errno: number): void {
    // The response has left in full and the connection lingers only to protect it: a peer that resets is a peer that closes.
    if (this.phase[slot] === LINGERING && errno === ECONNRESET) {
      this.complete(slot);
      return;
    }
    this.#counters.connectionError(errno);
    this.#connections.remove(slot);
    this.#engine.close(slot, false);
  }

  released(_slot: number): void {
    this.#unreleased--;
    Atomics.sub(this.#control, CONTROL_OPEN, 1);
  }

  acceptFailed(errno: number): void {
    this.#counters.acceptError(errno);
  }

  echo(slot: number): void {
    this.#engine.echo(slot);
  }

  respond(slot: number): void {
    this.#engine.respond(slot);
  }

  halfClose(slot: number): void {
    this.#engine.halfClose(slot);
  }

  complete(slot: number): void {
    this.#close(slot, COMPLETED, false);
  }

  reset(slot: number): void {
    this.#close(slot, COMPLETED, true);
  }

  endEarly(slot: number): void {
    this.#close(slot, EARLY_EOF, false);
  }
}
