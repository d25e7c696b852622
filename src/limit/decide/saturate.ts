/**
 * Saturation: at rising rates, the first at which latency or failures leave what they were. Pure: from the steps so far to
 * the next one, or to the end.
 */
import { roundSteppedRate } from '../../plan/load/offer.ts';
import { RATE_RESOLUTION_PER_SEC } from '../../units/quantity.ts';
import { floorOf } from '../../judge/floor.ts';

export interface SaturateOptions {
  readonly startPerSec: number;
  /** The factor from a step to the next, more than 1. */
  readonly factor: number;
  /** A p90 of more than so many times the reference is too slow. */
  readonly slowdown: number;
  /** The reference: the lowest p90 so far, or that of the step before. */
  readonly compare: 'base' | 'previous';
  /** Whether a step failed more often than it may is for the caller to say, see `SaturateStep`. */
  readonly maxPerSec: number;
}

/** What a step was like. */
export interface SaturateStep {
  readonly ratePerSec: number;
  /** Null where too few exchanges ended to have one. */
  readonly p90Ns: number | null;
  /** More failures than the loss goal allows. */
  readonly failsGoal: boolean;
  /** This machine was the limit, so that the step says nothing about the target. */
  readonly isGeneratorLimited: boolean;
}

export type StoppedBy = 'slowdown' | 'failures' | 'fails_at_start' | 'generator_limited' | 'max_rate';

export type SaturateMove =
  | { readonly kind: 'step'; readonly ratePerSec: number; readonly isRepeat: boolean }
  | { readonly kind: 'end'; readonly stoppedBy: StoppedBy };

/** Whether a p90 at this rate would be too slow after `steps`; of a rate that is repeated, what is known before its first step counts. */
export function isTooSlow(
  options: SaturateOptions,
  steps: readonly SaturateStep[],
  ratePerSec: number,
  p90Ns: number | null,
): boolean {
  const before = steps.filter((step) => step.ratePerSec !== ratePerSec);
  const p90sNs = heldRates(options, before).flatMap(({ steps: same, stop }) =>
    stop === null ? same.at(-1)!.p90Ns : [],
  );
  return exceeds(options, referenceNs(options, p90sNs), p90Ns);
}

/** The steps at one rate: a step that would end the run is repeated once, because one pause of either machine is enough. */
interface Held {
  readonly steps: readonly SaturateStep[];
  readonly stop: StoppedBy | null;
}

/** What to do after `steps`, in the order they were run. */
export function nextSaturateMove(options: SaturateOptions, steps: readonly SaturateStep[]): SaturateMove {
  const [first] = steps;
  if (first === undefined) return { kind: 'step', ratePerSec: options.startPerSec, isRepeat: false };
  const last = heldRates(options, steps).at(-1)!;
  const { ratePerSec } = last.steps[0]!;
  if (last.stop !== null) {
    const isStart = ratePerSec === first.ratePerSec;
    // There is nothing to compare it with, and a target that fails here fails.
    if (isStart && last.stop === 'failures') return { kind: 'end', stoppedBy: 'fails_at_start' };
    if (last.steps.length > 1) return { kind: 'end', stoppedBy: last.stop };
    return { kind: 'step', ratePerSec, isRepeat: true };
  }
  if (ratePerSec >= options.maxPerSec) return { kind: 'end', stoppedBy: 'max_rate' };
  return { kind: 'step', ratePerSec: nextRate(ratePerSec, options), isRepeat: false };
}

function nextRate(ratePerSec: number, { factor, maxPerSec }: SaturateOptions): number {
  const stepPerSec = ratePerSec * (factor - 1);
  // A low rate with a small factor must still rise.
  const next = Math.max(ratePerSec + RATE_RESOLUTION_PER_SEC, ratePerSec + stepPerSec);
  return Math.min(maxPerSec, roundSteppedRate(next, Math.max(RATE_RESOLUTION_PER_SEC, stepPerSec)));
}

/** What p90s are compared with after `steps`: null before the first one that went well. */
export function referenceNs(
  options: Pick<SaturateOptions, 'compare'>,
  p90sNs: readonly (number | null)[],
): number | null {
  return options.compare === 'base' ? floorOf(p90sNs) : (p90sNs.findLast((p90Ns) => p90Ns !== null) ?? null);
}

/** What came of the steps, whatever ended them. */
export interface SaturateOutcome {
  /** What the last step was compared with. */
  readonly base: { readonly ratePerSec: number; readonly p90Ns: number } | null;
  /** The highest rate that was neither too slow nor failing too often. */
  readonly sustainedPerSec: number | null;
}

export function outcomeOf(options: SaturateOptions, steps: readonly SaturateStep[]): SaturateOutcome {
  const well = heldRates(options, steps)
    .filter(({ stop }) => stop === null)
    .map((held) => held.steps.at(-1)!);
  // The step that was judged last is not what it was compared with, unless it ended the run.
  const before = well.at(-1) === steps.at(-1) ? well.slice(0, -1) : well;
  const reference = referenceNs(
    options,
    before.map(({ p90Ns }) => p90Ns),
  );
  const at = reference === null ? undefined : before.findLast(({ p90Ns }) => p90Ns === reference);
  return {
    base: at === undefined || reference === null ? null : { ratePerSec: at.ratePerSec, p90Ns: reference },
    sustainedPerSec: well.at(-1)?.ratePerSec ?? null,
  };
}

/** Every rate with its steps; the p90 of one that was repeated and went well is the repeat's. */
function heldRates(options: SaturateOptions, steps: readonly SaturateStep[]): Held[] {
  const held: Held[] = [];
  const p90sNs: (number | null)[] = [];
  for (let index = 0; index < steps.length;) {
    const { ratePerSec } = steps[index]!;
    const same: SaturateStep[] = [];
    while (steps[index]?.ratePerSec === ratePerSec) same.push(steps[index++]!);
    const judged = same.at(-1)!;
    const stop = reasonToStop(judged, options, referenceNs(options, p90sNs));
    held.push({ steps: same, stop });
    if (stop === null) p90sNs.push(judged.p90Ns);
  }
  return held;
}

function reasonToStop(step: SaturateStep, options: SaturateOptions, reference: number | null): StoppedBy | null {
  if (step.isGeneratorLimited) return 'generator_limited';
  if (step.failsGoal) return 'failures';
  return exceeds(options, reference, step.p90Ns) ? 'slowdown' : null;
}

function exceeds({ slowdown }: SaturateOptions, reference: number | null, p90Ns: number | null): boolean {
  return reference !== null && p90Ns !== null && p90Ns > slowdown * reference;
}
