/** The charts of a lab: the plots that its description names, of the same cells as the SVG files in its directory. */
import type { Axis, LabDescription, PlotSpec } from '../../../document/lab-description.ts';
import { isDone, type DoneCell, type LabResult } from '../../../document/lab.ts';
import { density, quantile } from '../../../units/statistics.ts';
import { groupsOf, type Group } from '../../chart/lab-plots.ts';
import type { ChartSeries, ChartSpec, ChartUnit } from '../chart/spec.ts';
import { ownValue } from '../../../units/record.ts';

/** A line of a plot: a value of the axis that has colours, and its cells. */
interface Line {
  readonly name: string;
  readonly cells: readonly DoneCell[];
}

/** What a plot is of, beside its lines. */
interface Subject {
  readonly id: string;
  readonly title: string;
  readonly label: string;
  readonly unit: ChartUnit;
  readonly lab: LabDescription;
}

/** Returns the charts of every plot that there are cells for. */
export function labCharts(lab: LabDescription, result: LabResult): ChartSpec[] {
  const cells = result.cells.filter(isDone);
  const axes = axesOf(lab, cells);
  return lab.plots.flatMap((spec) =>
    groupsOf(spec, axes, cells).map((group, index) => draw(lab, spec, axes, group, `${spec.kind}-${index + 1}`)),
  );
}

/** The axes, with their values in the order of the cells. */
function axesOf(lab: LabDescription, cells: readonly DoneCell[]): Axis[] {
  const names = Object.keys(cells[0]?.axes ?? {});
  return names.map((name) => ({ name, values: [...new Set(cells.flatMap(({ axes }) => ownValue(axes, name) ?? []))] }));
}

const UNITS: Readonly<Record<string, ChartUnit>> = { ns: 'ns', 'B/s': 'bytes_per_sec' };

const TITLES: Readonly<Record<PlotSpec['kind'], string>> = {
  median: 'median with its 95 % confidence interval',
  series: 'over time',
  ecdf: 'percentiles',
  density: 'density',
};

function draw(lab: LabDescription, spec: PlotSpec, axes: readonly Axis[], group: Group, id: string): ChartSpec {
  const apart = axes.filter(({ name }) => name !== spec.lines && name !== spec.x);
  const shared = apart.map(({ name }, index) => `${name} ${group.shared[index] ?? ''}`);
  const { label, unit } = lab.quantity;
  const lines = (axes.find(({ name }) => name === spec.lines)?.values ?? [])
    .map((value): Line => ({
      name: `${spec.lines} ${value}`,
      cells: group.members.filter(({ axes: at }) => at[spec.lines] === value),
    }))
    .filter(({ cells }) => cells.length > 0);
  const subject: Subject = {
    id,
    title: [`${label}: ${TITLES[spec.kind]}`, ...shared].join(', '),
    label: UNITS[unit] === undefined ? `${label} (${unit})` : label,
    unit: UNITS[unit] ?? 'count',
    lab,
  };
  if (spec.kind === 'median')
    return medianChart(
      subject,
      axes.find(({ name }) => name === spec.x)!,
      lines,
    );
  if (spec.kind === 'series') return seriesChart(subject, lines);
  return spec.kind === 'ecdf' ? quantileChart(subject, lines) : densityChart(subject, lines);
}

function marksOf({ lab }: Subject, axis: 'x' | 'y'): Pick<ChartSpec, 'marks'> {
  const { reference } = lab.quantity;
  return reference === undefined ? {} : { marks: [{ axis, ...reference }] };
}

function medianChart(subject: Subject, axis: Axis, lines: readonly Line[]): ChartSpec {
  const places = axis.values.map(String);
  const isOrdered = typeof axis.values[0] === 'number';
  return {
    id: subject.id,
    title: subject.title,
    description: `The median of the ${subject.label} of each cell, with its 95 % confidence interval, along ${axis.name}.`,
    x: {
      label: axis.label ?? axis.name,
      unit: 'category',
      scale: 'linear',
      values: places.map((_, index) => index),
      names: places,
    },
    y: { label: subject.label, unit: subject.unit, scale: 'log' },
    series: lines.map(({ name, cells }, index): ChartSeries => {
      const at = places.map((place) => cells.find(({ axes }) => String(ownValue(axes, axis.name)) === place)?.summary);
      return {
        label: name,
        role: `run${index}`,
        values: at.map((summary) => summary?.median ?? null),
        low: at.map((summary) => summary?.median_lower ?? null),
        high: at.map((summary) => summary?.median_upper ?? null),
        kind: isOrdered ? 'line' : 'points',
        ...(isOrdered ? { spansNulls: true as const } : {}),
      };
    }),
    ...marksOf(subject, 'y'),
  };
}

