/** What the live view says of the time of a run. */
import type { Estimate } from '../../run/events.ts';

/** The times that are rounded to the same unit: those below `belowSec`. An estimate is no measurement: two digits at most. */
const STEPS: readonly { readonly belowSec: number; readonly unitSec: number }[] = [
  { belowSec: 20, unitSec: 1 },
  { belowSec: 100, unitSec: 5 },
];

/** `12 s`, `75 s`, `4 min`, `2 h 30 min`; never `0 s`. */
export function aboutTime(sec: number): string {
  const step = STEPS.find(({ belowSec }) => sec < belowSec);
  if (step !== undefined) return `${Math.max(1, Math.ceil(sec / step.unitSec) * step.unitSec)} s`;
  const minutes = Math.ceil(sec / 60);
  if (minutes < 100) return `${minutes} min`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours >= 48) return `${Math.ceil(hours / 24)} d`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** At the start: `expected time: about 75 s (at most 15 min)`. */
export function expectedTimeLine({ leftSec, isUpperBound, atMostSec }: Estimate): string {
  const bound = atMostSec === undefined ? '' : ` (at most ${aboutTime(atMostSec)})`;
  return `expected time: ${isUpperBound ? 'at most' : 'about'} ${aboutTime(leftSec)}${bound}`;
}

/** `about 2 min left`. */
export function timeLeftText({ leftSec, isUpperBound }: Pick<Estimate, 'leftSec' | 'isUpperBound'>): string {
  return `${isUpperBound ? 'at most' : 'about'} ${aboutTime(leftSec)} left`;
}

/** The line of a trial, step or cell that has ended, with the time left where something remains. */
export function withTimeLeft(line: string, estimate: Estimate | null): string {
  return estimate === null || estimate.leftSec === 0 ? line : `${line}  ${timeLeftText(estimate)}`;
}
