/** How long rounds take as planned. */
import { roundDurationNs } from './offer.ts';
import type { RoundRate } from '../plan.ts';

/** The times of a plan of rounds, those of a client or of round trips. */
export interface RoundTimes {
  readonly rates: readonly RoundRate[];
  readonly durationNs: number;
  readonly count?: number | null;
  readonly warmupNs: number;
  readonly cooldownNs: number;
  readonly rampUpNs?: number;
  readonly rampDownNs?: number;
  readonly holdNs?: number;
}

/**
 * The time that rounds take from round `first` to the last, with the pauses between them. What the last connections of a round take
 * is not in it. Null where a round ends after a number of attempts that go as fast as they can.
 */
export function roundsLeftNs(times: RoundTimes, first: number): number | null {
  const { rates, durationNs, count = null, warmupNs, cooldownNs, rampUpNs = 0, rampDownNs = 0, holdNs = 0 } = times;
  const left = rates.slice(first);
  if (count !== null && left.includes('max')) return null;
  const besideNs = rampUpNs + warmupNs + rampDownNs + holdNs;
  const roundsNs = left.reduce<number>((sum, rate) => sum + besideNs + roundDurationNs({ count, durationNs }, rate), 0);
  return roundsNs + Math.max(0, left.length - 1) * cooldownNs;
}
