/** Medians with their confidence intervals, along an axis of names: rates, styles, strategies. */
import { X_EXTENT, Y_EXTENT, chart, colourOf, path, type Reference } from './chart.ts';
import { bandScale, logScale, niceLogBounds } from './scale.ts';
import { element } from './xml.ts';

export interface MedianPoint {
  /** One of the plot's `places`. */
  readonly place: string;
  readonly median: number;
  /** Null where there are too few samples for an interval. */
  readonly lower: number | null;
  readonly upper: number | null;
}

export interface MedianPlot {
  readonly title: string;
  readonly subtitle: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Along the x axis, in order, evenly spaced. */
  readonly places: readonly string[];
  /** Whether a line from one place to the next means something. */
  readonly isOrdered: boolean;
  readonly lineTitle: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly MedianPoint[] }[];
  readonly reference?: Reference;
}

/** Half the width of the ends of an interval, and how far apart the lines' marks stand at one place. Pixels. */
const CAP = 5;
const APART = 9;

/** The values have to be more than 0: the y axis is logarithmic. */
export function medianPlot({ lines, reference, ...plot }: MedianPlot): string {
  const points = lines.flatMap((line) => line.points);
  const values = points.flatMap(({ median, lower, upper }) => [median, lower ?? median, upper ?? median]);
  if (reference !== undefined) values.push(reference.value);
  const [min, max] = niceLogBounds(...boundsOf(values));
  const x = bandScale(plot.places, X_EXTENT);
  const y = logScale(min, max, Y_EXTENT);
  const marks = lines.flatMap((line, index) => {
    const aside = (index - (lines.length - 1) / 2) * APART;
    const placed = line.points.map((point) => ({ ...point, x: x.place(plot.places.indexOf(point.place)) + aside }));
    return [
      ...(plot.isOrdered
        ? [
            path(
              placed.map((point): readonly [number, number] => [point.x, y.place(point.median)]),
              index,
            ),
          ]
        : []),
      ...placed.map((point) => whisker(point, y.place, colourOf(index))),
    ];
  });
  return chart({
    title: plot.title,
    subtitle: plot.subtitle,
    x: { label: plot.xLabel, scale: x },
    y: { label: plot.yLabel, scale: y },
    legend: { title: plot.lineTitle, names: lines.map(({ name }) => name) },
    ...(reference === undefined ? {} : { reference: { ...reference, axis: 'y' as const } }),
    marks,
  });
}

function whisker(
  point: MedianPoint & { readonly x: number },
  place: (value: number) => number,
  stroke: string,
): string {
  const dot = element('circle', { cx: point.x, cy: place(point.median), r: 3.5, fill: stroke });
  if (point.lower === null || point.upper === null) return dot;
  const [low, high] = [place(point.lower), place(point.upper)];
  const line = (x1: number, y1: number, x2: number, y2: number): string =>
    element('line', { x1, y1, x2, y2, stroke, 'stroke-width': 1.5 });
  return element('g', { class: 'interval' }, [
    line(point.x, low, point.x, high),
    line(point.x - CAP, low, point.x + CAP, low),
    line(point.x - CAP, high, point.x + CAP, high),
    dot,
  ]);
}

/** The smallest and the largest; of nothing at all, something that an axis can show. */
export function boundsOf(values: readonly number[]): readonly [number, number] {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return [1, 10];
  return positive.reduce<readonly [number, number]>(
    ([min, max], value) => [Math.min(min, value), Math.max(max, value)],
    [Infinity, 0],
  );
}
