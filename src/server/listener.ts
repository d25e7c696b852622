import { DRAIN_NS, POLL_NS } from '../engine/seam/engine.ts';
import type { ServerDriver, ServerEngine } from '../engine/seam/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import { ECONNRESET } from '../kernel/errno.ts';
import type { BusyTasks } from '../work/busy-tasks.ts';
import { JOB_TICKET, JOB_TURN, type Executor, type JobHandler } from '../work/executor.ts';
import { ConnectionTable, NONE } from './connections.ts';
import {
  ABORTED,
  BYTES_RECEIVED,
  BYTES_SENT,
  COMPLETED,
  EARLY_EOF,
  IDLE_CLOSED,
  REJECTED,
  SLOW_READERS,
} from './counters.ts';
import type { ListenerCounters } from './counters.ts';
import { LINGERING } from './modes.ts';
import type { Mode, ModeActions } from './modes.ts';

/** Values of `control[CONTROL_STATE]`: serve; stop accepting and drain; leave immediately. */
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
  /** Makes what does the work of each connection before its answer; without it there is none. */
  readonly createExecutor?: ((handler: JobHandler) => Executor) | undefined;
  /** What else the loop has to do. */
  readonly busyTasks?: BusyTasks | undefined;
}

/**
 * Serves what one listener accepts and counts it.
 *
 * Every accepted connection ends in exactly one of completed, idle_closed, aborted and an error of a connection.
 */
