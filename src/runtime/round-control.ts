/** The words of a round's control memory that every pacing thread reads: an Int32Array in shared memory. */

/** Nonzero stops the round, and all that come after it. Read in every step. */
export const STOP = 0;
/** By how many nanoseconds the due times of the round are shifted (`Pacer.shift`). Read once a second. */
export const SHIFT = 1;
/** The time on the run's clock, in ms, from which on nothing may be started; 0 without such a time. Read in every step. */
export const LEASE = 2;
/** How many words these are, with one that is unused: what follows belongs to the kind of thread, and may begin with a double. */
export const ROUND_WORDS = 4;

const WORD_MAX = 2 ** 31 - 1;

/** Shifts the due times of the round under way: by `shiftNs` since its begin, at most 2.1 s. */
export function shiftRound(control: Int32Array, shiftNs: number): void {
  Atomics.store(control, SHIFT, Math.max(-WORD_MAX, Math.min(WORD_MAX, Math.round(shiftNs))));
}

/** Has the threads start nothing from `untilNs` on, on the run's clock. A later call replaces it. */
export function leaseStarts(control: Int32Array, untilNs: number): void {
  Atomics.store(control, LEASE, Math.max(1, Math.min(WORD_MAX, Math.floor(untilNs / 1e6))));
}
