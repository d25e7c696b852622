/** Which plots a lab draws of its result: names of files, and what is in them. */
import type { LabDescription } from '../../document/lab-description.ts';
import type { Axis, PlotSpec } from '../../document/lab-description.ts';
import { isDone, type DoneCell, type LabResult } from '../../document/lab.ts';
import { densityPlot, ecdfPlot, seriesPlot, type LinePlot } from './line-plots.ts';
import { medianPlot } from './median-plot.ts';

export interface PlotFile {
  /** `median.svg`, or with the values that all its cells share: `ecdf-512.svg`. */
  readonly file: string;
  readonly svg: string;
}

const TITLES: Readonly<Record<PlotSpec['kind'], string>> = {
  median: 'median and its 95 % confidence interval',
  series: 'over time',
  ecdf: 'cumulative distribution',
  density: 'density',
};

const LINE_PLOTS = { series: seriesPlot, ecdf: ecdfPlot, density: densityPlot } as const;

/** Every plot that there are cells for. */
export function plotsOf(lab: LabDescription, axes: readonly Axis[], result: LabResult): PlotFile[] {
  const cells = result.cells.filter(isDone);
  return lab.plots.flatMap((spec) =>
    groupsOf(spec, axes, cells).map(({ shared, members }) => ({
      file: `${[spec.kind, ...shared.map(fileWord)].join('-')}.svg`,
      svg: draw(lab, spec, axes, { shared, members }, result),
    })),
  );
}

/** The cells of one plot. */
export interface Group {
  /** Values of the axes that the plot does not spread out. */
  readonly shared: readonly string[];
  readonly members: readonly DoneCell[];
}

/** The cells of a result by plot: those that differ only in the axes that the plot spreads out. */
export function groupsOf(spec: PlotSpec, axes: readonly Axis[], cells: readonly DoneCell[]): Group[] {
  const apart = axes.filter(({ name }) => name !== spec.lines && name !== spec.x);
  const groups = new Map<string, { shared: string[]; members: DoneCell[] }>();
  for (const cell of cells) {
    const shared = apart.map(({ name }) => String(cell.axes[name]));
    const key = JSON.stringify(shared);
    const group = groups.get(key) ?? { shared, members: [] };
    group.members.push(cell);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** What is safe in the name of a file everywhere. */
function fileWord(value: string): string {
  return value.replaceAll(/[^A-Za-z0-9.]+/g, '_');
}

/** What a plot counts in, so that its numbers are short. */
interface PlotUnit {
  readonly unit: string;
  /** The unit in which the lab's samples are. */
  readonly size: number;
}

const NS_UNITS: readonly PlotUnit[] = [
  { unit: 'ms', size: 1e6 },
  { unit: 'µs', size: 1e3 },
];

/** The largest unit that the smallest median fills. */
function plotUnit(unit: string, cells: readonly DoneCell[]): PlotUnit {
  if (unit === 'B/s') return { unit: 'MiB/s', size: 2 ** 20 };
  const smallest = Math.min(...cells.map(({ summary }) => summary.median));
  const larger = unit === 'ns' ? NS_UNITS.find(({ size }) => smallest >= size) : undefined;
  return larger ?? { unit, size: 1 };
}

function draw(
  lab: LabDescription,
  spec: PlotSpec,
  axes: readonly Axis[],
  { shared, members }: Group,
  result: LabResult,
): string {
  const apart = axes.filter(({ name }) => name !== spec.lines && name !== spec.x);
  const { label, reference } = lab.quantity;
  const { unit, size } = plotUnit(lab.quantity.unit, members);
  const common = {
    title: `${label}: ${TITLES[spec.kind]}`,
    subtitle: [
      `conngen lab ${lab.name}`,
      ...apart.map(({ name }, index) => `${name} ${shared[index]!}`),
      `Node ${result.system.node}`,
      result.system.cpu_model,
    ].join(' · '),
    lineTitle: spec.lines,
    ...(reference === undefined ? {} : { reference: { ...reference, value: reference.value / size } }),
  };
  const lines = (axes.find(({ name }) => name === spec.lines)?.values ?? [])
    .map((value) => ({ name: String(value), members: members.filter((cell) => cell.axes[spec.lines] === value) }))
    .filter((line) => line.members.length > 0);
  const quantityLabel = `${label} (${unit})`;
  if (spec.kind === 'median') return drawMedians(spec, axes, { ...common, yLabel: quantityLabel }, lines, size);
  const plot: LinePlot = {
    ...common,
    quantityLabel,
    lines: lines.map(({ name, members: [cell] }) => ({
      name,
      samples: cell!.samples.map((sample) => sample / size),
      atSec: cell!.at_sec,
      ...(cell!.quantiles === undefined
        ? {}
        : { quantiles: cell!.quantiles.map(([value, share]) => [value / size, share] as const) }),
    })),
  };
  return LINE_PLOTS[spec.kind](plot);
}

function drawMedians(
  spec: PlotSpec,
  axes: readonly Axis[],
  common: Pick<Parameters<typeof medianPlot>[0], 'title' | 'subtitle' | 'lineTitle' | 'yLabel' | 'reference'>,
  lines: readonly { readonly name: string; readonly members: readonly DoneCell[] }[],
  size: number,
): string {
  const axis = axes.find(({ name }) => name === spec.x);
  if (axis === undefined) throw new Error(`a plot of medians along ${String(spec.x)}, which is no axis`);
  return medianPlot({
    ...common,
    xLabel: axis.label ?? axis.name,
    places: axis.values.map(String),
    isOrdered: typeof axis.values[0] === 'number',
    lines: lines.map(({ name, members }) => ({
      name,
      points: members.map(({ axes: at, summary }) => ({
        place: String(at[axis.name]),
        median: summary.median / size,
        lower: summary.median_lower === null ? null : summary.median_lower / size,
        upper: summary.median_upper === null ? null : summary.median_upper / size,
      })),
    })),
  });
}
