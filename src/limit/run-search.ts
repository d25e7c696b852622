/** Runs `search`: trials until every goal has its answer, for one measure after the other. */
import { monotonicNs } from '../runtime/clock.ts';
import { evaluateCriterion } from '../judge/criterion.ts';
import type { SearchResult } from '../document/limit.ts';
import type { RoundResult } from '../document/client.ts';
import type { RunContext } from '../run/events.ts';
import { VERSION } from '../units/version.ts';
import { deviationsFound } from '../plan/profiles.ts';
import { offerOf, type TrialOffer } from './decide/quantity.ts';
import { limitedBy, type Neighbour } from './decide/limiting.ts';
import { nextSearchMove, type SearchMove } from './decide/search.ts';
import { ExpectedAnswers } from './decide/expected-answers.ts';
import { asHeldTogether, asStarted, missedBy, standingOf } from './decide/standing.ts';
import { servedLoad } from './decide/served.ts';
import { goalResults, type GoalProgress } from './decide/goal-result.ts';
import { searchConfig, type SearchPlan } from './plan/search.ts';
import { searchEstimate } from './expected-time.ts';
import { fitsInTime } from './time-limit.ts';
import { isLocalTarget } from './plan/port-budget.ts';
import { openTrials, runStarted, measuredOn, type OpenTrials, type TrialRunner } from './trial-runner.ts';

type TrialMove = Extract<SearchMove, { kind: 'trial' }>;
type StoppedBy = SearchResult['stopped_by'];

/** Rejects with `RunError` where no engine can work. `open` is replaced in tests. */
export async function runSearch(
  plan: SearchPlan,
  context: RunContext = {},
  open: OpenTrials = openTrials,
): Promise<SearchResult> {
  const beginNs = monotonicNs();
  const beganAt = new Date();
  const elapsedNs = (): number => Number(monotonicNs() - beginNs);
  const all = plan.measures.map((measure): GoalProgress => {
    return {
      measure,
      options: { ...measure, goals: plan.goals.length },
      trials: [],
      results: [],
      reason: null,
      answers: new ExpectedAnswers(measure.client),
      limits: new Map(),
    };
  });
  let runner: TrialRunner | undefined;
  let failure: { readonly code: string; readonly message: string } | undefined;
  let stoppedBy: StoppedBy = 'answered';
  try {
    for (const [index, progress] of all.entries()) {
      // Workers know which of their ports rest: they are kept for as long as they will do.
      if (runner === undefined || progress.measure.client !== all[index - 1]?.measure.client) {
        await runner?.close();
        const isFirst = runner === undefined;
        runner = await open(progress.measure.client, { ...context, originNs: beginNs });
        if (isFirst) context.emit?.(runStarted('search', progress.measure.client, runner, beganAt));
        else for (const text of runner.notes) context.emit?.({ type: 'notice', level: 'info', text });
      }
      const tellTime = tellerOf(plan, all.slice(index), runner, context, elapsedNs);
      if (index === 0) tellTime();
      const first = all.reduce((sum, { trials }) => sum + trials.length, 0);
      stoppedBy = await searchMeasure({ plan, progress, runner, context, elapsedNs, tellTime, first });
      [failure] = runner.failures;
      if (stoppedBy !== 'answered') break;
    }
  } finally {
    await runner?.close();
  }
  const goals = all.flatMap((progress) => goalResults(plan, progress));
  const result: SearchResult = {
    schema: 'conngen.search/1',
    conngen: VERSION,
    started_at: runner!.startedAt.toISOString(),
    duration_sec: Math.round(elapsedNs() / 1e6) / 1e3,
    ...measuredOn(runner!),
    config: searchConfig(plan),
    profile: plan.profile?.name ?? null,
    deviations: plan.profile === null ? [] : [...plan.profile.deviations, ...deviationsFound(plan.profile.name, goals)],
    ...(context.stop?.aborted === true ? { interrupted: true } : {}),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
    goals,
    stopped_by: stoppedBy,
    trials: all.flatMap(({ results }) => results),
  };
  context.emit?.({ type: 'run-ended', result });
  return result;
}

/** Tells how long the measures that are left take. */
function tellerOf(
  plan: SearchPlan,
  left: readonly GoalProgress[],
  runner: TrialRunner,
  { emit }: RunContext,
  elapsedNs: () => number,
): () => void {
  return () => emit?.(searchEstimate(plan, left, runner, elapsedNs()));
}

interface MeasureRun {
  readonly plan: SearchPlan;
  readonly progress: GoalProgress;
  readonly runner: TrialRunner;
  readonly context: RunContext;
  readonly elapsedNs: () => number;
  readonly tellTime: () => void;
  /** How many trials there were before, for other measures. */
  readonly first: number;
}

/** Trials for one measure, until it has its answers or something ends the run. */
async function searchMeasure(run: MeasureRun): Promise<StoppedBy> {
  const { plan, progress, runner, context, elapsedNs, first } = run;
  const { measure, options, trials, results } = progress;
  const { client } = measure;
  const { emit } = context;
  for (;;) {
    const move = nextSearchMove(options, trials);
    if (move.kind === 'end') return move.stoppedBy;
    const offer = offerOf(measure, move.load, move.length === 'final' ? client.durationNs : plan.exploreNs);
    if (!fitsInTime({ ...plan, client, runner, emit }, elapsedNs(), offer)) return 'max_time';
    const trial = first + trials.length;
    const measured = await runner.run(offer, trial);
    if (measured === null) return runner.failures.length > 0 ? 'error' : 'interrupted';
    if (move.load === measure.minLoad) progress.answers.learn(measured);
    const round = progress.answers.judged(measured);
    const reason = record(plan, progress, move, offer, round, runner.neighbours?.() ?? []);
    run.tellTime();
    emit?.({ type: 'trial-ended', trial, result: results.at(-1)!, reason });
  }
}

/** Adds a trial; returns why it says nothing about the target, or null. */
function record(
  plan: SearchPlan,
  progress: GoalProgress,
  move: TrialMove,
  offer: TrialOffer,
  round: RoundResult,
  neighbours: readonly Neighbour[],
): string | null {
  const { quantity, client } = progress.measure;
  const offered = asHeldTogether(asStarted(round));
  const evaluations = plan.goals.map((goal) => evaluateCriterion(goal, offered));
  const passed = evaluations.map(({ met }) => met);
  const judged = standingOf(round, missedBy(plan.goals, passed), isLocalTarget(client), quantity);
  const { standing, reason } = judged;
  const limit = limitedBy(round, judged, neighbours);
  if (limit !== null) progress.limits.set(move.load, limit);
  const served = servedLoad(quantity, round);
  const isLimited = standing === 'generator_limited';
  const { load, length, why } = move;
  progress.trials.push({ load, length, passed, served, standing });
  progress.results.push({
    quantity,
    ...(plan.hasPayloads ? { payload_file: client.payloadFile } : {}),
    rate_per_sec: offer.ratePerSec,
    connections: offer.connections,
    exchange_rate_per_sec: offer.exchangePerSec,
    length,
    why,
    passed: byGoal(plan, (goal) => (isLimited ? null : passed[goal]!)),
    values: byGoal(plan, (goal) => evaluations[goal]!.value),
    standing,
    served_per_sec: served === null || quantity !== 'rate' ? null : Math.round(served * 10) / 10,
    result: round,
  });
  if (reason !== null) progress.reason = reason;
  return reason;
}

function byGoal<T>(plan: SearchPlan, valueOf: (goal: number) => T): Record<string, T> {
  return Object.fromEntries(plan.goals.map(({ expression }, goal) => [expression, valueOf(goal)]));
}
