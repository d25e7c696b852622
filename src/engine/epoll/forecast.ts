/** Forecasts for each slot whether a try pays: how often it did lately, in steps from 0 to 3. */
const CERTAIN = 3;
const WORTH_IT = 2;
/** Against the forecast, one in this many tries all the same, to notice that the peers have changed. */
const EXPLORE_EVERY = 16;

/**
 * Guesses whether a call that may find nothing to do is worth making. Peers of a load test are all of one kind, so the
 * recent ones tell.
 */
export class Forecast {
  #confidence = WORTH_IT;
  #turn = 0;

  isWorthATry(): boolean {
    if (this.#confidence >= WORTH_IT) return true;
    this.#turn = (this.#turn + 1) % EXPLORE_EVERY;
    return this.#turn === 0;
  }

  /** Whether the try paid. */
  learn(didPay: boolean): void {
    if (didPay) this.#confidence = Math.min(CERTAIN, this.#confidence + 1);
    else this.#confidence = Math.max(0, this.#confidence - 1);
  }
}
