/** How long this machine held a test up, for bounds on times. */

const TICK_MS = 25;
/** Timers are late by so much on any machine. */
const USUAL_MS = 5;

/**
 * Measures how late this process gets its turns, from now on. A bound on a time that others take is what they promise, and what the machine
 * was held up for meanwhile: strict on a machine that is not.
 */
export class HeldUp {
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();
  #lateMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), TICK_MS);
    this.#timer.unref();
  }

  /** The sum of all delays until now. */
  get ms(): number {
    this.#look();
    return this.#lateMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    this.#lateMs += Math.max(0, nowMs - this.#lastMs - TICK_MS - USUAL_MS);
    this.#lastMs = nowMs;
  }
}
