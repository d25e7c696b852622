/** Warnings that strangers can cause: written up to a number a minute, then counted, so that they cannot fill the disk of an agent. */
import type { AgentLog } from './agent-log.ts';

const WINDOW_MS = 60_000;
const LINES_MAX = 20;

export class SparseLog {
  readonly #log: AgentLog;
  readonly #nowMs: () => number;
  #windowMs = -Infinity;
  #lines = 0;

  constructor(log: AgentLog, nowMs: () => number = () => performance.now()) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  warn(message: string): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#windowMs >= WINDOW_MS) {
      const untold = this.#lines - LINES_MAX;
      if (untold > 0) this.#log.warn(`${untold} more orders were refused meanwhile`);
      this.#windowMs = nowMs;
      this.#lines = 0;
    }
    this.#lines++;
    if (this.#lines <= LINES_MAX) this.#log.warn(message);
    if (this.#lines === LINES_MAX)
      this.#log.warn('orders that are refused within this minute are counted from here on');
  }
}
