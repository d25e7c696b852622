/** Plots whose marks are lines: samples over time, the share of samples up to a value, their density. */
import { density, empiricalDistribution } from '../../units/statistics.ts';
import { X_EXTENT, Y_EXTENT, chart, path, type Frame, type Reference } from './chart.ts';
import { boundsOf } from './median-plot.ts';
import { linearScale, logScale, niceLogBounds } from './scale.ts';

/** The samples of one line, more than 0, in the order they were taken. */
export interface SampleLine {
  readonly name: string;
  readonly samples: readonly number[];
  /** Seconds; as many as samples. */
  readonly atSec: readonly number[];
  /** What is drawn instead of the samples' own distribution, where more is known: values and shares, ascending. */
  readonly quantiles?: readonly (readonly [value: number, share: number])[];
}

export interface LinePlot {
  readonly title: string;
  readonly subtitle: string;
  /** The label of the quantity, with its unit. */
  readonly quantityLabel: string;
  readonly lineTitle: string;
  readonly lines: readonly SampleLine[];
  readonly reference?: Reference;
}

type Point = readonly [number, number];

/** What a chart takes over as it is, and the line across its axis of the quantity. */
function commonOf(
  plot: LinePlot,
  axis: 'x' | 'y',
): Pick<Frame, 'title' | 'subtitle' | 'legend'> & Partial<Pick<Frame, 'reference'>> {
  const { title, subtitle, reference } = plot;
  const legend = { title: plot.lineTitle, names: plot.lines.map(({ name }) => name) };
  return { title, subtitle, legend, ...(reference === undefined ? {} : { reference: { ...reference, axis } }) };
}

/** Each sample at its time. */
export function seriesPlot(plot: LinePlot): string {
  const x = linearScale(0, Math.max(...plot.lines.flatMap((line) => line.atSec), 0.001), X_EXTENT);
  const y = logScale(...niceLogBounds(...boundsOf(plot.lines.flatMap((line) => line.samples))), Y_EXTENT);
  return chart({
    ...commonOf(plot, 'y'),
    x: { label: 'time since the first sample (s)', scale: x },
    y: { label: plot.quantityLabel, scale: y },
    marks: plot.lines.map((line, index) =>
      path(
        line.samples.map((sample, at): Point => [x.place(line.atSec[at]!), y.place(sample)]),
        index,
      ),
    ),
  });
}

function valuesOf(line: SampleLine): number[] {
  return line.quantiles === undefined ? [...line.samples] : line.quantiles.map(([value]) => value);
}

/** The share of samples up to each value: steps of samples; straight between quantiles, of which no more is known. */
export function ecdfPlot(plot: LinePlot): string {
  const x = logScale(...niceLogBounds(...boundsOf(plot.lines.flatMap(valuesOf))), X_EXTENT);
  const y = linearScale(0, 1, Y_EXTENT);
  return chart({
    ...commonOf(plot, 'x'),
    x: { label: plot.quantityLabel, scale: x },
    y: { label: 'share of samples up to this value', scale: y },
    marks: plot.lines.map((line, index) => {
      const points = line.quantiles ?? stepsOf(empiricalDistribution(line.samples));
      return path(
        points.map(([value, share]): Point => [x.place(value), y.place(share)]),
        index,
      );
    }),
  });
}

function stepsOf(distribution: readonly Point[]): Point[] {
  return distribution.flatMap(([value, share], index): Point[] => [
    [value, distribution[index - 1]?.[1] ?? 0],
    [value, share],
  ]);
}

/** Places along the axis at which a density is worked out. */
const DENSITY_PLACES = 300;

/** The density of the logarithms, so that what is as wide on paper counts the same: the share of samples in a tenfold. */
export function densityPlot(plot: LinePlot): string {
  const [min, max] = niceLogBounds(...boundsOf(plot.lines.flatMap((line) => line.samples)));
  const step = Math.log10(max / min) / (DENSITY_PLACES - 1);
  const at = Array.from({ length: DENSITY_PLACES }, (_, index) => Math.log10(min) + index * step);
  const densities = plot.lines.map((line) => density(line.samples.map(Math.log10), at));
  const x = logScale(min, max, X_EXTENT);
  const y = linearScale(0, Math.max(...densities.flat(), 0.001) * 1.05, Y_EXTENT);
  return chart({
    ...commonOf(plot, 'x'),
    x: { label: plot.quantityLabel, scale: x },
    y: { label: 'density (share of samples per factor of 10)', scale: y },
    marks: densities.map((line, index) =>
      path(
        line.map((value, place): Point => [x.place(10 ** at[place]!), y.place(value)]),
        index,
      ),
    ),
  });
}
