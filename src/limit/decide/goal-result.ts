/** The answers of a search for one measure, as its result has them. */
import type { GoalResult, KpiResult, LimitedByResult, TrialResult } from '../../document/limit.ts';
import type { ExpectedAnswers } from './expected-answers.ts';
import { kpiOf } from './kpi.ts';
import { answersSoFar, type SearchOptions } from './search.ts';
import type { Trial } from './trial.ts';
import type { PlannedMeasure, SearchPlan } from '../plan/search.ts';

/** What has been found so far for one measure. */
export interface GoalProgress {
  readonly measure: PlannedMeasure;
  readonly options: SearchOptions;
  readonly trials: Trial[];
  readonly results: TrialResult[];
  /** Why the last inconclusive trial was inconclusive. */
  reason: string | null;
  readonly answers: ExpectedAnswers;
  /** For each load, the reason of the last trial there that this machine limited. */
  readonly limits: Map<number, LimitedByResult>;
}

/** The result of each goal; an undecided one is `unfinished`, with its bounds. */
export function goalResults(
  plan: SearchPlan,
  { measure, options, trials, results, reason, limits }: GoalProgress,
): GoalResult[] {
  const { quantity } = measure;
  const isCount = quantity === 'connections';
  const rate = (value: number | null): number | null => (isCount ? null : value);
  const count = (value: number | null): number | null => (isCount ? value : null);
  return answersSoFar(options, trials).map((answer, goal) => {
    const { expression } = plan.goals[goal]!;
    const started = (load: number | null, met: boolean): number | null =>
      load === null || quantity === 'teardown' ? load : startedAt(results, expression, load, met, isCount);
    const at = started(answer.load, true);
    const lower = started(answer.lower, true);
    const failed = started(answer.upper, false);
    // Where this machine missed more of the trial that failed than of the one that passed.
    const upper = failed !== null && lower !== null && failed <= lower ? answer.upper : failed;
    const limit = limits.get(answer.generatorLimit ?? Number.NaN) ?? null;
    return {
      goal: expression,
      quantity,
      ...(plan.hasPayloads ? { payload_file: measure.client.payloadFile } : {}),
      connections: count(at),
      lower_connections: count(lower),
      upper_connections: count(upper),
      rate_per_sec: rate(at),
      trial_rate_per_sec: rate(answer.load),
      lower_per_sec: rate(lower),
      upper_per_sec: rate(upper),
      status: answer.status,
      confirmed: answer.confirmed,
      generator_limit_per_sec: rate(answer.generatorLimit),
      generator_limit_connections: count(answer.generatorLimit),
      reason: ['generator_limited', 'fails_at_min_rate'].includes(answer.status) ? (limit?.message ?? reason) : null,
      limited_by: limit,
      lower_trials: lowerTrials(results, expression, answer.lower),
      kpi: kpiAt(results, expression, answer.load),
    };
  });
}

function kpiAt(results: readonly TrialResult[], goal: string, load: number | null): KpiResult | null {
  const confirming = results.findLast(
    (trial) => trial.length === 'final' && trial.passed[goal] === true && loadOf(trial) === load,
  );
  return confirming?.connections === null ? kpiOf(confirming.result) : null;
}

/**
 * What was started in the trials of a load: less than the load where this machine missed some. Of those that met the goal the
 * most, because it met it; of those that did not the least. Full-length trials count before exploratory ones.
 */
function startedAt(
  results: readonly TrialResult[],
  goal: string,
  load: number,
  met: boolean,
  isCount: boolean,
): number {
  const same = results.filter((trial) => loadOf(trial) === load && trial.passed[goal] === met);
  const final = same.filter(({ length }) => length === 'final');
  const started = (final.length > 0 ? final : same).map(({ result: { attempts, rate_per_sec: rate } }) => {
    if (attempts.missed === 0) return load;
    return isCount ? attempts.started : rate.started;
  });
  if (started.length === 0) return load;
  return met ? Math.max(...started) : Math.min(...started);
}

/** What is known of a lower bound. */
function lowerTrials(results: readonly TrialResult[], goal: string, load: number | null): GoalResult['lower_trials'] {
  const judged = results.filter((trial) => loadOf(trial) === load && trial.passed[goal] !== null);
  const final = judged.filter(({ length }) => length === 'final');
  const same = final.length > 0 ? final : judged;
  const [first] = same;
  if (first === undefined) return null;
  return {
    passed: same.filter(({ passed }) => passed[goal] === true).length,
    of: same.length,
    length: first.length,
    duration_sec: first.result.duration_sec,
  };
}

/** What of a trial was searched. */
export function loadOf(trial: TrialResult): number | null {
  switch (trial.quantity) {
    case 'rate':
      return trial.rate_per_sec;
    case 'connections':
      return trial.connections;
    case 'teardown':
      return trial.exchange_rate_per_sec;
  }
}
