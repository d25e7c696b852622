/** The charts of a comparison: the change of each figure with its interval, and the shift of whole distributions. */
import type { CompareFigure, CompareResult, ShiftFunction } from '../../../document/compare.ts';
import type { ChartSeries, ChartSpec } from '../chart/spec.ts';
import { scaleFor } from './rounds.ts';

/** How changes are shown: which axis, and where a ratio of new to base stands on it. */
interface ChangeAxis {
  readonly y: ChartSpec['y'];
  /** What the figures are, as the begin of a sentence. */
  readonly what: string;
  readonly at: (ratio: number) => number;
}

const PERCENT: ChangeAxis = {
  y: { label: 'change', unit: 'percent', scale: 'linear', startsAnywhere: true },
  what: 'New compared with base, in per cent',
  at: (ratio) => (ratio - 1) * 100,
};

const TIMES: ChangeAxis = {
  y: { label: 'new / base', unit: 'ratio', scale: 'log' },
  what: 'New divided by base, on a logarithmic axis',
  at: (ratio) => ratio,
};

interface Change {
  readonly ratio: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Per cent, or a logarithmic axis where they would show the largest change only. */
function changeAxisOf(changes: readonly Change[]): ChangeAxis {
  const ratios = changes.flatMap(({ ratio, low, high }) => [ratio, low, high]).filter((each) => each !== null);
  return ratios.every((ratio) => ratio > 0) && scaleFor([...ratios, 1]) === 'log' ? TIMES : PERCENT;
}

/** Returns a change and its interval as the numbers of a series, null where `isIn` is false. */
function changeValues<Each extends Change>(
  changes: readonly Each[],
  { at }: ChangeAxis,
  isIn: (change: Each) => boolean,
): Pick<ChartSeries, 'values' | 'low' | 'high'> {
  const pick = (key: keyof Change): (number | null)[] =>
    changes.map((change) => (change[key] === null || !isIn(change) ? null : at(change[key])));
  return { values: pick('ratio'), low: pick('low'), high: pick('high') };
}

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
  const axis = changeAxisOf(figures);
  const band = {
    axis: 'y',
    from: axis.at(1 / (1 + margin / 100)),
    to: axis.at(1 + margin / 100),
    label: 'counts as the same',
  } as const;
  return {
    id: `changes-${round + 1}`,
    title: `Change of each tested figure at ${load}`,
    description: `${axis.what}, with the interval of each change. The shaded range is the margin.`,
    x: {
      label: 'figure',
      unit: 'category',
      scale: 'linear',
      values: figures.map((_, index) => index),
      names: figures.map(({ name }) => name),
    },
    y: axis.y,
    series: LOOKS.flatMap(({ label, role }) => seriesOf(figures, axis, label, role)),
    ...(margin > 0 ? { bands: [band] } : {}),
    marks: [{ axis: 'y', value: axis.at(1), label: 'no change' }],
  };
}

function seriesOf(
  figures: readonly CompareFigure[],
  axis: ChangeAxis,
  label: (typeof LOOKS)[number]['label'],
  role: ChartSeries['role'],
): ChartSeries[] {
  const isIn = ({ verdict }: CompareFigure): boolean => verdict === label;
  if (!figures.some(isIn)) return [];
  return [{ label, role, ...changeValues(figures, axis, isIn), kind: 'points' }];
}

/** Returns the change at each quantile. */
export function shiftChart({ clock, round, points }: ShiftFunction, { rounds }: CompareResult): ChartSpec {
  const axis = changeAxisOf(points);
  const values = changeValues(points, axis, () => true);
  const series: ChartSeries = { label: `change of ${clock}`, role: 'p50', ...values, kind: 'line' };
  return {
    id: `shift-${clock.replaceAll('_', '-')}-${round + 1}`,
    title: `Shift of ${clock} at ${rounds[round]!.load}`,
    description: `${axis.what}, at each quantile of ${clock}, with intervals. Above the line of no change the new side is slower.`,
    x: {
      label: 'percentile',
      unit: 'percentile',
      scale: 'log',
      values: points.map(({ quantile }) => 1 / (1 - quantile)),
    },
    y: axis.y,
    series: [series],
    marks: [{ axis: 'y', value: axis.at(1), label: 'no change' }],
  };
}
