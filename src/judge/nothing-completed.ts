/** A round in which no connection was completed although the generator did its part: the target, or the way to it, said no to all of them. */
import { BLAMED, OUTCOMES, OUTCOME_TRAITS } from '../document/outcome.ts';
import type { RoundResult } from '../document/client.ts';
import { formatCount, formatCountOf } from '../units/format.ts';

/** The code, beside those of a verdict's reasons. */
export const NOTHING_COMPLETED = 'nothing_completed';

/** Fewer say nothing. */
const STARTED_MIN = 10;
/** The share of the attempts that must have failed at the target or on the way. */
const FAILED_SHARE = 0.9;

/**
 * Says what came of the connections where none was completed; null where one was, or where too few failed at the target or on the way. A
 * delay of this machine makes connections late or rare, and resets none: that it was late does not matter here.
 */
export function nothingCompleted({ attempts, outcomes, owners }: RoundResult): string | null {
  const { started } = attempts;
  if (outcomes.ok > 0 || started < STARTED_MIN) return null;
  if (owners.target + owners.network < started * FAILED_SHARE) return null;
  const parts = BLAMED.flatMap((owner) =>
    OUTCOMES.filter((name) => OUTCOME_TRAITS[name].owner === owner && outcomes[name] > 0).map(
      (name) => `${formatCount(outcomes[name])} ${name.replaceAll('_', ' ')} (${owner})`,
    ),
  );
  return `Of ${formatCountOf(started, 'connection')} none was completed: ${parts.join(', ')}.`;
}
