import type { Clock } from '../runtime/clock.ts';
import type { PingDriver, PingEngine } from '../engine/seam/ping.ts';
import { ETIMEDOUT } from '../kernel/errno.ts';
import { STOP } from '../runtime/round-control.ts';

/** Opened together, before events are looked at. */
const OPENS_PER_STEP = 64;

/** Opens all connections of a round before it begins: the driver of an engine until each is up or has failed. */
export class Opening implements PingDriver {
  /** 1 for each slot that is up. */
  readonly isUp: Uint8Array;
  deadlineNs = -Infinity;
  readonly #isSettled: Uint8Array;
  readonly #engine: PingEngine;
  readonly #clock: Clock;
  readonly #timeoutNs: number;
  readonly #control: Int32Array;
  readonly #errnos = new Map<number, number>();
  #opened = 0;
  #settled = 0;
  #giveUpNs = Infinity;

  /** `control`: a stop breaks it off. */
  constructor(engine: PingEngine, clock: Clock, connections: number, timeoutNs: number, control: Int32Array) {
    this.#engine = engine;
    this.#clock = clock;
    this.#timeoutNs = timeoutNs;
    this.#control = control;
    this.isUp = new Uint8Array(connections);
    this.#isSettled = new Uint8Array(connections);
  }

  /** How many are up. */
  get established(): number {
    return this.isUp.reduce((sum, each) => sum + each, 0);
  }

  /** Why the others are not: count by error number. */
  get errnos(): ReadonlyMap<number, number> {
    return this.#errnos;
  }

  step(): boolean {
    const nowNs = this.#clock.now();
    const connections = this.isUp.length;
    const end = Math.min(connections, this.#opened + OPENS_PER_STEP);
    while (this.#opened < end) {
      const slot = this.#opened++;
      const errno = this.#engine.open(slot);
      if (errno !== 0) this.#fail(slot, errno);
    }
    if (this.#opened < connections) return true;
    if (this.#giveUpNs === Infinity) this.#giveUpNs = nowNs + this.#timeoutNs;
    if (nowNs >= this.#giveUpNs || Atomics.load(this.#control, STOP) !== 0) this.#giveUp();
    this.deadlineNs = Math.min(this.#giveUpNs, nowNs + 10e6);
    return this.#settled < connections;
  }

  #giveUp(): void {
    for (const [slot, isSettled] of this.#isSettled.entries()) {
      if (isSettled === 1) continue;
      this.#engine.close(slot);
      this.#fail(slot, ETIMEDOUT);
    }
  }

  #fail(slot: number, errno: number): void {
    if (this.#isSettled[slot] === 1 && this.isUp[slot] === 0) return;
    if (this.#isSettled[slot] === 0) this.#settled++;
    this.#isSettled[slot] = 1;
    this.isUp[slot] = 0;
    this.#errnos.set(errno, (this.#errnos.get(errno) ?? 0) + 1);
  }

  connected(slot: number): void {
    this.#isSettled[slot] = 1;
    this.#settled++;
    this.isUp[slot] = 1;
  }

  /** A server may end what it has only just taken. */
  failed(slot: number, errno: number): void {
    this.#fail(slot, errno);
    this.#engine.close(slot);
  }

  received(): void {
    // Nothing has been sent, so this is a greeting. It takes no ticket of a ping, and is no reply to one.
  }

  writable(): void {
    // Nothing has been refused.
  }

  undelivered(): void {
    // Nothing is under way.
  }
}
