/** What a search knows of a trial. */

export type TrialLength = 'exploratory' | 'final';

/** `generator_limited`: the rate was not offered as it should have been, so the trial says nothing about the target. */
export type TrialStanding = 'valid' | 'generator_limited' | 'nothing_established' | 'nothing_completed';

/** Whether not one connection came to its end: the target is overrun, or gone. */
export function hasNothing(standing: TrialStanding): boolean {
  return standing === 'nothing_established' || standing === 'nothing_completed';
}

export interface Trial {
  /** What the search varies: connections or tear-downs a second, or how many connections are open at the same time. */
  readonly load: number;
  readonly length: TrialLength;
  /** Whether each goal was met, in the order of the goals. */
  readonly passed: readonly boolean[];
  /** How much of the load the target took while it was on; null where that cannot be told. */
  readonly served: number | null;
  readonly standing: TrialStanding;
}
