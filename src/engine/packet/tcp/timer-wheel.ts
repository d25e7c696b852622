import { IN_WHEEL, type ConnectionTable } from './connection-table.ts';
import { NONE } from './tcp-user.ts';

/** The shortest timer of a connection, in ms: RFC 6298's lower bound as Linux has it. */
export const LEAST_TIMER_MS = 200;
/** The resolution, and the number of buckets. */
const TICK_SHIFT = 3;
const BUCKETS = 32;
/** A row is looked at again after at most so many ticks, which together are no longer than the shortest timer. */
const MOST_TICKS = LEAST_TIMER_MS >> TICK_SHIFT;

/**
 * Timers of connections. A row is in the wheel once, and at most `LEAST_TIMER_MS` ahead; its deadline is read when its turn comes. As no
 * timer is shorter, setting, moving and clearing one is a store, and a connection that lives shorter costs nothing where its row has been
 * in use just before.
 */
export class TimerWheel {
  readonly #connections: ConnectionTable;
  readonly #heads = new Int32Array(BUCKETS).fill(NONE);
  #tick: number;
  #count = 0;

  constructor(connections: ConnectionTable, nowMs: number) {
    this.#connections = connections;
    this.#tick = nowMs >> TICK_SHIFT;
  }

  /** Whether a row is in the wheel. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** When the next bucket is due, in ms. */
  get nextMs(): number {
    return (this.#tick + 1) << TICK_SHIFT;
  }

  /** Sets the timer of a row, `ms` from now and at least `LEAST_TIMER_MS`. */
  set(row: number, nowMs: number, ms: number): void {
    const { deadlineMs, flags } = this.#connections;
    deadlineMs[row] = nowMs + (ms < LEAST_TIMER_MS ? LEAST_TIMER_MS : ms);
    if ((flags[row]! & IN_WHEEL) !== 0) return;
    flags[row] = flags[row]! | IN_WHEEL;
    this.#count++;
    this.#insert(row, (nowMs >> TICK_SHIFT) + MOST_TICKS);
  }

  clear(row: number): void {
    this.#connections.deadlineMs[row] = 0;
  }

  /** Turns the wheel to now, and calls `due` with each row whose deadline has passed. */
  turn(nowMs: number, due: (row: number) => void): void {
    const now = nowMs >> TICK_SHIFT;
    // After a long sleep one round finds all.
    if (now - this.#tick > BUCKETS) this.#tick = now - BUCKETS;
    while (this.#tick < now) {
      this.#tick++;
      const bucket = this.#tick & (BUCKETS - 1);
      let row = this.#heads[bucket]!;
      this.#heads[bucket] = NONE;
      while (row !== NONE) {
        const next = this.#connections.wheelNext[row]!;
        this.#visit(row, now, nowMs, due);
        row = next;
      }
    }
  }

  #visit(row: number, now: number, nowMs: number, due: (row: number) => void): void {
    const { deadlineMs, flags } = this.#connections;
    const deadline = deadlineMs[row]!;
    if (deadline === 0 || deadline <= nowMs) {
      flags[row] = flags[row]! & ~IN_WHEEL;
      this.#count--;
      if (deadline === 0) return;
      deadlineMs[row] = 0;
      due(row);
      return;
    }
    const ticks = ((deadline + (1 << TICK_SHIFT) - 1) >> TICK_SHIFT) - now;
    this.#insert(row, now + (ticks < MOST_TICKS ? ticks : MOST_TICKS));
  }

  #insert(row: number, tick: number): void {
    const bucket = tick & (BUCKETS - 1);
    this.#connections.wheelNext[row] = this.#heads[bucket]!;
    this.#heads[bucket] = row;
  }
}
