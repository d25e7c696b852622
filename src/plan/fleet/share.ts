import type { ShareConfig } from '../../document/config.ts';
import { problemOf, type Given, type Problem } from '../../units/problem.ts';

/**
 * Which part of a schedule a machine takes, where several machines have one schedule. Attempts are taken in turns: of each `of`
 * attempts, counted from 0, the machine takes those whose places are in `turns`.
 */
export interface Share {
  /** Ascending, each in [0, `of`). */
  readonly turns: readonly number[];
  readonly of: number;
}

/** The share of a machine that has the schedule for itself. */
export const WHOLE: Share = { turns: [0], of: 1 };

/** Which part of the source ports is one machine's, where machines share an address: part `index` of `of`, in equal parts. */
export interface PortsPart {
  readonly index: number;
  readonly of: number;
}

/** The part of a machine that shares no address. */
export const ALL_PORTS: PortsPart = { index: 0, of: 1 };

/** Returns the part of the whole that a share is: 1 for `WHOLE`. */
export function partOf({ turns, of }: Share): number {
  return turns.length / of;
}

/** Returns the part of a rate of the whole that falls to a share. No rate (null) stays none. */
export function rateOf<T extends number | null>(share: Share, ratePerSec: T): T {
  return ratePerSec === null ? ratePerSec : ((ratePerSec * partOf(share)) as T);
}

/** Whether a machine has the schedule for itself. */
export function isWhole({ turns, of }: Share): boolean {
  return turns.length === of;
}

/** Returns how many of `total` things, such as attempts or places, fall to a share. Over all shares they add up to `total`. */
export function countOf({ turns, of }: Share, total: number): number {
  const whole = Math.floor(total / of);
  const rest = total - whole * of;
  return whole * turns.length + turns.filter((turn) => turn < rest).length;
}

/** Returns the part of a given number that is a machine's. Refuses a number that leaves a machine without any. */
export function ownOf(given: Given<number>, share: Share, problems: Problem[]): Given<number> {
  if (isWhole(share)) return given;
  const own = countOf(share, given.value);
  if (own === 0) problems.push(problemOf(given, `at least ${share.of}, so that each of the machines has its part`));
  return { ...given, value: Math.max(1, own), text: `${given.text} (of which this machine's part is ${own})` };
}

/** Returns what the `config` of a result says of a share: nothing for `WHOLE`. */
export function shareConfig(share: Share): { readonly share?: ShareConfig } {
  return isWhole(share) ? {} : { share };
}

/**
 * Divides a schedule by weights, which are positive whole numbers. The turns of each are spread as evenly as weights allow (smooth
 * weighted round robin): 3 to 1 is a, a, b, a.
 */
export function divideShares(weights: readonly number[]): Share[] {
  const divisor = weights.reduce(greatestCommonDivisor);
  const parts = weights.map((weight) => weight / divisor);
  const of = parts.reduce((sum, part) => sum + part, 0);
  const turns = parts.map((): number[] => []);
  const credits = parts.map(() => 0);
  for (let turn = 0; turn < of; turn++) {
    let best = 0;
    for (const [at, part] of parts.entries()) {
      credits[at]! += part;
      if (credits[at]! > credits[best]!) best = at;
    }
    credits[best]! -= of;
    turns[best]!.push(turn);
  }
  return turns.map((each) => ({ turns: each, of }));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
