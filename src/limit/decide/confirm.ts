/**
 * Confirmation: full-length trials at the rate that exploration came to. The rate counts when two of three pass; just
 * above it one must fail. A limit that was somewhere else in another trial is a range, not a number.
 */
import { roundLoad, type Bounds } from './bounds.ts';
import type { RateEvidence } from './evidence.ts';
import { isClose } from './explore.ts';
import { isValid } from './evidence.ts';
import type { Trial } from './trial.ts';

export type Confirmation =
  | { readonly kind: 'trial'; readonly load: number; readonly why: string }
  | { readonly kind: 'found'; readonly load: number }
  | { readonly kind: 'at_max'; readonly load: number }
  | { readonly kind: 'range'; readonly lower: number; readonly upper: number }
  | { readonly kind: 'fails_at_min' }
  | { readonly kind: 'generator_limited' };

/** The number of full-length trials, out of three, that must meet the goal. */
const MAJORITY = 2;
/** A target that completed much less than this share of the rate has broken down; that is no measure of its limit. */
const BROKEN_DOWN = 0.8;

export function confirm(
  bounds: Bounds,
  evidence: readonly RateEvidence[],
  explored: number,
  trials: readonly Trial[],
  goal: number,
): Confirmation {
  const range = rangeOf(trials, goal, bounds);
  if (range !== null) return range;
  const next = confirmStep(bounds, evidence, explored);
  return next.kind === 'generator_limited' ? (coarser(evidence) ?? next) : next;
}

/** Bounds this close are an answer where this machine fails between them, though coarser than was asked for. */
const COARSE_PRECISION = 0.1;

/** The rate that is confirmed already, if one that fails is not far above it. */
function coarser(evidence: readonly RateEvidence[]): Confirmation | null {
  const failed = evidence.find(({ verdict }) => verdict === 'fail');
  const confirmed = evidence.findLast(
    ({ long, load }) => long.pass >= MAJORITY && long.pass > long.fail && load < (failed?.load ?? Infinity),
  );
  if (failed === undefined || confirmed === undefined) return null;
  return isClose(confirmed.load, failed.load, COARSE_PRECISION) ? { kind: 'found', load: confirmed.load } : null;
}

function confirmStep(bounds: Bounds, evidence: readonly RateEvidence[], explored: number): Confirmation {
  const rejected = evidence.find(({ long }) => long.fail > long.pass);
  const isBelowRejected = ({ load }: RateEvidence): boolean => rejected === undefined || load < rejected.load;
  const candidate = evidence.findLast((each) => each.long.pass > 0 && isBelowRejected(each));
  // What passed lower down, in a trial for another goal, is no reason not to try what exploration came to.
  const isUntried = candidate !== undefined && candidate.load < explored;
  if (candidate === undefined || (isUntried && (rejected === undefined || explored < rejected.load))) {
    return firstCandidate(bounds, evidence, explored, rejected);
  }
  if (candidate.long.pass < MAJORITY) return repeat(candidate, 'full length again');
  return aboveConfirmed(bounds, evidence, candidate);
}

/** Another trial at a rate, unless this machine has failed twice there. */
function repeat(at: RateEvidence, why: string): Confirmation {
  return at.limited >= MAJORITY ? { kind: 'generator_limited' } : { kind: 'trial', load: at.load, why };
}

function firstCandidate(
  bounds: Bounds,
  evidence: readonly RateEvidence[],
  explored: number,
  rejected: RateEvidence | undefined,
): Confirmation {
  if (rejected === undefined || rejected.load > explored) {
    const at = evidence.find(({ load }) => load === explored);
    return repeat(at!, 'full length');
  }
  if (rejected.load <= bounds.minLoad) return { kind: 'fails_at_min' };
  const lowered = Math.max(bounds.minLoad, belowRejected(bounds, evidence, rejected));
  const at = evidence.find(({ load }) => load === lowered);
  if (at !== undefined) return repeat(at, 'lower, full length');
  return { kind: 'trial', load: lowered, why: 'lower, full length' };
}

/** Just below what the target kept up in the trial that failed, further down each time. */
function belowRejected(bounds: Bounds, evidence: readonly RateEvidence[], rejected: RateEvidence): number {
  const { precision } = bounds;
  const times = evidence.filter(({ long }) => long.fail > long.pass).length;
  const stepped = rejected.load / (1 + precision * 2 ** (times - 2));
  const kept = rejected.served ?? rejected.load;
  return roundLoad(Math.min(stepped, kept * (1 - 0.45 * precision)), bounds);
}

/** The candidate is confirmed: is the limit just above it? */
function aboveConfirmed(bounds: Bounds, evidence: readonly RateEvidence[], confirmed: RateEvidence): Confirmation {
  const { load } = confirmed;
  if (load >= bounds.maxLoad) return { kind: 'at_max', load };
  const above = evidence.filter((each) => each.load > load);
  const failed = above.find(({ verdict }) => verdict === 'fail');
  const isTight = failed !== undefined && isClose(load, failed.load, 1.25 * bounds.precision);
  if (isTight && failed.long.fail > 0) return { kind: 'found', load };
  const steps = evidence.filter(({ long }) => long.pass >= MAJORITY).length - 1;
  const raised = Math.min(bounds.maxLoad, roundLoad(load * (1 + bounds.precision * 2 ** steps), bounds));
  const next = failed === undefined ? raised : towards(bounds, confirmed, failed, raised, isTight);
  const at = evidence.find((each) => each.load === next);
  if (at === undefined) return { kind: 'trial', load: next, why: 'the bound above, full length' };
  return repeat(at, 'the bound above, full length');
}

/** The next rate between the confirmed one and one that failed: the failed one itself if only a short trial says so. */
function towards(
  bounds: Bounds,
  confirmed: RateEvidence,
  failed: RateEvidence,
  raised: number,
  isTight: boolean,
): number {
  if (isTight) return failed.load;
  if (raised < failed.load) return raised;
  return failed.long.fail > 0 ? roundLoad(Math.sqrt(confirmed.load * failed.load), bounds) : failed.load;
}

/**
 * Full-length trials that contradict each other by more than the precision: one passed above a rate at which another
 * failed, or above what the target kept up in another.
 */
function rangeOf(trials: readonly Trial[], goal: number, bounds: Bounds): Confirmation | null {
  const { precision } = bounds;
  const long = trials.filter((trial) => trial.length === 'final' && isValid(trial));
  const passed = long.filter((trial) => trial.passed[goal] === true).map(({ load }) => load);
  const highestPass = Math.max(0, ...passed);
  const limits = long
    .filter((trial) => trial.passed[goal] !== true)
    .map(({ load, served }) => {
      // Overload costs many targets something; only where another trial passed is it a contradiction.
      const isMeasure =
        load <= highestPass && served !== null && served < load * (1 - precision) && served > BROKEN_DOWN * load;
      return isMeasure ? served : load;
    });
  const lowestLimit = Math.min(...limits);
  if (highestPass <= lowestLimit * (1 + 2 * precision)) return null;
  const measured = trials
    .filter((trial) => isValid(trial) && trial.passed[goal] !== true)
    .map(({ served }) => served ?? 0)
    .filter((served) => served <= highestPass / BROKEN_DOWN);
  return {
    kind: 'range',
    lower: roundLoad(lowestLimit, bounds),
    upper: roundLoad(Math.max(highestPass, ...measured), bounds),
  };
}
