/** The intervals of a run between the run, which never waits, and the loop that reads them. */

/** How many intervals wait for their reader: an hour. A run goes on without a reader; its result holds all that was counted. */
export const WAITING_INTERVALS_MAX = 3600;

/** Marks an interval before which others were dropped, because they were not read in time. */
export interface Skipped {
  /** How many were dropped directly before this one; absent where none was. */
  readonly skipped?: number;
}

interface Waiting<Item> {
  readonly resolve: (result: IteratorResult<Item & Skipped, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** Keeps at most `WAITING_INTERVALS_MAX` items: beyond that the oldest go, and the next one that is read says how many. */
export class IntervalQueue<Item extends object> {
  readonly #items: Item[] = [];
  readonly #waiting: Waiting<Item>[] = [];
  #skipped = 0;
  #end: { readonly error?: unknown } | null = null;

  push(item: Item): void {
    if (this.#end !== null) return;
    this.#items.push(item);
    if (this.#items.length > WAITING_INTERVALS_MAX) {
      this.#items.shift();
      this.#skipped += 1;
    }
    this.#waiting.shift()?.resolve({ done: false, value: this.#take() });
  }

  /** The next item, as soon as there is one; `done` after the last. Rejects once where the run failed. */
  next(): Promise<IteratorResult<Item & Skipped, undefined>> {
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#end !== null) return this.#ended();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** No further item comes: the run is over, or failed with `error`. */
  end(outcome: { readonly error?: unknown }): void {
    if (this.#end !== null) return;
    this.#end = outcome;
    for (const { resolve, reject } of this.#waiting.splice(0)) this.#ended().then(resolve, reject);
  }

  /** Called when the reader has left. */
  drop(): void {
    this.#items.length = 0;
    this.end({});
  }

  #ended(): Promise<IteratorResult<Item & Skipped, undefined>> {
    const end = this.#end;
    this.#end = {};
    if (end !== null && 'error' in end) {
      // The run's own error goes through as it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is what the run rejects with
      return Promise.reject(end.error);
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  #take(): Item & Skipped {
    const item = this.#items.shift()!;
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped === 0 ? item : { ...item, skipped };
  }
}
