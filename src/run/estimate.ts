/** The event that says how long a run goes on. */
import type { Estimate } from './events.ts';

/** What is known of the time of a run, in nanoseconds. */
export interface TimeLeft {
  readonly elapsedNs: number;
  /** What is likely to be left. */
  readonly leftNs: number;
  /** What is left at most. */
  readonly atMostNs?: number;
}

/** Returns the event. Where what is likely is no less than the most, that is told as the upper bound. */
export function estimateOf({ elapsedNs, leftNs, atMostNs = Infinity }: TimeLeft): Estimate {
  const isUpperBound = leftNs >= atMostNs;
  const leftSec = toSec(Math.min(leftNs, atMostNs));
  return {
    type: 'estimate',
    totalSec: toSec(elapsedNs) + leftSec,
    leftSec,
    isUpperBound,
    ...(isUpperBound || atMostNs === Infinity ? {} : { atMostSec: toSec(atMostNs) }),
  };
}

function toSec(ns: number): number {
  return Math.max(0, Math.round(ns / 1e6) / 1e3);
}
