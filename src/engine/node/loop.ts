import type { StepDriver } from '../seam/engine.ts';
import type { Clock } from '../../runtime/clock.ts';
import { TIMER_MS_MAX } from '../../runtime/timer.ts';

/** libuv's timers count whole milliseconds and may be one late: closer than this, the loop turns until the time has come. */
const TIMER_REACH_NS = 2e6;
/** A turn that comes so late was held up: events wait, and the end of a stream is read a turn after its last bytes (libuv's uv__read). */
const HELD_UP_NS = 100e6;

/**
 * Steps a driver from the event loop: when its deadline has come, and after socket events.
 *
 * Far deadlines sleep in a timer; the last two milliseconds spin through `setImmediate`, which costs a core but lets socket
 * events in. Node has no finer timer.
 */
export class StepLoop<Driver extends StepDriver> {
  readonly #clock: Clock;
  #driver: Driver | null = null;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #poked = false;
  /** When the last turn was over. */
  #turnNs = Infinity;
  #hasLooked = false;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The driver of the run under way; null between runs, when nothing may be reported. */
  get driver(): Driver | null {
    return this.#driver;
  }

  /** Steps until `step` returns false, from the next turn of the event loop on; rejects with what `step` throws. */
  drive(driver: Driver): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#driver = driver;
      this.#resolve = resolve;
      this.#reject = reject;
      this.poke();
    });
  }

  /** Something was reported: step again as soon as the events at hand are through, before the deadline. */
  poke(): void {
    if (this.#poked || this.#driver === null) return;
    this.#poked = true;
    // The driver uses the last reading of the clock as the time of an event; it may be as old as the last step.
    this.#clock.tick();
    clearTimeout(this.#timer);
    this.#immediate ??= setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#immediate = undefined;
    const driver = this.#driver;
    if (driver === null) return;
    const nowNs = this.#clock.now();
    if (nowNs > Math.max(driver.deadlineNs, this.#turnNs) + HELD_UP_NS && !this.#hasLooked) {
      this.#hasLooked = true;
      this.#immediate = setImmediate(this.#turn);
      return;
    }
    this.#hasLooked = false;
    if (this.#poked || nowNs >= driver.deadlineNs) {
      let goesOn: boolean;
      try {
        goesOn = driver.step();
      } catch (error) {
        this.#halt();
        this.#reject(error);
        return;
      }
      if (!goesOn) {
        this.#halt();
        this.#resolve();
        return;
      }
      // What was reported while it stepped, the driver brought about and knows.
      this.#poked = false;
    }
    this.#wait(driver.deadlineNs);
  };

  #wait(deadlineNs: number): void {
    this.#turnNs = this.#clock.now();
    const waitNs = deadlineNs - this.#turnNs;
    if (waitNs <= TIMER_REACH_NS) this.#immediate ??= setImmediate(this.#turn);
    else this.#timer = setTimeout(this.#turn, Math.min(Math.floor(waitNs / 1e6) - 1, TIMER_MS_MAX));
  }

  #halt(): void {
    this.#driver = null;
    this.#poked = false;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }
}
