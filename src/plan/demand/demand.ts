/** What a plan asks of this machine: pure arithmetic on its rates and times. */
import { peakPerSec, roundDurationNs } from '../load/offer.ts';
import type { ClientPlan, Ramp } from '../plan.ts';
import type { Finish } from '../exchange/finish.ts';
import { countOf, rateOf } from '../fleet/share.ts';

/** A time of constant rate. */
export interface Stretch {
  readonly startNs: number;
  readonly endNs: number;
  readonly ratePerSec: number;
}

/** A ramp is taken for so many steps. */
const RAMP_STEPS = 64;

function stepsOf({ fromPerSec, toPerSec }: Ramp, startNs: number, durationNs: number): Stretch[] {
  return Array.from({ length: RAMP_STEPS }, (_, step) => ({
    startNs: startNs + (durationNs * step) / RAMP_STEPS,
    endNs: startNs + (durationNs * (step + 1)) / RAMP_STEPS,
    ratePerSec: fromPerSec + ((toPerSec - fromPerSec) * (step + 0.5)) / RAMP_STEPS,
  }));
}

/** A plan before its source ports are chosen. */
export type PlannedLoad = Omit<ClientPlan, 'sourcePorts'>;

/** The rounds of a plan on one time line, with this machine's part of their rates, warm-ups included; rounds of `--rate max` have no rate and are left out. */
export function stretchesOf(plan: PlannedLoad): Stretch[] {
  const stretches: Stretch[] = [];
  let startNs = 0;
  for (const rate of plan.rates) {
    // Ramps count as if they were at the full rate.
    const endNs = startNs + plan.rampUpNs + plan.warmupNs + roundDurationNs(plan, rate) + plan.rampDownNs;
    if (typeof rate === 'number') stretches.push({ startNs, endNs, ratePerSec: rateOf(plan.share, rate) });
    else if (rate !== 'max') {
      const rampNs = startNs + plan.warmupNs;
      const own = { fromPerSec: rateOf(plan.share, rate.fromPerSec), toPerSec: rateOf(plan.share, rate.toPerSec) };
      stretches.push({ startNs, endNs: rampNs, ratePerSec: own.fromPerSec });
      stretches.push(...stepsOf(own, rampNs, plan.durationNs));
    }
    // A round lasts until its last connection has ended.
    startNs = endNs + plan.holdNs + plan.cooldownNs;
  }
  return stretches;
}

/**
 * The most of something that are in use at a time, if each start takes one and gives it back `busyNs` later: the fullest window
 * of that length. The count in a window that slides over steps is largest where an edge of it meets an edge of a step.
 */
export function peakInUse(stretches: readonly Stretch[], busyNs: number): number {
  const ends = stretches.flatMap(({ startNs, endNs }) => [endNs, startNs + busyNs]);
  const counts = ends.map((windowEndNs) =>
    stretches.reduce((sum, { startNs, endNs, ratePerSec }) => {
      const overlapNs = Math.min(endNs, windowEndNs) - Math.max(startNs, windowEndNs - busyNs);
      return sum + Math.max(0, overlapNs / 1e9) * ratePerSec;
    }, 0),
  );
  return Math.ceil(Math.max(0, ...counts) - 1e-6);
}

/** The range from a target that answers immediately to one that lets every connection run into its timeout. */
export interface LeastAndMost {
  readonly least: number;
  readonly most: number;
}

export interface Demand {
  /** The highest; null where every round is `--rate max`. */
  readonly ratePerSec: number | null;
  /** Whether a round keeps `--max-in-flight` open, at a rate that is not known beforehand. */
  readonly hasClosedLoop: boolean;
  /** The attempts of all rounds, where they are counted; Infinity where only time ends a round. */
  readonly attempts: number;
  /** Whether this side sends the first FIN. */
  readonly leavesTimeWait: boolean;
  readonly open: LeastAndMost;
  /** Source ports in use, those included that rest in TIME_WAIT for `reuseDelayNs`. */
  readonly ports: LeastAndMost;
  /** Connections whose end is less than `ns` ago, or that are open, if the target answers immediately. */
  within(ns: number): number;
}

/**
 * Whether a connection that goes as planned leaves its 4-tuple in TIME_WAIT on this machine: the side that sends the first
 * FIN has it, and a RST instead of a FIN leaves none. The generator decides by what happened to each connection.
 */
export function leavesTimeWait(finish: Finish, close: 'fin' | 'rst'): boolean {
  if (finish.kind === 'eof') return false;
  return finish.kind === 'half-close' || close === 'fin';
}

/** `reuseDelayNs`: how long a port rests after a close that leaves a TIME_WAIT, see linux/proc.ts. */
export function demandOf(plan: PlannedLoad, reuseDelayNs: number): Demand {
  const stretches = stretchesOf(plan);
  const rates = plan.rates.map((rate) => rateOf(plan.share, peakPerSec(rate))).filter((rate) => rate !== null);
  const hasClosedLoop = plan.rates.includes('max');
  const attempts = plan.count === null ? Infinity : countOf(plan.share, plan.count) * plan.rates.length;
  const waits = leavesTimeWait(plan.finish, plan.close);
  const restNs = waits ? reuseDelayNs : 0;
  const longestNs = plan.holdNs + plan.timeoutNs;
  const always = hasClosedLoop ? Math.min(plan.maxInFlight, attempts) : 0;
  const busy = (ns: number): number => Math.max(always, peakInUse(stretches, ns));
  return {
    ratePerSec: rates.length === 0 ? null : Math.max(...rates),
    hasClosedLoop,
    attempts,
    leavesTimeWait: waits,
    open: { least: busy(plan.holdNs), most: busy(longestNs) },
    ports: { least: busy(plan.holdNs + restNs), most: busy(longestNs + restNs) },
    within: (ns) => busy(plan.holdNs + ns),
  };
}
