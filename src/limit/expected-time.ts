/** The estimates that a search and a saturation tell: after the start, and with each trial or step. */
import { estimateOf } from '../run/estimate.ts';
import type { Estimate } from '../run/events.ts';
import { searchTimeLeft, saturateTimeLeft, type TrialClock } from './decide/estimate.ts';
import { offerOf, timedOffer } from './decide/quantity.ts';
import type { SaturateStep } from './decide/saturate.ts';
import type { SearchOptions } from './decide/search.ts';
import type { Trial } from './decide/trial.ts';
import { FRESH, outlookOf, type Outlook } from './outlook.ts';
import { portBudgetOf } from './plan/port-budget.ts';
import type { SaturatePlan } from './plan/saturate.ts';
import type { PlannedMeasure, SearchPlan } from './plan/search.ts';
import type { TrialRunner } from './trial-runner.ts';

/** How far a search has come with one measure. */
export interface MeasureProgress {
  readonly measure: PlannedMeasure;
  readonly options: SearchOptions;
  readonly trials: readonly Trial[];
}

/** Estimates a search whose `measures`, the one under way first, are not done yet. `runner` runs the trials of that one. */
export function searchEstimate(
  plan: SearchPlan,
  measures: readonly MeasureProgress[],
  runner: Pick<TrialRunner, 'outlook'>,
  elapsedNs: number,
): Estimate {
  const leftNs = measures.map(({ measure, options, trials }, index) => {
    const begin = (): Outlook =>
      index === 0
        ? runner.outlook()
        : outlookOf(measure.client, { ...FRESH, budget: portBudgetOf(measure.client), trials: index });
    return searchTimeLeft(options, trials, (): TrialClock => {
      const outlook = begin();
      return ({ load, length, passes }) =>
        outlook(offerOf(measure, load, length === 'final' ? measure.client.durationNs : plan.exploreNs), passes);
    });
  });
  const sumNs = leftNs.reduce((sum, each) => sum + each, 0);
  return estimateOf({ elapsedNs, leftNs: sumNs, ...(sumNs === 0 ? {} : { atMostNs: plan.maxTimeNs - elapsedNs }) });
}

/** Estimates a saturation after `steps`. */
export function saturateEstimate(
  plan: SaturatePlan,
  steps: readonly SaturateStep[],
  runner: Pick<TrialRunner, 'outlook'>,
  elapsedNs: number,
): Estimate {
  const { likely, atMost } = saturateTimeLeft(plan, steps, (): TrialClock => {
    const outlook = runner.outlook();
    return ({ load, passes }) => outlook(timedOffer(load, plan.client.durationNs), passes);
  });
  return estimateOf({
    elapsedNs,
    leftNs: likely,
    ...(likely === 0 ? {} : { atMostNs: Math.min(atMost, plan.maxTimeNs - elapsedNs) }),
  });
}