export class Listener implements ServerDriver, ModeActions, JobHandler {
  readonly phase: Uint8Array;
  deadlineNs = -Infinity;
  readonly #engine: ServerEngine;
  readonly #clock: Clock;
  readonly #mode: Mode;
  readonly #counters: ListenerCounters;
  readonly #connections: ConnectionTable;
  readonly #idleTimeoutNs: number;
  readonly #maxConnections: number;
  readonly #control: Int32Array;
  readonly #executor: Executor | null;
  readonly #busyTasks: BusyTasks | null;
  /** Whether the work of a connection is under way, and which of the slot's connections that is. */
  readonly #isWorking: Uint8Array;
  readonly #turns: Int32Array;
  /** 1 while a part of an answer is not yet with the kernel. */
  readonly #isSending: Uint8Array;
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
    this.#isWorking = new Uint8Array(options.capacity);
    this.#turns = new Int32Array(options.capacity);
    this.#isSending = new Uint8Array(options.capacity);
    this.#executor = options.createExecutor?.(this) ?? null;
    this.#busyTasks = options.busyTasks ?? null;
  }

  step(): boolean {
    this.#clock.tick();
    const { nowNs } = this.#clock;
    this.#executor?.step();
    const busyNs = this.#busyTasks?.run(nowNs) ?? Infinity;
    const state = Atomics.load(this.#control, CONTROL_STATE);
    if (state !== SERVE && this.#drainEndNs === Infinity) {
      this.#drainEndNs = nowNs + DRAIN_NS;
      this.#engine.stopListening();
      if (!this.#mode.reads) this.#completeEnded();
    }
    if (state === QUIT || nowNs >= this.#drainEndNs) this.#abortAll();
    this.#closeIdle(nowNs);
    if (this.#drainEndNs !== Infinity && this.#unreleased === 0) return false;
    this.deadlineNs =
      this.#executor?.maySleep() === false
        ? nowNs
        : Math.min(nowNs + POLL_NS, busyNs, this.#connections.stalestNs + this.#idleTimeoutNs);
    return true;
  }

  #closeIdle(nowNs: number): void {
    const connections = this.#connections;
    while (nowNs >= connections.stalestNs + this.#idleTimeoutNs) {
      // It is the peer who waits here, and not idle.
      if (this.#isWorking[connections.stalest] === 1) connections.touch(connections.stalest, nowNs);
      else this.#closeUnfinished(connections.stalest, IDLE_CLOSED, false);
    }
  }

  /** Closes held connections whose peer has ended: once the server stops they wait for nothing. */
  #completeEnded(): void {
    const connections = this.#connections;
    for (let slot = connections.stalest; slot !== NONE;) {
      const next = connections.after(slot);
      if (this.phase[slot] === LINGERING) this.complete(slot);
      slot = next;
    }
  }

  #abortAll(): void {
    const connections = this.#connections;
    while (connections.stalest !== NONE) this.#closeUnfinished(connections.stalest, ABORTED, true);
  }

  #closeUnfinished(slot: number, counter: number, reset: boolean): void {
    if (this.#isSending[slot] === 1) this.#counters.add(SLOW_READERS, 1);
    this.#close(slot, counter, reset);
  }

  #close(slot: number, counter: number, reset: boolean): void {
    this.#counters.add(counter, 1);
    this.#forget(slot);
    this.#engine.close(slot, reset);
  }

  /** Frees a slot. The result of work that is still under way is then ignored. */
  #forget(slot: number): void {
    this.#connections.remove(slot);
    this.#isWorking[slot] = 0;
  }

  admits(): boolean {
    // The limit is the sum of all listeners: a listener that exceeds it takes its count back.
    if (Atomics.add(this.#control, CONTROL_OPEN, 1) < this.#maxConnections) return true;
    Atomics.sub(this.#control, CONTROL_OPEN, 1);
    this.#counters.add(REJECTED, 1);
    return false;
  }

  accepted(slot: number): void {
    this.#unreleased++;
    this.#isSending[slot] = 0;
    this.#counters.acceptedAt(this.#clock.nowNs);
    this.#connections.add(slot, this.#clock.nowNs);
    this.#mode.accepted(this, slot);
  }

  received(slot: number, bytes: number): void {
    this.#counters.add(BYTES_RECEIVED, bytes);
    // What a peer sends after its response is no progress, and must not keep the connection open.
    if (this.phase[slot] !== LINGERING) this.#connections.touch(slot, this.#clock.nowNs);
    this.#mode.received(this, slot);
  }

  sent(slot: number, bytes: number): void {
    this.#counters.add(BYTES_SENT, bytes);
    this.#connections.touch(slot, this.#clock.nowNs);
  }

  flushed(slot: number): void {
    this.#isSending[slot] = 0;
    this.#mode.flushed(this, slot);
  }

  ended(slot: number): void {
    this.#mode.ended(this, slot);
    if (!this.#mode.reads && this.#drainEndNs !== Infinity && this.phase[slot] === LINGERING) this.complete(slot);
  }

  failed(slot: number, errno: number): void {
    // All is done and the connection lingers only for the peer's sake: a peer that resets is a peer that closes.
    if (this.phase[slot] === LINGERING && errno === ECONNRESET) {
      this.complete(slot);
      return;
    }
    this.#counters.connectionError(errno);
    this.#forget(slot);
    this.#engine.close(slot, false);
  }

  released(_slot: number): void {
    this.#unreleased--;
    Atomics.sub(this.#control, CONTROL_OPEN, 1);
  }

  acceptFailed(errno: number): void {
    this.#counters.acceptError(errno);
  }

  answer(slot: number): void {
    const executor = this.#executor;
    if (executor === null) {
      this.#mode.answer(this, slot);
      return;
    }
    const turn = (this.#turns[slot]! + 1) | 0;
    this.#turns[slot] = turn;
    this.#isWorking[slot] = 1;
    executor.job[JOB_TICKET] = slot;
    executor.job[JOB_TURN] = turn;
    executor.submit();
  }

  jobDone(slot: number, turn: number): void {
    if (this.#isWorking[slot] === 0 || this.#turns[slot] !== turn) return;
    this.#isWorking[slot] = 0;
    this.#connections.touch(slot, this.#clock.nowNs);
    this.#mode.answer(this, slot);
  }

  echo(slot: number): void {
    this.#isSending[slot] = 1;
    this.#engine.echo(slot);
  }

  respond(slot: number): void {
    this.#isSending[slot] = 1;
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
