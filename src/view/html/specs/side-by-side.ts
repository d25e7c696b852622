/** Charts of several runs over each other: a series for each run, or for each of its rounds. */
import type { LatencySummary } from '../../../document/common.ts';
import { isDone, type LabResult } from '../../../document/lab.ts';
import type { SaturateResult, SearchResult } from '../../../document/limit.ts';
import type { Document, DocumentKind, DocumentOf } from '../../../document/read.ts';
import { describedBy } from '../../text/lab.ts';
import { offeredText } from '../../text/round-table.ts';
import { goalTitle } from '../../limit-sentences.ts';
import type { ChartSeries, ChartSpec } from '../chart/spec.ts';
import { pingLoad, roundName } from '../side-figures.ts';
import type { NamedDocument } from '../../look.ts';
import { wholeIntervals } from './intervals.ts';
import { curveOf, endOf, percentileChart, type Moment } from './percentiles.ts';
import { perSec } from './round.ts';
import { scaleFor } from './rounds.ts';

/** More lines than these cannot be told apart. */
const LINES_MAX = 12;

interface Run<Kind extends DocumentKind> {
  readonly name: string;
  readonly document: DocumentOf<Kind>;
}

/** Returns the charts of documents of one kind. */
export function sideCharts(runs: readonly NamedDocument[]): ChartSpec[] {
  switch (runs[0]?.document.schema) {
    case 'conngen.client/1':
      return clientCharts(of(runs, 'conngen.client/1'));
    case 'conngen.rtt/1':
      return rttCharts(of(runs, 'conngen.rtt/1'));
    case 'conngen.search/1':
      return searchCharts(of(runs, 'conngen.search/1'));
    case 'conngen.saturate/1':
      return [saturateChart(of(runs, 'conngen.saturate/1'))];
    case 'conngen.lab/1':
      return [labChart(of(runs, 'conngen.lab/1'))];
    default:
      return [];
  }
}

function of<Schema extends Document['schema']>(
  runs: readonly NamedDocument[],
  schema: Schema,
): { readonly name: string; readonly document: Extract<Document, { readonly schema: Schema }> }[] {
  return runs.flatMap(({ name, document }) =>
    document.schema === schema ? [{ name, document: document as Extract<Document, { readonly schema: Schema }> }] : [],
  );
}

/** One round of one run. */
interface Line<Interval extends Moment> {
  readonly name: string;
  readonly latency: LatencySummary;
  /** The histogram behind it, where the result has it. */
  readonly histogram: string | undefined;
  readonly intervals: readonly Interval[];
}

function clientCharts(runs: readonly Run<'client'>[]): ChartSpec[] {
  const lines = runs
    .flatMap(({ name, document: { rounds } }) =>
      rounds.map((round, index) => ({
        name: roundName(name, index, rounds.length, offeredText(round)),
        latency: round.latency_ns.total,
        histogram: round.histograms?.['total'],
        intervals: wholeIntervals(round.intervals),
      })),
    )
    .slice(0, LINES_MAX);
  return [
    percentiles('Percentiles of total', lines),
    overTime('completed-over-time', 'Completed per second', 'per_sec', lines, (each) => perSec(each, each.ok)),
    overTime('p50-over-time', 'p50 of total over time', 'ns', lines, ({ latency_ns: { total } }) =>
      statistic(total, 'p50'),
    ),
    overTime('p99-over-time', 'p99 of total over time', 'ns', lines, ({ latency_ns: { total } }) =>
      statistic(total, 'p99'),
    ),
    overTime('failed-over-time', 'Failed or missed per second', 'per_sec', lines, (each) =>
      perSec(each, each.failed + each.missed),
    ),
  ];
}

function rttCharts(runs: readonly Run<'rtt'>[]): ChartSpec[] {
  const lines = runs
    .flatMap(({ name, document: { rounds } }) =>
      rounds.map((round, index) => ({
        name: roundName(name, index, rounds.length, pingLoad(round)),
        latency: round.rtt_ns,
        histogram: round.histograms?.['rtt'],
        intervals: wholeIntervals(round.intervals),
      })),
    )
    .slice(0, LINES_MAX);
  return [
    percentiles('Percentiles of round trips', lines),
    overTime('p50-over-time', 'p50 of round trips over time', 'ns', lines, (each) => statistic(each.rtt_ns, 'p50')),
    overTime('p99-over-time', 'p99 of round trips over time', 'ns', lines, (each) => statistic(each.rtt_ns, 'p99')),
    overTime('lost-over-time', 'Lost per second', 'per_sec', lines, (each) => perSec(each, each.lost)),
  ];
}

function statistic(latency: LatencySummary, name: 'p50' | 'p99'): number | null {
  return latency.count === 0 ? null : latency[name];
}

function percentiles(title: string, lines: readonly Line<Moment>[]): ChartSpec {
  const description = `${title}, a line for each run. The axis spreads the highest percentiles.`;
  return percentileChart('percentiles', {
    title,
    description,
    curves: lines.map(({ name, latency, histogram }) => curveOf(name, latency, histogram)),
  });
}