/** The most columns of samples over time; a column shows the median of its samples. */
const COLUMNS = 200;

function seriesChart(subject: Subject, lines: readonly Line[]): ChartSpec {
  const cells = lines.map(({ cells: [cell] }) => cell!);
  const endSec = Math.max(...cells.map(({ at_sec: atSec }) => atSec.at(-1) ?? 0), 0.001);
  const widthSec = endSec / COLUMNS;
  const columns = cells.map(({ samples, at_sec: atSec }) => {
    const within = new Map<number, number[]>();
    samples.forEach((sample, index) => {
      const column = Math.min(COLUMNS - 1, Math.floor((atSec[index] ?? 0) / widthSec));
      within.set(column, [...(within.get(column) ?? []), sample]);
    });
    return within;
  });
  const used = [...new Set(columns.flatMap((within) => [...within.keys()]))].sort((one, other) => one - other);
  return {
    id: subject.id,
    title: subject.title,
    description: `The ${subject.label} over time: the median of the samples of each ${COLUMNS}th of the time.`,
    x: {
      label: 'time since the first sample',
      unit: 'sec',
      scale: 'linear',
      values: used.map((column) => round(column * widthSec)),
    },
    y: { label: subject.label, unit: subject.unit, scale: 'log' },
    series: lines.map(({ name }, index) => ({
      label: name,
      role: `run${index}`,
      values: used.map((column) => medianOf(columns[index]!.get(column))),
      kind: 'line',
      spansNulls: true,
    })),
    ...marksOf(subject, 'y'),
  };
}

function medianOf(samples: readonly number[] | undefined): number | null {
  return samples === undefined ? null : quantile(Float64Array.from(samples).sort(), 0.5);
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}

/** Shares of samples at which a distribution is drawn, as places on the axis of percentiles. */
const PLACES = [1, 1.05, 1.11, 1.25, 1.43, 1.67, 2, 2.5, 3.33, 5, 10, 20, 50, 100, 200, 500, 1000];

function quantileChart(subject: Subject, lines: readonly Line[]): ChartSpec {
  const cells = lines.map(({ cells: [cell] }) => cell!);
  const most = Math.max(...cells.map(({ samples }) => samples.length));
  const places = PLACES.filter((place) => place <= Math.max(2, most));
  return {
    id: subject.id,
    title: subject.title,
    description: `The ${subject.label} at each percentile of its samples.`,
    x: { label: 'percentile', unit: 'percentile', scale: 'log', values: places },
    y: { label: subject.label, unit: subject.unit, scale: 'log' },
    series: lines.map(({ name }, index) => {
      const at = distributionOf(cells[index]!);
      const { length } = cells[index]!.samples;
      return {
        label: name,
        role: `run${index}`,
        values: places.map((place) => (place <= Math.max(2, length) ? at(1 - 1 / place) : null)),
        kind: 'line',
        spansNulls: true,
      };
    }),
    ...marksOf(subject, 'y'),
  };
}

/** The value at a share: of what is known beyond the samples where there is more, otherwise of the samples. */
function distributionOf({ samples, quantiles }: DoneCell): (share: number) => number {
  if (quantiles !== undefined && quantiles.length > 0) {
    return (share) => (quantiles.find(([, upTo]) => upTo >= share) ?? quantiles.at(-1)!)[0];
  }
  const sorted = Float64Array.from(samples).sort();
  return (share) => quantile(sorted, share);
}

const DENSITY_PLACES = 80;

/** The density of the logarithms, so that what is as wide on paper counts the same. */
function densityChart(subject: Subject, lines: readonly Line[]): ChartSpec {
  const samples = lines.map(({ cells: [cell] }) => cell!.samples.filter((sample) => sample > 0).map(Math.log10));
  const all = samples.flat();
  const low = all.reduce((least, each) => Math.min(least, each), Infinity);
  const high = all.reduce((most, each) => Math.max(most, each), -Infinity);
  const margin = (high - low) * 0.05;
  const step = (high - low + 2 * margin) / (DENSITY_PLACES - 1);
  const at = all.length === 0 ? [] : Array.from({ length: DENSITY_PLACES }, (_, index) => low - margin + index * step);
  return {
    id: subject.id,
    title: subject.title,
    description: `The density of the ${subject.label}: the share of samples per factor of 10.`,
    x: { label: subject.label, unit: subject.unit, scale: 'log', values: at.map((value) => round(10 ** value)) },
    y: { label: 'share of samples per factor of 10', unit: 'ratio', scale: 'linear' },
    series: lines.map(({ name }, index) => ({
      label: name,
      role: `run${index}`,
      values: density(samples[index]!, at),
      kind: 'line',
    })),
    ...marksOf(subject, 'x'),
  };
}
