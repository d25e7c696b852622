/** Runs `search`: trials until every goal has its answer. */
import { monotonicNs } from '../engine/clock.ts';
import type { ClientRunHooks } from '../client/run.ts';
import { evaluateCriterion } from '../measure/criterion.ts';
import type { GoalResult, SearchResult, TrialResult } from '../measure/limit-result.ts';
import type { RoundResult } from '../measure/result.ts';
import { VERSION } from '../plan/version.ts';
import { answersSoFar, nextSearchMove, type SearchMove, type SearchOptions } from '../search/search.ts';
import { asStarted, missedBy, standingOf } from '../search/standing.ts';
import { servedPerSec, type Trial } from '../search/trial.ts';
import { searchConfig, type SearchPlan } from './limit-plan.ts';
import { isLocalTarget, openTrials, type OpenTrials } from './trial-runner.ts';

export interface SearchHooks extends ClientRunHooks {
  onTrialStart?(trial: { index: number; ratePerSec: number; durationNs: number; why: string }): void;
  /** After each trial. `reason` says why it tells nothing about the target, if so. */
  onTrial?(index: number, trial: TrialResult, reason: string | null): void;
}

type TrialMove = Extract<SearchMove, { kind: 'trial' }>;

/** What has been found so far. */
interface Progress {
  readonly trials: Trial[];
  readonly results: TrialResult[];
  /** Of the last trial that said nothing. */
  reason: string | null;
}

/** Rejects with `EngineError` where no engine can work. `open` is replaced in tests. */
export async function runSearch(
  plan: SearchPlan,
  hooks: SearchHooks = {},
  open: OpenTrials = openTrials,
): Promise<SearchResult> {
  const beginNs = monotonicNs();
  const elapsedNs = (): number => Number(monotonicNs() - beginNs);
  const options: SearchOptions = { ...plan, goals: plan.goals.length };
  const isLocal = isLocalTarget(plan.client);
  const progress: Progress = { trials: [], results: [], reason: null };
  const runner = await open(plan.client, hooks);
  let failure: { readonly code: string; readonly message: string } | undefined;
  let stoppedBy: SearchResult['stopped_by'] | null = null;
  try {
    while (stoppedBy === null) {
      const move = nextSearchMove(options, progress.trials);
      if (move.kind === 'end') {
        stoppedBy = move.stoppedBy;
        break;
      }
      const durationNs = move.length === 'final' ? plan.client.durationNs : plan.exploreNs;
      const { cooldownNs, warmupNs } = plan.client;
      if (elapsedNs() + cooldownNs + warmupNs + durationNs > plan.maxTimeNs) {
        stoppedBy = 'max_time';
        break;
      }
      const index = progress.trials.length;
      hooks.onTrialStart?.({ index, ratePerSec: move.ratePerSec, durationNs, why: move.why });
      const round = await runner.run(move.ratePerSec, durationNs);
      if (round === null) {
        stoppedBy = runner.failures.length > 0 ? 'error' : 'interrupted';
      } else {
        const reason = record(plan, progress, move, round, isLocal);
        hooks.onTrial?.(index, progress.results.at(-1)!, reason);
      }
    }
    // Before the end, which every worker leaves by.
    [failure] = runner.failures;
  } finally {
    await runner.close();
  }
  return {
    schema: 'conngen.search/1',
    conngen: VERSION,
    started_at: runner.startedAt.toISOString(),
    duration_sec: Math.round(elapsedNs() / 1e6) / 1e3,
    system: runner.system,
    config: searchConfig(plan),
    profile: plan.profile?.name ?? null,
    deviations: plan.profile?.deviations ?? [],
    ...(hooks.stop?.aborted === true ? { interrupted: true } : {}),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
    goals: goalResults(plan, options, progress),
    stopped_by: stoppedBy,
    trials: progress.results,
  };
}

/** Adds a trial; returns why it says nothing about the target, or null. */
function record(
  plan: SearchPlan,
  progress: Progress,
  move: TrialMove,
  round: RoundResult,
  isLocal: boolean,
): string | null {
  const offered = asStarted(round) ?? round;
  const evaluations = plan.goals.map((goal) => evaluateCriterion(goal, offered));
  const passed = evaluations.map(({ met }) => met);
  const { standing, reason } = standingOf(round, missedBy(plan.goals, passed), isLocal);
  const served = servedPerSec(round);
  const isLimited = standing === 'generator_limited';
  const { ratePerSec, length, why } = move;
  progress.trials.push({ ratePerSec, length, passed, servedPerSec: served, standing });
  progress.results.push({
    rate_per_sec: ratePerSec,
    length,
    why,
    passed: byGoal(plan, (goal) => (isLimited ? null : passed[goal]!)),
    values: byGoal(plan, (goal) => evaluations[goal]!.value),
    standing,
    served_per_sec: served === null ? null : Math.round(served * 10) / 10,
    result: round,
  });
  if (reason !== null) progress.reason = reason;
  return reason;
}

function byGoal<T>(plan: SearchPlan, valueOf: (goal: number) => T): Record<string, T> {
  return Object.fromEntries(plan.goals.map(({ expression }, goal) => [expression, valueOf(goal)]));
}

function goalResults(plan: SearchPlan, options: SearchOptions, { trials, results, reason }: Progress): GoalResult[] {
  return answersSoFar(options, trials).map((answer, goal) => ({
    goal: plan.goals[goal]!.expression,
    rate_per_sec: startedAt(results, answer.ratePerSec),
    trial_rate_per_sec: answer.ratePerSec,
    lower_per_sec: startedAt(results, answer.lowerPerSec),
    upper_per_sec: startedAt(results, answer.upperPerSec),
    status: answer.status,
    confirmed: answer.confirmed,
    generator_limit_per_sec: answer.generatorLimitPerSec,
    reason: ['generator_limited', 'fails_at_min_rate'].includes(answer.status) ? reason : null,
  }));
}

/** What was started in the trials of a rate, the longest of them: less than the rate where this machine missed some. */
function startedAt(results: readonly TrialResult[], ratePerSec: number | null): number | null {
  const same = results.filter((trial) => trial.rate_per_sec === ratePerSec && trial.standing !== 'generator_limited');
  const final = same.filter(({ length }) => length === 'final');
  const counted = final.length > 0 ? final : same;
  if (counted.every(({ result }) => result.attempts.missed === 0)) return ratePerSec;
  return Math.min(...counted.map(({ result }) => result.rate_per_sec.started));
}
