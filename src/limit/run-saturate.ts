/** Runs `saturate`: steps at rising rates until one is too slow. */
import { monotonicNs } from '../runtime/clock.ts';
import { evaluateCriterion } from '../judge/criterion.ts';
import type { LimitedByResult, SaturateResult, SaturateStepResult, StepGoalResult } from '../document/limit.ts';
import type { RoundResult } from '../document/client.ts';
import type { ClientRunHooks } from '../client/run.ts';
import { acceptsEmpty } from '../plan/answer-plan.ts';
import { VERSION } from '../units/version.ts';
import { LATENCIES_AT_LEAST } from '../judge/floor.ts';
import { timedOffer } from './decide/quantity.ts';
import { limitedBy, type Neighbour } from './decide/limiting.ts';
import { nextSaturateMove, outcomeOf, type SaturateStep } from './decide/saturate.ts';
import { asAnswered, asStarted, hasAnswers, missedBy, standingOf } from './decide/standing.ts';
import { saturateConfig, type SaturatePlan } from './plan/saturate.ts';
import { fitsInTime } from './time-limit.ts';
import { isLocalTarget, openTrials, type OpenTrials } from './trial-runner.ts';

export interface SaturateHooks extends ClientRunHooks {
  /** After each step. `note` says what was wrong with it, if anything. */
  onStep?(step: SaturateStepResult, note: string): void;
}

/** Rejects with `RunError` where no engine can work. `open` is replaced in tests. */
export async function runSaturate(
  plan: SaturatePlan,
  hooks: SaturateHooks = {},
  open: OpenTrials = openTrials,
): Promise<SaturateResult> {
  const beginNs = monotonicNs();
  const elapsedNs = (): number => Number(monotonicNs() - beginNs);
  const runner = await open(plan.client, hooks);
  const steps: SaturateStep[] = [];
  const results: SaturateStepResult[] = [];
  let failure: { readonly code: string; readonly message: string } | undefined;
  let isAnswered = false;
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
      if (!fitsInTime({ ...plan, runner, hooks }, elapsedNs(), offer)) {
        stoppedBy = 'max_time';
        break;
      }
      const measured = await runner.run(offer);
      if (measured === null) {
        stoppedBy = runner.failures.length > 0 ? 'error' : 'interrupted';
        break;
      }
      if (move.ratePerSec === plan.startPerSec && acceptsEmpty(plan.client)) isAnswered ||= hasAnswers(measured);
      const round = isAnswered ? asAnswered(measured) : measured;
      judged = judge(plan, move.ratePerSec, round, runner.neighbours?.() ?? []);
      steps.push(judged.step);
      results.push(stepResult(judged, round, move.isRepeat));
      hooks.onStep?.(results.at(-1)!, judged.note);
    }
    // Before the end, which every worker leaves by.
    [failure] = runner.failures;
  } finally {
    await runner.close();
  }
  const outcome = outcomeOf(plan, steps);
  return {
    schema: 'conngen.saturate/1',
    conngen: VERSION,
    started_at: runner.startedAt.toISOString(),
    duration_sec: Math.round(elapsedNs() / 1e6) / 1e3,
    system: runner.system,
    config: saturateConfig(plan),
    ...(hooks.stop?.aborted === true ? { interrupted: true } : {}),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
    base: outcome.base === null ? null : { rate_per_sec: outcome.base.ratePerSec, p90_ns: outcome.base.p90Ns },
    saturated_at: stoppedBy === 'slowdown' || stoppedBy === 'failures' ? (steps.at(-1)?.ratePerSec ?? null) : null,
    sustained_per_sec: outcome.sustainedPerSec,
    limited_by: stoppedBy === 'generator_limited' ? (judged?.limit ?? null) : null,
    stopped_by: stoppedBy,
    steps: results,
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
  ratePerSec: number,
  round: RoundResult,
  neighbours: readonly Neighbour[],
): JudgedStep {
  const { total } = round.latency_ns;
  const { value, met } = evaluateCriterion(plan.goal, asStarted(round));
  const judged = standingOf(round, missedBy([plan.goal], [met]), isLocalTarget(plan.client));
  const { standing, reason } = judged;
  const step: SaturateStep = {
    ratePerSec,
    p90Ns: total.count < LATENCIES_AT_LEAST ? null : total.p90,
    failsGoal: !met || standing === 'nothing_established',
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
