/**
 * Confirmation: full-length trials at the rate that exploration came to. The rate counts when two of three pass; just
 * above it one must fail. A limit that was somewhere else in another trial is a range, not a number.
 */
import type { RateEvidence } from './evidence.ts';
import { isClose, roundRate, type Bounds } from './explore.ts';
import { isValid } from './evidence.ts';
import type { Trial } from './trial.ts';

export type Confirmation =
  | { readonly kind: 'trial'; readonly ratePerSec: number; readonly why: string }
  | { readonly kind: 'found'; readonly ratePerSec: number }
  | { readonly kind: 'at_max'; readonly ratePerSec: number }
  | { readonly kind: 'range'; readonly lowerPerSec: number; readonly upperPerSec: number }
  | { readonly kind: 'fails_at_min' }
  | { readonly kind: 'generator_limited' };

/** Of three. */
const MAJORITY = 2;
/** A target that completed much less than this share of the rate has broken down; that is no measure of its limit. */
const BROKEN_DOWN = 0.8;

export function confirm(
  bounds: Bounds,
  evidence: readonly RateEvidence[],
  exploredPerSec: number,
  trials: readonly Trial[],
  goal: number,
): Confirmation {
  const range = rangeOf(trials, goal, bounds.precision);
  if (range !== null) return range;
  const next = confirmStep(bounds, evidence, exploredPerSec);
  return next.kind === 'generator_limited' ? (coarser(evidence) ?? next) : next;
}

/** Bounds this close are an answer where this machine fails between them, though coarser than was asked for. */
const COARSE_PRECISION = 0.1;

/** The rate that is confirmed already, if one that fails is not far above it. */
function coarser(evidence: readonly RateEvidence[]): Confirmation | null {
  const failed = evidence.find(({ verdict }) => verdict === 'fail');
  const confirmed = evidence.findLast(
    ({ long, ratePerSec }) =>
      long.pass >= MAJORITY && long.pass > long.fail && ratePerSec < (failed?.ratePerSec ?? Infinity),
  );
  if (failed === undefined || confirmed === undefined) return null;
  return isClose(confirmed.ratePerSec, failed.ratePerSec, COARSE_PRECISION)
    ? { kind: 'found', ratePerSec: confirmed.ratePerSec }
    : null;
}

function confirmStep(bounds: Bounds, evidence: readonly RateEvidence[], exploredPerSec: number): Confirmation {
  const rejected = evidence.find(({ long }) => long.fail > long.pass);
  const isBelowRejected = ({ ratePerSec }: RateEvidence): boolean =>
    rejected === undefined || ratePerSec < rejected.ratePerSec;
  const candidate = evidence.findLast((each) => each.long.pass > 0 && isBelowRejected(each));
  // What passed lower down, in a trial for another goal, is no reason not to try what exploration came to.
  const isUntried = candidate !== undefined && candidate.ratePerSec < exploredPerSec;
  if (candidate === undefined || (isUntried && (rejected === undefined || exploredPerSec < rejected.ratePerSec))) {
    return firstCandidate(bounds, evidence, exploredPerSec, rejected);
  }
  if (candidate.long.pass < MAJORITY) return repeat(candidate, 'full length again');
  return aboveConfirmed(bounds, evidence, candidate);
}

/** Another trial at a rate, unless this machine has failed twice there. */
function repeat(at: RateEvidence, why: string): Confirmation {
  return at.limited >= MAJORITY ? { kind: 'generator_limited' } : { kind: 'trial', ratePerSec: at.ratePerSec, why };
}

function firstCandidate(
  bounds: Bounds,
  evidence: readonly RateEvidence[],
  exploredPerSec: number,
  rejected: RateEvidence | undefined,
): Confirmation {
  if (rejected === undefined || rejected.ratePerSec > exploredPerSec) {
    const at = evidence.find(({ ratePerSec }) => ratePerSec === exploredPerSec);
    return repeat(at!, 'full length');
  }
  if (rejected.ratePerSec <= bounds.minPerSec) return { kind: 'fails_at_min' };
  const lowered = Math.max(bounds.minPerSec, belowRejected(bounds, evidence, rejected));
  const at = evidence.find(({ ratePerSec }) => ratePerSec === lowered);
  if (at !== undefined) return repeat(at, 'lower, full length');
  return { kind: 'trial', ratePerSec: lowered, why: 'lower, full length' };
}

