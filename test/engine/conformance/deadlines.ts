import type { Test } from 'tap';
import type { ClientDriver, ServerDriver } from '../../../src/engine/seam/engine.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { MS } from './harness.ts';

const WAITS_NS = [20e3, 100e3, 400e3, 1 * MS, 1.6 * MS, 2.4 * MS, 5 * MS, 20 * MS, 50 * MS];
/** The clock's own error (see MonotonicClock). */
const TOLERANCE_NS = 1000;

/** Asks for one deadline after the other and measures when it is stepped. */
class Waiter {
  readonly latenessNs: number[] = [];
  readonly #clock: Clock;
  deadlineNs = 0;
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  step(): boolean {
    const nowNs = this.#clock.now();
    if (this.deadlineNs > 0) this.latenessNs.push(nowNs - this.deadlineNs);
    if (this.#next === 3 * WAITS_NS.length) return false;
    this.deadlineNs = this.#clock.now() + WAITS_NS[this.#next++ % WAITS_NS.length]!;
    return true;
  }
}

function unexpected(): never {
  throw new Error('an event without a connection');
}

/** With nothing open, `step` comes when the deadline has passed and not before. */
export async function checkDeadlines(
  t: Test,
  clock: Clock,
  run: (driver: ClientDriver & ServerDriver) => void | Promise<void>,
): Promise<void> {
  const waiter = new Waiter(clock);
  const driver = new Proxy({} as ClientDriver & ServerDriver, {
    get: (_, name) => (name === 'step' ? () => waiter.step() : name === 'deadlineNs' ? waiter.deadlineNs : unexpected),
  });
  await run(driver);
  t.equal(waiter.latenessNs.length, 3 * WAITS_NS.length, 'stepped once for each deadline');
  t.ok(Math.min(...waiter.latenessNs) >= -TOLERANCE_NS, `never early (${Math.min(...waiter.latenessNs)} ns)`);
  t.ok(Math.max(...waiter.latenessNs) < 1000 * MS, 'never a second late');
}