function overTime<Interval extends Moment>(
  id: string,
  title: string,
  unit: 'ns' | 'per_sec',
  lines: readonly Line<Interval>[],
  valueOf: (interval: Interval) => number | null,
): ChartSpec {
  const times = [...new Set(lines.flatMap(({ intervals }) => intervals.map(({ start_sec: startSec }) => startSec)))];
  times.sort((one, other) => one - other);
  return {
    id,
    title,
    description: `${title}, a line for each run.`,
    group: 'time',
    x: {
      label: 'time',
      unit: 'sec',
      scale: 'linear',
      values: times,
      ...endOf(lines.flatMap(({ intervals }) => intervals)),
    },
    y: { label: unit === 'ns' ? 'latency' : 'per second', unit, scale: unit === 'ns' ? 'log' : 'linear' },
    series: lines.map(({ name, intervals }, index): ChartSeries => {
      const at = new Map(intervals.map((interval) => [interval.start_sec, valueOf(interval)]));
      return {
        label: name,
        role: `run${index}`,
        values: times.map((time) => at.get(time) ?? null),
        kind: 'line',
        spansNulls: true,
      };
    }),
  };
}

/** The answer of each run to each goal, with its bounds. */
function searchCharts(runs: readonly Run<'search'>[]): ChartSpec[] {
  const titles = [...new Set(runs.flatMap(({ document: { goals } }) => goals.map(goalTitle)))];
  const names = runs.map(({ name }) => name);
  return titles.map((title, index) => {
    const goals = runs.map(({ document }) => document.goals.find((goal) => goalTitle(goal) === title));
    const isCount = goals.some((goal) => goal?.quantity === 'connections');
    const bounds = goals.map(boundsOf);
    const isAnswer = goals.map((goal) => goal?.status === 'found' || goal?.status === 'range');
    return {
      id: `answers-${index + 1}`,
      title: `Answers: ${title}`,
      description: 'The answer of each run, with its lower and upper bound.',
      x: { label: 'run', unit: 'category', scale: 'linear', values: names.map((_, at) => at), names },
      y: {
        label: isCount ? 'connections' : 'per second',
        unit: isCount ? 'count' : 'per_sec',
        scale: 'linear',
        startsAnywhere: true,
      },
      series: [
        {
          label: 'answer',
          role: 'passed' as const,
          values: bounds.map(([lower], at) => (isAnswer[at] === true ? lower : null)),
          low: bounds.map(([lower], at) => (isAnswer[at] === true ? lower : null)),
          high: bounds.map(([lower, upper], at) => (isAnswer[at] === true ? (upper ?? lower) : null)),
          kind: 'points' as const,
        },
        {
          label: 'at least: the limit was not found',
          role: 'inconclusive' as const,
          values: bounds.map(([lower], at) => (isAnswer[at] === true ? null : lower)),
          kind: 'points' as const,
        },
      ].filter(({ values }) => values.some((value) => value !== null)),
    };
  });
}

type Bounds = readonly [lower: number | null, upper: number | null];

function boundsOf(goal: SearchResult['goals'][number] | undefined): Bounds {
  if (goal === undefined) return [null, null];
  if (goal.quantity === 'connections') return [goal.lower_connections, goal.upper_connections];
  return [goal.lower_per_sec, goal.upper_per_sec];
}

function saturateChart(runs: readonly Run<'saturate'>[]): ChartSpec {
  const shown = runs.slice(0, LINES_MAX);
  const rates = [...new Set(shown.flatMap(({ document: { steps } }) => steps.map((step) => step.rate_per_sec)))];
  rates.sort((one, other) => one - other);
  return {
    id: 'p90-by-rate',
    title: 'Latency by offered rate',
    description: 'The 90th percentile of total in each step along its rate, a line for each run.',
    x: { label: 'offered rate', unit: 'per_sec', scale: scaleFor(rates), values: rates },
    y: { label: 'p90 of total', unit: 'ns', scale: 'log' },
    series: shown.map(({ name, document }, index) => ({
      label: name,
      role: `run${index}`,
      values: rates.map((rate) => p90At(document, rate)),
      kind: 'line',
      spansNulls: true,
    })),
  };
}

/** Of a step that was run twice, the second. */
function p90At({ steps }: SaturateResult, rate: number): number | null {
  return steps.findLast(({ rate_per_sec: ratePerSec }) => ratePerSec === rate)?.p90_ns ?? null;
}

function labChart(runs: readonly Run<'lab'>[]): ChartSpec {
  const names = [...new Set(runs.flatMap(({ document: { cells } }) => cells.map(({ cell }) => cell)))];
  const { label, unit } = describedBy(runs[0]!.document).quantity;
  return {
    id: 'medians',
    title: `${label}: medians with their 95 % confidence intervals`,
    description: 'The median of each cell, with its interval, for each run.',
    x: { label: 'cell', unit: 'category', scale: 'linear', values: names.map((_, at) => at), names },
    y: {
      label: unit === 'ns' || unit === 'B/s' ? label : `${label} (${unit})`,
      unit: unit === 'ns' ? 'ns' : unit === 'B/s' ? 'bytes_per_sec' : 'count',
      scale: 'log',
    },
    series: runs.slice(0, LINES_MAX).map(({ name, document }, index) => {
      const cells = names.map((cell) => summaryOf(document, cell));
      return {
        label: name,
        role: `run${index}`,
        values: cells.map((summary) => summary?.median ?? null),
        low: cells.map((summary) => summary?.median_lower ?? null),
        high: cells.map((summary) => summary?.median_upper ?? null),
        kind: 'points',
      };
    }),
  };
}

function summaryOf(
  { cells }: LabResult,
  name: string,
): { median: number; median_lower: number | null; median_upper: number | null } | undefined {
  return cells.filter(isDone).find(({ cell }) => cell === name)?.summary;
}