/** Just below what the target kept up in the trial that failed, further down each time. */
function belowRejected({ precision }: Bounds, evidence: readonly RateEvidence[], rejected: RateEvidence): number {
  const times = evidence.filter(({ long }) => long.fail > long.pass).length;
  const stepped = rejected.ratePerSec / (1 + precision * 2 ** (times - 2));
  const kept = rejected.servedPerSec ?? rejected.ratePerSec;
  return roundRate(Math.min(stepped, kept * (1 - 0.45 * precision)));
}

/** The candidate is confirmed: is the limit just above it? */
function aboveConfirmed(bounds: Bounds, evidence: readonly RateEvidence[], confirmed: RateEvidence): Confirmation {
  const { ratePerSec } = confirmed;
  if (ratePerSec >= bounds.maxPerSec) return { kind: 'at_max', ratePerSec };
  const above = evidence.filter((each) => each.ratePerSec > ratePerSec);
  const failed = above.find(({ verdict }) => verdict === 'fail');
  const isTight = failed !== undefined && isClose(ratePerSec, failed.ratePerSec, 1.25 * bounds.precision);
  if (isTight && failed.long.fail > 0) return { kind: 'found', ratePerSec };
  const steps = evidence.filter(({ long }) => long.pass >= MAJORITY).length - 1;
  const raised = Math.min(bounds.maxPerSec, roundRate(ratePerSec * (1 + bounds.precision * 2 ** steps)));
  const next = failed === undefined ? raised : towards(confirmed, failed, raised, isTight);
  const at = evidence.find((each) => each.ratePerSec === next);
  if (at === undefined) return { kind: 'trial', ratePerSec: next, why: 'the bound above, full length' };
  return repeat(at, 'the bound above, full length');
}

/** The next rate between the confirmed one and one that failed: the failed one itself if only a short trial says so. */
function towards(confirmed: RateEvidence, failed: RateEvidence, raised: number, isTight: boolean): number {
  if (isTight) return failed.ratePerSec;
  if (raised < failed.ratePerSec) return raised;
  return failed.long.fail > 0 ? roundRate(Math.sqrt(confirmed.ratePerSec * failed.ratePerSec)) : failed.ratePerSec;
}

/**
 * Full-length trials that contradict each other by more than the precision: one passed above a rate at which another
 * failed, or above what the target kept up in another.
 */
function rangeOf(trials: readonly Trial[], goal: number, precision: number): Confirmation | null {
  const long = trials.filter((trial) => trial.length === 'final' && isValid(trial));
  const passed = long.filter((trial) => trial.passed[goal] === true).map(({ ratePerSec }) => ratePerSec);
  const highestPass = Math.max(0, ...passed);
  const limits = long
    .filter((trial) => trial.passed[goal] !== true)
    .map(({ ratePerSec, servedPerSec }) => {
      // Overload costs many targets something; only where another trial passed is it a contradiction.
      const isMeasure =
        ratePerSec <= highestPass &&
        servedPerSec !== null &&
        servedPerSec < ratePerSec * (1 - precision) &&
        servedPerSec > BROKEN_DOWN * ratePerSec;
      return isMeasure ? servedPerSec : ratePerSec;
    });
  const lowestLimit = Math.min(...limits);
  if (highestPass <= lowestLimit * (1 + 2 * precision)) return null;
  const measured = trials
    .filter((trial) => isValid(trial) && trial.passed[goal] !== true)
    .map(({ servedPerSec }) => servedPerSec ?? 0)
    .filter((served) => served <= highestPass / BROKEN_DOWN);
  return {
    kind: 'range',
    lowerPerSec: roundRate(lowestLimit),
    upperPerSec: roundRate(Math.max(highestPass, ...measured)),
  };
}
