/** The charts of searches and saturations: what trials gave, along their load. */
import type { GoalResult, SaturateResult, SearchResult, TrialResult } from '../../../document/limit.ts';
import { parseCriterion } from '../../../judge/criterion.ts';
import { formatFigure } from '../../text/thresholds.ts';
import { goalTitle } from '../../limit-sentences.ts';
import type { ChartBand, ChartMark, ChartRole, ChartSeries, ChartSpec, ChartUnit } from '../chart/spec.ts';
import { scaleFor } from './rounds.ts';

const QUANTITIES = {
  rate: { label: 'offered rate', unit: 'per_sec' },
  connections: { label: 'connections open', unit: 'count' },
  teardown: { label: 'tear-downs', unit: 'per_sec' },
} as const satisfies Readonly<Record<GoalResult['quantity'], { label: string; unit: ChartUnit }>>;

/** What of a trial was searched. */
function loadOf(trial: TrialResult): number {
  if (trial.quantity === 'connections') return trial.connections ?? 0;
  return trial.quantity === 'teardown' ? (trial.exchange_rate_per_sec ?? 0) : trial.rate_per_sec;
}

/** The trials of one goal: their figure along their load, and the bounds of the answer shaded. */
export function trialsChart(id: string, goal: GoalResult, { trials }: SearchResult): ChartSpec | null {
  const criterion = parseCriterion(goal.goal);
  if (!criterion.ok) return null;
  const { unit, limit } = criterion.value;
  const own = trials
    .filter(({ quantity, payload_file: payload }) => quantity === goal.quantity && payload === goal.payload_file)
    .sort((one, other) => loadOf(one) - loadOf(other));
  const x = QUANTITIES[goal.quantity];
  const loads = own.map(loadOf);
  const bands = boundsOf(goal);
  return {
    id,
    title: `Trials: ${goalTitle(goal)}`,
    description: `The figure of the goal in each trial along its load: whether the trial met the goal, and where the answer lies.`,
    x: { ...x, scale: scaleFor(loads), values: loads },
    y: { label: criterion.value.expression.split(/[<>]/)[0] ?? '', unit, scale: unit === 'ns' ? 'log' : 'linear' },
    series: [
      points('met', 'passed', own, goal.goal, true),
      points('not met', 'failed', own, goal.goal, false),
      points('inconclusive', 'inconclusive', own, goal.goal, null),
    ].filter(({ values }) => values.some((value) => value !== null)),
    ...(bands.length === 0 ? {} : { bands }),
    marks: [{ axis: 'y', value: limit, label: `goal: ${formatFigure({ value: limit, unit })}` }],
  };
}

function points(
  label: string,
  role: ChartRole,
  trials: readonly TrialResult[],
  goal: string,
  wanted: boolean | null,
): ChartSeries {
  const values = trials.map(({ passed, values: figures }) =>
    (passed[goal] ?? null) === wanted ? (figures[goal] ?? null) : null,
  );
  return { label, role, values, kind: 'points' };
}

/** Where the answer lies; without an upper bound there is nothing to shade. */
function boundsOf(goal: GoalResult): ChartBand[] {
  const isCount = goal.quantity === 'connections';
  const lower = isCount ? goal.lower_connections : goal.lower_per_sec;
  const upper = isCount ? goal.upper_connections : goal.upper_per_sec;
  return lower === null || upper === null ? [] : [{ axis: 'x', from: lower, to: upper, label: 'the answer' }];
}

/** The p90 of each step along its rate, and the line at which a step is too slow. */
export function stepsChart(id: string, result: SaturateResult): ChartSpec {
  const { base, config, steps } = result;
  const marks: ChartMark[] = [];
  if (base !== null) {
    const value = base.p90_ns * config.slowdown;
    marks.push({
      axis: 'y',
      value,
      label: `${config.slowdown} times the base: ${formatFigure({ value, unit: 'ns' })}`,
    });
  }
  const limited = ascending(steps).map((step) => (isCounted(step, result) ? null : step.p90_ns));
  return {
    ...stepFrame(id, result),
    title: 'Latency by offered rate',
    description: 'The 90th percentile of total in each step along its rate.',
    y: { label: 'p90 of total', unit: 'ns', scale: 'log' },
    series: [
      { label: 'p90 of total', role: 'p90', values: ascending(steps).map(({ p90_ns: p90Ns }) => p90Ns), kind: 'line' },
      ...(limited.every((value) => value === null)
        ? []
        : [{ label: limitedLabel(result), role: 'inconclusive' as const, values: limited, kind: 'points' as const }]),
    ],
    marks: [...marks, ...saturatedMark(result)],
  };
}

function limitedLabel({ fleet }: SaturateResult): string {
  return fleet === undefined ? 'limited by this machine' : 'limited by agents';
}

/** Whether a step tells of the target: it is valid, or the answer rests on it. */
function isCounted(
  { rate_per_sec: ratePerSec, goal, verdict }: SaturateResult['steps'][number],
  result: SaturateResult,
): boolean {
  if (verdict.status !== 'generator_limited') return true;
  return ratePerSec === (goal.met ? result.sustained_per_sec : result.saturated_at);
}

/** The figure of the goal in each step. */
export function stepGoalChart(id: string, result: SaturateResult): ChartSpec | null {
  const criterion = parseCriterion(result.config.goal);
  if (!criterion.ok) return null;
  const { limit, unit } = criterion.value;
  const steps = ascending(result.steps);
  const counts = steps.map((step) => isCounted(step, result));
  const values = (wanted: boolean | null): (number | null)[] =>
    steps.map(({ goal }, index) => ((counts[index] === true ? goal.met : null) === wanted ? goal.value : null));
  return {
    ...stepFrame(id, result),
    title: `Goal: ${result.config.goal}`,
    description: 'The figure of the goal in each step along its rate.',
    y: { label: result.config.goal.split(/[<>]/)[0] ?? '', unit, scale: unit === 'ns' ? 'log' : 'linear' },
    series: [
      { label: 'met', role: 'passed' as const, values: values(true), kind: 'points' as const },
      { label: 'not met', role: 'failed' as const, values: values(false), kind: 'points' as const },
      { label: limitedLabel(result), role: 'inconclusive' as const, values: values(null), kind: 'points' as const },
    ].filter((series) => series.values.some((value) => value !== null)),
    marks: [
      { axis: 'y', value: limit, label: `goal: ${formatFigure({ value: limit, unit })}` },
      ...saturatedMark(result),
    ],
  };
}

function ascending(steps: SaturateResult['steps']): SaturateResult['steps'] {
  return [...steps].sort((one, other) => one.rate_per_sec - other.rate_per_sec);
}

function stepFrame(id: string, { steps }: SaturateResult): Pick<ChartSpec, 'id' | 'group' | 'x'> {
  const rates = ascending(steps).map(({ rate_per_sec: ratePerSec }) => ratePerSec);
  return { id, group: 'steps', x: { label: 'offered rate', unit: 'per_sec', scale: scaleFor(rates), values: rates } };
}

function saturatedMark({ saturated_at: at }: SaturateResult): ChartMark[] {
  return at === null ? [] : [{ axis: 'x', value: at, label: 'saturated' }];
}
