/** How long trials to come take: as planned, with the waits for the target and for source ports in TIME_WAIT. */
import { NS_PER_SEC } from '../units/quantity.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { portsNeeded, waitForPortsNs, type PortBudget, type PortUse } from './decide/port-budget.ts';
import { trialNs, type TrialOffer } from './decide/quantity.ts';

/** Where the trials of a client stand. */
export interface TrialState {
  /** Null where no port of ours rests. */
  readonly budget: PortBudget | null;
  /** The trials that are over. */
  readonly uses: readonly PortUse[];
  readonly trials: number;
  readonly nowNs: number;
}

/** Says how long each of the trials takes that it is given one after the other. */
export type Outlook = (offer: TrialOffer, passes: boolean) => number;

/** Nothing has been run yet. */
export const FRESH: TrialState = { budget: null, uses: [], trials: 0, nowNs: 0 };

/** A trial that misses its goal waits for its last connections, but no longer than this. */
const LAST_CONNECTIONS_NS = NS_PER_SEC;

/** Begins an outlook at `state`, which stays as it is. */
export function outlookOf(plan: ClientPlan, state: TrialState): Outlook {
  const { budget } = state;
  const uses = [...state.uses];
  let { trials, nowNs } = state;
  return (offer, passes) => {
    const beginNs = nowNs;
    if (trials > 0) nowNs += plan.cooldownNs;
    const started = Math.ceil((offer.ratePerSec * loadNs(plan, offer)) / NS_PER_SEC);
    if (budget !== null) {
      const needed = portsNeeded(offer.ratePerSec, loadNs(plan, offer), budget);
      nowNs += waitForPortsNs(budget, uses, needed, nowNs);
    }
    nowNs += plan.rampUpNs + plan.warmupNs + trialNs(offer) + plan.rampDownNs + plan.holdNs;
    if (!passes) nowNs += Math.min(plan.timeoutNs, LAST_CONNECTIONS_NS);
    uses.push({ started, endNs: nowNs });
    trials += 1;
    return nowNs - beginNs;
  };
}

/** A time at the trial's full rate that starts as many connections as the trial does, with its warm-up and its ramps. */
export function loadNs({ warmupNs, rampUpNs, rampDownNs }: ClientPlan, { durationNs }: TrialOffer): number {
  return durationNs + warmupNs + (rampUpNs + rampDownNs) / 2;
}
