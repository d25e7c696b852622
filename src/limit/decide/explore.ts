/**
 * Exploration: from the trials so far to the rate of the next short one, until the limit is between two rates as close
 * as the precision asks for.
 *
 * Where a trial was overloaded, the rate that the target kept up is a much better guess than the middle of the bracket:
 * the next trials go just below and just above it. Where there is no such guess (a limit of latency alone), the bracket
 * is halved. The idea of short trials that bound the limit before long ones confirm it is MLRsearch's
 * (draft-ietf-bmwg-mlrsearch).
 */
import { roundLoad, type Bounds } from './bounds.ts';
import { bracketOf, type RateEvidence } from './evidence.ts';

/** The state of the exploration: another trial, or its result. */
export type Exploration =
  | { readonly kind: 'trial'; readonly load: number; readonly why: string }
  | { readonly kind: 'bounded'; readonly lower: number }
  | { readonly kind: 'fails_at_min' }
  | { readonly kind: 'generator_limited' };

/** The factor from a rate that passes to the next, while none has failed. */
const GROWTH = 4;
/** How near the limit of this machine is looked for; it is not what was asked. */
const CEILING_PRECISION = 0.1;
/** Half the distance of the two trials around a guess, in units of the precision: a little less than the whole is between them. */
const AROUND_GUESS = 0.45;
/** Rounding may put two rates a little further apart than the precision. */
const SLACK = 1.02;

export function explore(bounds: Bounds, evidence: readonly RateEvidence[]): Exploration {
  if (evidence.length === 0) return trial(bounds.minLoad, 'the minimum');
  const { lower, upper, ceiling } = bracketOf(evidence);
  const lowest = evidence.find(({ load }) => load <= bounds.minLoad);
  if (lowest === undefined) return trial(bounds.minLoad, 'the minimum');
  if (lowest.verdict === 'fail') return { kind: 'fails_at_min' };
  if (lower === undefined) return exploreCeiling(bounds, undefined, lowest, upper);
  if (ceiling !== undefined) return exploreCeiling(bounds, lower, ceiling, upper);
  if (upper === undefined) {
    if (lower.load >= bounds.maxLoad) return { kind: 'bounded', lower: lower.load };
    return trial(Math.min(bounds.maxLoad, roundLoad(lower.load * GROWTH, bounds)), 'nothing has failed yet');
  }
  if (isClose(lower.load, upper.load, bounds.precision)) {
    return { kind: 'bounded', lower: lower.load };
  }
  if (isDoubtful(lower, upper, evidence, bounds)) return trial(upper.load, 'it failed by little: again');
  return between(lower, upper, evidence, bounds);
}

function trial(load: number, why: string): Exploration {
  return { kind: 'trial', load, why };
}

export function isClose(lower: number, upper: number, precision: number): boolean {
  return upper <= lower * (1 + precision * SLACK);
}

/** This machine failed at `ceiling`. A pause of a moment looks the same, so the ceiling counts when it was met twice. */
function exploreCeiling(
  bounds: Bounds,
  lower: RateEvidence | undefined,
  ceiling: RateEvidence,
  upper: RateEvidence | undefined,
): Exploration {
  const again = trial(ceiling.load, 'the generator was the limit: again');
  // A higher rate went well enough to fail, or there is nothing lower to try.
  if (ceiling.limited < 2 && (upper !== undefined || lower === undefined)) return again;
  if (lower === undefined) return { kind: 'generator_limited' };
  if (isClose(lower.load, ceiling.load, Math.max(CEILING_PRECISION, bounds.precision))) {
    return ceiling.limited < 2 ? again : { kind: 'generator_limited' };
  }
  const served = ceiling.served;
  // If the target was overloaded too, a little more than it kept up shows by how much.
  const guess = served === null ? 0 : served * 1.05;
  const room = { above: lower.load * (1 + bounds.precision), below: ceiling.load * 0.9 };
  if (guess > room.above && guess < room.below) return trial(roundLoad(guess, bounds), 'what the target kept up');
  return trial(middle(lower, ceiling, bounds), 'below the limit of the generator');
}

