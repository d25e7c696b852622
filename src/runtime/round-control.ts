/** The words of a round's control memory that every pacing thread reads: an Int32Array in shared memory. */

/** Nonzero stops the round, and all that come after it. Read in every step. */
export const STOP = 0;
/** By how many nanoseconds the due times of the round are shifted (`Pacer.shift`). Read once a second. */
export const SHIFT = 1;
/** How many words these are; what follows belongs to the kind of thread. */
export const ROUND_WORDS = 2;

const SHIFT_MAX_NS = 2 ** 31 - 1;

/** Shifts the due times of the round under way: by `shiftNs` since its begin, at most 2.1 s. */
export function shiftRound(control: Int32Array, shiftNs: number): void {
  Atomics.store(control, SHIFT, Math.max(-SHIFT_MAX_NS, Math.min(SHIFT_MAX_NS, Math.round(shiftNs))));
}
