/**
 * `--fail-if` of `saturate` and `search`: held against the trials that give the answer. Others are meant to fail, because that
 * is how a limit is found.
 */
import type { GoalResult, SaturateResult, SearchResult, TrialResult } from '../../document/limit.ts';
import type { RoundResult } from '../../document/client.ts';
import { judgeRound, thresholdConfig, type Thresholds } from '../../judge/threshold.ts';
import { asStarted } from './standing.ts';
import { loadOf } from './goal-result.ts';

/**
 * The result with its thresholds judged in every trial that confirms an answer. A goal without such a trial meets none. Without
 * a threshold only an allowance is added to it.
 */
export function judgeSearch(thresholds: Thresholds, result: SearchResult): SearchResult {
  if (thresholds.failIf.length === 0) return withAllowance(thresholds, result);
  const byGoal = result.goals.map((goal) => answeringTrials(goal, result.trials));
  const answering = new Set(byGoal.flat());
  const trials = result.trials.map((trial) =>
    answering.has(trial) ? { ...trial, result: judgedRound(thresholds, trial.result) } : trial,
  );
  const isAnswered = byGoal.length > 0 && byGoal.every((each) => each.length > 0);
  const isLimited = result.goals.some(({ status }) => status === 'generator_limited');
  return {
    ...result,
    config: { ...result.config, ...thresholdConfig(thresholds) },
    thresholds_met:
      isAnswered && isAccepted(thresholds, isLimited) && trials.every(({ result: round }) => isMet(round)),
    trials,
  };
}

/** The result with its thresholds judged in the last good step. Without such a step none is met. */
export function judgeSaturate(thresholds: Thresholds, result: SaturateResult): SaturateResult {
  if (thresholds.failIf.length === 0) return withAllowance(thresholds, result);
  // The last of a rate: where a step was repeated, that is the one that was good.
  const good = result.steps.findLastIndex(({ rate_per_sec: ratePerSec }) => ratePerSec === result.sustained_per_sec);
  const steps = result.steps.map((step, index) =>
    index === good ? { ...step, result: judgedRound(thresholds, step.result) } : step,
  );
  const isLimited = result.stopped_by === 'generator_limited';
  return {
    ...result,
    config: { ...result.config, ...thresholdConfig(thresholds) },
    thresholds_met: good >= 0 && isAccepted(thresholds, isLimited) && steps.every(({ result: round }) => isMet(round)),
    steps,
  };
}

/** The full-length trials that confirm an answer; of one that this machine bounds, the longest that met the goal at the highest rate. */
function answeringTrials(goal: GoalResult, trials: readonly TrialResult[]): TrialResult[] {
  const passed = trials.filter(
    (trial) =>
      trial.quantity === goal.quantity && trial.payload_file === goal.payload_file && trial.passed[goal.goal] === true,
  );
  if (goal.status !== 'generator_limited') {
    const load = goal.quantity === 'connections' ? goal.connections : goal.trial_rate_per_sec;
    return passed.filter((trial) => trial.length === 'final' && loadOf(trial) === load);
  }
  const highest = Math.max(...passed.map((trial) => loadOf(trial) ?? 0));
  const there = passed.filter((trial) => loadOf(trial) === highest);
  const full = there.filter(({ length }) => length === 'final');
  return full.length > 0 ? full : there;
}

/** The round as goals judge it: starts that this machine missed are no loss. Only `missed` counts them. */
function judgedRound({ failIf, ...rest }: Thresholds, round: RoundResult): RoundResult {
  const offered = asStarted(round);
  const thresholds = failIf.flatMap((criterion) => {
    const isOfMissed = criterion.metric.kind === 'attempts' && criterion.metric.counted === 'missed';
    return judgeRound({ ...rest, failIf: [criterion] }, isOfMissed ? round : offered);
  });
  return { ...round, thresholds };
}

function isMet(round: RoundResult): boolean {
  return (round.thresholds ?? []).every(({ met }) => met);
}

function isAccepted({ allowGeneratorLimited }: Thresholds, isLimited: boolean): boolean {
  return allowGeneratorLimited || !isLimited;
}

/** The allowance also decides the exit code, where there is no threshold either. */
function withAllowance<Result extends SearchResult | SaturateResult>(
  { allowGeneratorLimited }: Thresholds,
  result: Result,
): Result {
  return allowGeneratorLimited ? { ...result, config: { ...result.config, allow_generator_limited: true } } : result;
}
