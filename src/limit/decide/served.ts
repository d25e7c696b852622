/** How much of a load a target took, as a trial shows it. */
import type { RoundResult } from '../../document/client.ts';
import type { Quantity } from '../../plan/load/limit-quantity.ts';
import { asHeldTogether } from './standing.ts';

/** What a round shows of how much the target takes of a load like its own; null where it cannot tell. */
export function servedLoad(quantity: Quantity, round: RoundResult): number | null {
  if (round.stages === undefined) return servedPerSec(round);
  if (quantity === 'connections') return asHeldTogether(round).outcomes.ok;
  return quantity === 'rate' ? round.rate_per_sec.established : null;
}

/**
 * What the target completed per second while the load was on, from the whole intervals of the round. The first one is left
 * out where there are others: a token bucket that begins full, or an empty queue, makes it better than what can go on.
 * What was completed after the end of the load (a queue that drains) does not count either.
 */
export function servedPerSec(round: RoundResult): number | null {
  const whole = round.intervals.filter(
    (interval) =>
      interval.start_sec + Math.round(interval.length_sec) <= round.duration_sec + 0.01 && interval.length_sec > 0.9,
  );
  const steady = whole.length > 1 ? whole.slice(1) : whole;
  const sec = steady.reduce((sum, interval) => sum + interval.length_sec, 0);
  return sec === 0 ? null : steady.reduce((sum, interval) => sum + interval.ok, 0) / sec;
}
