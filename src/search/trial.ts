/** What a search knows of a trial. */
import type { RoundResult } from '../measure/result.ts';

export type TrialLength = 'exploratory' | 'final';

/** `generator_limited`: the rate was not offered as it should have been, so the trial says nothing about the target. */
export type TrialStanding = 'valid' | 'generator_limited' | 'nothing_established';

export interface Trial {
  readonly ratePerSec: number;
  readonly length: TrialLength;
  /** Whether each goal was met, in the order of the goals. */
  readonly passed: readonly boolean[];
  /** How many exchanges a second the target completed while the load was on; null where that cannot be told. */
  readonly servedPerSec: number | null;
  readonly standing: TrialStanding;
}

/**
 * What the target completed per second while the load was on, from the whole seconds of the round. The first second is left
 * out where there are others: a token bucket that begins full, or an empty queue, makes it better than what can go on.
 * What was completed after the end of the load (a queue that drains) does not count either.
 */
export function servedPerSec(round: RoundResult): number | null {
  const whole = round.intervals.filter(
    (interval) => interval.start_sec + 1 <= round.duration_sec + 0.01 && interval.length_sec > 0.9,
  );
  const steady = whole.length > 1 ? whole.slice(1) : whole;
  const sec = steady.reduce((sum, interval) => sum + interval.length_sec, 0);
  return sec === 0 ? null : steady.reduce((sum, interval) => sum + interval.ok, 0) / sec;
}