/**
 * A failure that stands alone and is not plain overload: noise may have caused it. Where a guess leads the way, the long
 * trials will tell; without one, half of the bracket hangs on it.
 */
function isDoubtful(
  lower: RateEvidence,
  upper: RateEvidence,
  evidence: readonly RateEvidence[],
  bounds: Bounds,
): boolean {
  if (upper.short.fail !== 1 || upper.short.pass > 0) return false;
  const passedAbove = evidence.some(({ verdict, load }) => verdict === 'pass' && load > upper.load);
  if (passedAbove) return true;
  return guessOf(evidence, bounds) === null && !isClose(lower.load, upper.load, 3 * bounds.precision);
}

/** What the target kept up in an overloaded trial, and around it the rates worth a trial. */
interface Guess {
  readonly load: number;
  readonly below: number;
  readonly above: number;
  /** How overloaded the trial was that says so. */
  readonly overload: number;
}

/** A guess from the trial with the least overload. */
function guessOf(evidence: readonly RateEvidence[], bounds: Bounds): Guess | null {
  const { precision } = bounds;
  for (const { verdict, load, served } of evidence) {
    if (verdict !== 'fail' || served === null || served >= load * (1 - precision)) continue;
    return {
      load: served,
      below: roundLoad(served * (1 - AROUND_GUESS * precision), bounds),
      above: roundLoad(served * (1 + AROUND_GUESS * precision), bounds),
      overload: load / served,
    };
  }
  return null;
}

function between(
  lower: RateEvidence,
  upper: RateEvidence,
  evidence: readonly RateEvidence[],
  bounds: Bounds,
): Exploration {
  const half = middle(lower, upper, bounds);
  const guess = guessOf(evidence, bounds);
  if (guess === null) return trial(half, 'the middle of the bounds');
  const isInside = (load: number): boolean => load > lower.load && load < upper.load;
  if (isInside(guess.below)) return trial(guess.below, 'just below what the target kept up');
  if (isInside(guess.above)) return trial(guess.above, 'just above what the target kept up');
  return lower.load >= guess.above
    ? aboveGuess(lower, upper, evidence, guess, half, bounds)
    : trial(belowGuess(upper, evidence, guess, half, bounds), 'below what the target kept up');
}

/** A trial with at most this overload measures the limit itself, not how a target breaks down. */
const MILD_OVERLOAD = 1.15;
const MILD_STEP = 0.1;

/**
 * More went well than the target kept up when it was overloaded. Either overload costs it something, and the limit is
 * higher; or it can take a little more for a moment (a token bucket's burst), and only a long trial will tell. A mild
 * overload tells them apart: in the second case it shows the same rate again.
 */
function aboveGuess(
  lower: RateEvidence,
  upper: RateEvidence,
  evidence: readonly RateEvidence[],
  guess: Guess,
  half: number,
  bounds: Bounds,
): Exploration {
  if (guess.overload <= MILD_OVERLOAD) return { kind: 'bounded', lower: lower.load };
  const passed = evidence.filter((each) => each.verdict === 'pass' && each.load >= guess.above).length;
  const next = roundLoad(lower.load * (1 + MILD_STEP * 2 ** (passed - 1)), bounds);
  return trial(next < upper.load ? next : half, 'more than what the target kept up');
}

/** The guess was too high: away from it in steps that double, because the limit is more likely near it than far. */
function belowGuess(
  upper: RateEvidence,
  evidence: readonly RateEvidence[],
  guess: Guess,
  half: number,
  bounds: Bounds,
): number {
  const failed = evidence.filter((each) => each.verdict === 'fail' && each.load <= guess.below).length;
  return Math.max(half, roundLoad(upper.load / (1 + bounds.precision * 2 ** (failed - 1)), bounds));
}

function middle(lower: RateEvidence, upper: RateEvidence, bounds: Bounds): number {
  return roundLoad(Math.sqrt(lower.load * upper.load), bounds);
}
