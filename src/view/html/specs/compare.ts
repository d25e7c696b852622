/** The charts of a comparison: the change of each figure with its interval, and the shift of whole distributions. */
import type { CompareFigure, CompareResult, ShiftFunction } from '../../../document/compare.ts';
import type { ChartSeries, ChartSpec } from '../chart-spec.ts';

const percentOf = (ratio: number | null): number | null => (ratio === null ? null : (ratio - 1) * 100);

/** What each verdict looks like; `unclear` also stands for what is not tested. */
const LOOKS = [
  { label: 'faster', role: 'passed' },
  { label: 'slower', role: 'failed' },
  { label: 'same', role: 'neutral' },
  { label: 'unclear', role: 'inconclusive' },
] as const;

/** Returns a dot and an interval for each tested figure that changes by a ratio; null where there is none. */
export function changesChart(result: CompareResult, round: number): ChartSpec | null {
  const figures = result.figures.filter(
    (figure) => figure.round === round && figure.tested && figure.change === 'ratio' && figure.ratio !== null,
  );
  if (figures.length === 0) return null;
  const { load } = result.rounds[round]!;
  const margin = result.margin_percent;
  const band = {
    axis: 'y',
    from: (1 / (1 + margin / 100) - 1) * 100,
    to: margin,
    label: 'counts as the same',
  } as const;
  return {
    id: `changes-${round + 1}`,
    title: `Change of each tested figure at ${load}`,
    description:
      'New compared with base, in per cent, with the interval of each change. The shaded range is the margin.',
    x: {
      label: 'figure',
      unit: 'category',
      scale: 'linear',
      values: figures.map((_, index) => index),
      names: figures.map(({ name }) => name),
    },
    y: { label: 'change', unit: 'percent', scale: 'linear', startsAnywhere: true },
    series: LOOKS.flatMap(({ label, role }) => seriesOf(figures, label, role)),
    ...(margin > 0 ? { bands: [band] } : {}),
    marks: [{ axis: 'y', value: 0, label: 'no change' }],
  };
}

function seriesOf(
  figures: readonly CompareFigure[],
  label: (typeof LOOKS)[number]['label'],
  role: ChartSeries['role'],
): ChartSeries[] {
  if (!figures.some(({ verdict }) => verdict === label)) return [];
  const pick = (value: (figure: CompareFigure) => number | null): (number | null)[] =>
    figures.map((figure) => (figure.verdict === label ? percentOf(value(figure)) : null));
  return [
    {
      label,
      role,
      values: pick(({ ratio }) => ratio),
      low: pick(({ low }) => low),
      high: pick(({ high }) => high),
      kind: 'points',
    },
  ];
}

/** Returns the change at each quantile. */
export function shiftChart({ clock, round, points }: ShiftFunction, { rounds }: CompareResult): ChartSpec {
  const series: ChartSeries = {
    label: `change of ${clock}`,
    role: 'p50',
    values: points.map(({ ratio }) => percentOf(ratio)),
    low: points.map(({ low }) => percentOf(low)),
    high: points.map(({ high }) => percentOf(high)),
    kind: 'line',
  };
  return {
    id: `shift-${clock.replaceAll('_', '-')}-${round + 1}`,
    title: `Shift of ${clock} at ${rounds[round]!.load}`,
    description: `How much the latencies of ${clock} have changed at each quantile, in per cent, with intervals. Above 0 the new side is slower.`,
    x: {
      label: 'percentile',
      unit: 'percentile',
      scale: 'log',
      values: points.map(({ quantile }) => 1 / (1 - quantile)),
    },
    y: { label: 'change', unit: 'percent', scale: 'linear', startsAnywhere: true },
    series: [series],
    marks: [{ axis: 'y', value: 0, label: 'no change' }],
  };
}
