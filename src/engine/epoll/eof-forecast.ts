/** Where a second read pays: how often it did lately, in steps from 0 to 3. */
const CERTAIN = 3;
const WORTH_IT = 2;
/** Against the forecast, one in this many looks all the same, to notice that the peers have changed. */
const EXPLORE_EVERY = 16;

/**
 * Guesses whether the end of a connection stands right behind its first bytes. Peers that half-close after their request
 * bring both at once, and one more recv saves the registration, the wake-up and the event; for others that recv is wasted.
 * Peers of a load test are all of one kind, so the recent ones tell.
 */
export class EofForecast {
  #confidence = WORTH_IT;
  #turn = 0;

  isWorthALook(): boolean {
    if (this.#confidence >= WORTH_IT) return true;
    this.#turn = (this.#turn + 1) % EXPLORE_EVERY;
    return this.#turn === 0;
  }

  /** Whether the end was there. */
  learn(wasThere: boolean): void {
    if (wasThere) this.#confidence = Math.min(CERTAIN, this.#confidence + 1);
    else this.#confidence = Math.max(0, this.#confidence - 1);
  }
}
