import type { Clock } from '../../src/runtime/clock.ts';

/**
 * A clock that stands still until a test moves it.
 *
 * As with the real one, time goes on without being read: `nowNs` is the last reading, `atNs` is what the next one will say.
 */
export class ManualClock implements Clock {
  nowNs: number;
  /** The time, read or not. */
  atNs: number;
  /** What a reading costs; 0 leaves time to the test alone. */
  readonly tickNs: number;

  constructor(atNs = 0, tickNs = 0) {
    this.atNs = atNs;
    this.nowNs = atNs;
    this.tickNs = tickNs;
  }

  tick(): void {
    this.atNs += this.tickNs;
    this.nowNs = this.atNs;
  }

  now(): number {
    this.tick();
    return this.nowNs;
  }

  advance(ns: number): void {
    this.advanceTo(this.atNs + ns);
  }

  advanceTo(atNs: number): void {
    if (!(atNs >= this.atNs)) throw new Error(`the clock was set back from ${this.atNs} to ${atNs}`);
    this.atNs = atNs;
  }
}
