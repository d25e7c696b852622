/**
 * The shapes of a chart as the `d` of a path, in pixels. An SVG and a canvas read the same text. The drawing without JavaScript and the
 * script of the page share this file, so it touches no page.
 */
import { isLog, type Box, type Plane } from './geometry.ts';
import type { MarkerShape } from './looks.ts';
import type { ChartSeries, ChartSpec } from './spec.ts';

/** Returns the outline of a point, as the `d` of a path. A cross has no inside: it is all stroke. */
export function markerPath(shape: MarkerShape, x: number, y: number, radius: number): string {
  const at = `M${short(x)} ${short(y)}`;
  const [r, wide] = [short(radius * 1.1), short(radius * 2.2)];
  switch (shape) {
    case 'circle':
      return `${at}m${-radius} 0a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0z`;
    case 'cross':
      return `${at}m${-r} ${-r}l${wide} ${wide}m0 ${-wide}l${-wide} ${wide}`;
    case 'triangle':
      return `${at}m0 ${-r}l${r} ${wide}h${-wide}z`;
    case 'square':
      return `${at}m${-r} ${-r}h${wide}v${wide}h${-wide}z`;
    case 'diamond':
      return `${at}m0 ${-wide / 2}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`;
  }
}

/** A tenth of a pixel is as fine as anyone sees. */
export function short(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Returns the intervals through the points of a series, each a bar with a cap at both ends. */
export function intervalsPath({ x, y }: ChartSpec, { low = [], high = [] }: ChartSeries, plane: Plane): string {
  const bars = x.values.map((value, at) => {
    const [from, to] = [low[at] ?? null, high[at] ?? null];
    if (from === null || to === null || (isLog(y) && from <= 0)) return '';
    return `M${short(plane.xOf(value) - 4)} ${short(plane.yOf(from))}h8m-4 0V${short(plane.yOf(to))}m-4 0h8`;
  });
  return bars.join('');
}

/** Returns the lines across. */
export function marksPath({ marks = [] }: ChartSpec, { left, top, width, height, xOf, yOf }: Plane): string {
  return marks
    .map(({ axis, value }) =>
      axis === 'x' ? `M${short(xOf(value))} ${top}v${height}` : `M${left} ${short(yOf(value))}h${width}`,
    )
    .join('');
}

/** Returns the shaded ranges. One that is narrower than a pixel is a pixel wide. */
export function bandBoxes({ bands = [] }: ChartSpec, { left, top, width, height, xOf, yOf }: Plane): Box[] {
  return bands.map(({ axis, from, to }) => {
    const [start, end] = axis === 'x' ? [xOf(from), xOf(to)] : [yOf(to), yOf(from)];
    const [low, long] = [Math.min(start, end), Math.max(1, Math.abs(end - start))];
    return axis === 'x' ? { left: low, top, width: long, height } : { left, top: low, width, height: long };
  });
}
