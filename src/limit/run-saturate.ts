/** Runs `saturate`: steps at rising rates until one is too slow. */
import { monotonicNs } from '../runtime/clock.ts';
import { evaluateCriterion } from '../judge/criterion.ts';
import type { LimitedByResult, SaturateResult, SaturateStepResult, StepGoalResult } from '../document/limit.ts';
import type { RoundResult } from '../document/client.ts';
import type { RunContext } from '../run/events.ts';
import { VERSION } from '../units/version.ts';
import { LATENCIES_MIN } from '../judge/floor.ts';
import { timedOffer } from './decide/quantity.ts';
import { limitedBy, type Neighbour } from './decide/limiting.ts';
import { isTooSlow, nextSaturateMove, outcomeOf, type SaturateStep } from './decide/saturate.ts';
import { ExpectedAnswers } from './decide/expected-answers.ts';
import { asStarted, missedBy, standingOf } from './decide/standing.ts';
import { hasNothing } from './decide/trial.ts';
import { saturateConfig, type SaturatePlan } from './plan/saturate.ts';
import { saturateEstimate } from './expected-time.ts';
import { fitsInTime } from './time-limit.ts';
import { isLocalTarget } from './plan/port-budget.ts';
import { openTrials, runStarted, measuredOn, type OpenTrials, type TrialRunner } from './trial-runner.ts';

/** Rejects with `RunError` where no engine can work. `open` is replaced in tests. */
export async function runSaturate(
  plan: SaturatePlan,
  context: RunContext = {},
  open: OpenTrials = openTrials,
): Promise<SaturateResult> {
  const [beginNs, beganAt] = [monotonicNs(), new Date()];
  const elapsedNs = (): number => Number(monotonicNs() - beginNs);
  const { emit } = context;
  const runner = await open(plan.client, { ...context, originNs: beginNs });
  emit?.(runStarted('saturate', plan.client, runner, beganAt));
  const steps: SaturateStep[] = [];
  emit?.(saturateEstimate(plan, steps, runner, elapsedNs()));
  const results: SaturateStepResult[] = [];
  let failure: Failure | undefined;
  const answers = new ExpectedAnswers(plan.client);
  let stoppedBy: SaturateResult['stopped_by'];
  let judged: JudgedStep | undefined;
  try {
    for (;;) {
      const move = nextSaturateMove(plan, steps);
      if (move.kind === 'end') {
        stoppedBy = move.stoppedBy;
        break;
      }
      const offer = timedOffer(move.ratePerSec, plan.client.durationNs);
      if (!fitsInTime({ ...plan, runner, emit }, elapsedNs(), offer)) {
        stoppedBy = 'max_time';
        break;
      }
      const measured = await runner.run(offer, steps.length);
      if (measured === null) {
        stoppedBy = runner.failures.length > 0 ? 'error' : 'interrupted';
        break;
      }
      if (move.ratePerSec === plan.startPerSec) answers.learn(measured);
      const round = answers.judged(measured);
      judged = judge(plan, steps, move.ratePerSec, round, runner.neighbours?.() ?? []);
      results.push(stepResult(judged, round, move.isRepeat));
      steps.push(judged.step);
      emit?.(saturateEstimate(plan, steps, runner, elapsedNs()));
      emit?.({ type: 'step-ended', trial: steps.length - 1, result: results.at(-1)!, note: judged.note });
    }
    // Before the end, which every worker leaves by.
    [failure] = runner.failures;
  } finally {
    await runner.close();
  }
  const result: SaturateResult = {
    schema: 'conngen.saturate/1',
    conngen: VERSION,
    started_at: runner.startedAt.toISOString(),
    duration_sec: Math.round(elapsedNs() / 1e6) / 1e3,
    ...measuredOn(runner),
    config: saturateConfig(plan),
    ...brokenOffPart(context, failure),
    ...answerPart(plan, steps, stoppedBy, judged?.limit ?? null),
    steps: results,
  };
  emit?.({ type: 'run-ended', result });
  return result;
}

type Failure = TrialRunner['failures'][number];

/** What a result says of a run that did not go on to its end. */
function brokenOffPart(
  { stop }: RunContext,
  failure: Failure | undefined,
): Pick<SaturateResult, 'interrupted' | 'error'> {
  return {
    ...(stop?.aborted === true ? { interrupted: true } : {}),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
  };
}

/** What the steps come to. `limit` is what limited the last one. */
function answerPart(
  plan: SaturatePlan,
  steps: readonly SaturateStep[],
  stoppedBy: SaturateResult['stopped_by'],
  limit: LimitedByResult | null,
): Pick<SaturateResult, 'base' | 'saturated_at' | 'sustained_per_sec' | 'limited_by' | 'stopped_by'> {
  const { base, sustainedPerSec } = outcomeOf(plan, steps);
  const isSaturated = stoppedBy === 'slowdown' || stoppedBy === 'failures';
  return {
    base: base === null ? null : { rate_per_sec: base.ratePerSec, p90_ns: base.p90Ns },
    saturated_at: isSaturated ? (steps.at(-1)?.ratePerSec ?? null) : null,
    sustained_per_sec: sustainedPerSec,
    limited_by: stoppedBy === 'generator_limited' ? limit : null,
    stopped_by: stoppedBy,
  };
}

interface JudgedStep {
  readonly step: SaturateStep;
  readonly goal: StepGoalResult;
  /** What was wrong with the step; empty where nothing was. */
  readonly note: string;
  readonly limit: LimitedByResult | null;
}

function judge(
  plan: SaturatePlan,
  before: readonly SaturateStep[],
  ratePerSec: number,
  round: RoundResult,
  neighbours: readonly Neighbour[],
): JudgedStep {
  const { total } = round.latency_ns;
  const { value, met } = evaluateCriterion(plan.goal, asStarted(round));
  const p90Ns = total.count < LATENCIES_MIN ? null : total.p90;
  const missed = isTooSlow(plan, before, ratePerSec, p90Ns) ? 'time' : missedBy([plan.goal], [met]);
  const judged = standingOf(round, missed, isLocalTarget(plan.client));
  const { standing, reason } = judged;
  const step: SaturateStep = {
    ratePerSec,
    p90Ns,
    failsGoal: !met || hasNothing(standing),
    isGeneratorLimited: standing === 'generator_limited',
  };
  const note = reason ?? (met ? '' : `fails ${plan.goal.expression}`);
  const goal = { value, unit: plan.goal.unit, met };
  return { step, goal, note, limit: limitedBy(round, judged, neighbours) };
}

function stepResult({ step, goal }: JudgedStep, round: RoundResult, isRepeat: boolean): SaturateStepResult {
  return {
    rate_per_sec: step.ratePerSec,
    p90_ns: step.p90Ns,
    failures: round.attempts.started - round.outcomes.ok,
    goal,
    verdict: round.verdict,
    repeat: isRepeat,
    result: round,
  };
}
