/**
 * From the data of a chart to what is drawn: sums of stacks, what the axes show, where labels have room. The drawing without JavaScript
 * and the script of the page share this file, so it touches no page.
 */
import { niceLogBounds } from '../../chart/scale.ts';
import type { ChartAxis, ChartSeries, ChartSpec } from './spec.ts';

export type Extent = readonly [min: number, max: number];

/** The values of a series where they are drawn: those of stacked series are sums. */
export type Drawn = readonly (number | null)[];

/**
 * Returns what is drawn of each series. A stacked series lies on those before it that are shown; where it is 0 for a while it is not
 * drawn, because it would cover the one that it lies on. A hidden series is as it was given.
 */
export function drawnValues(series: readonly ChartSeries[], isShown: (index: number) => boolean = () => true): Drawn[] {
  const length = Math.max(0, ...series.map(({ values }) => values.length));
  const sums = new Float64Array(length);
  return series.map(({ values, stacked }, index) => {
    if (stacked !== true || !isShown(index)) return values;
    return values.map((value, at) => {
      sums[at]! += value ?? 0;
      return value === null || isFlat(values, at) ? null : sums[at]!;
    });
  });
}

function isFlat(values: Drawn, at: number): boolean {
  return !values[at] && !values[at - 1] && !values[at + 1];
}

/** What of an axis the data take, before it is made round. */
class Bounds {
  min = Infinity;
  max = -Infinity;
  readonly #axis: ChartAxis;

  constructor(axis: ChartAxis) {
    this.#axis = axis;
  }

  add(value: number | null | undefined): void {
    if (value === null || value === undefined || !canShow(this.#axis, value)) return;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
  }
}

/** Whether an axis can show a value. Beyond these limits is no figure of a result, and the arithmetic of axes would overflow. */
export function canShow(axis: ChartAxis, value: number): boolean {
  return Math.abs(value) < 1e99 && (!isLog(axis) || value > 1e-99);
}

export function isLog(axis: ChartAxis): boolean {
  return axis.scale === 'log' || axis.unit === 'percentile';
}

export function axisName(axis: ChartAxis): string {
  return axis.scale === 'log' && axis.unit !== 'percentile' ? `${axis.label} (log scale)` : axis.label;
}

/** Returns what the x axis shows while nothing is zoomed. */
export function xExtent({ x, bands = [], marks = [], series }: ChartSpec): Extent {
  if (x.unit === 'category') return [-0.5, Math.max(1, x.values.length) - 0.5];
  const bounds = new Bounds(x);
  for (const value of x.values) bounds.add(value);
  bounds.add(x.end);
  addAcross(bounds, 'x', bands, marks);
  const hasPoints = series.some(({ kind }) => kind === 'points');
  if (isLog(x)) return x.unit === 'percentile' ? percentileExtent(bounds) : logExtent(bounds);
  return linearExtent(x, bounds, hasPoints ? 0.04 : 0);
}

/** Returns what the y axis shows of the values from one index of x to another, both included. */
export function yExtent(
  spec: ChartSpec,
  drawn: readonly Drawn[],
  isShown: (index: number) => boolean = () => true,
  from = 0,
  to = spec.x.values.length - 1,
): Extent {
  const bounds = new Bounds(spec.y);
  spec.series.forEach((series, index) => {
    if (!isShown(index)) return;
    for (let at = Math.max(0, from); at <= Math.min(to, spec.x.values.length - 1); at++) {
      bounds.add(drawn[index]![at]);
      bounds.add(series.low?.[at]);
      bounds.add(series.high?.[at]);
    }
  });
  addAcross(bounds, 'y', spec.bands ?? [], spec.marks ?? []);
  return isLog(spec.y) ? logExtent(bounds) : linearExtent(spec.y, bounds, 0.06);
}

function addAcross(
  bounds: Bounds,
  axis: 'x' | 'y',
  bands: NonNullable<ChartSpec['bands']>,
  marks: NonNullable<ChartSpec['marks']>,
): void {
  for (const band of bands) {
    if (band.axis !== axis) continue;
    bounds.add(band.from);
    bounds.add(band.to);
  }
  for (const mark of marks) if (mark.axis === axis) bounds.add(mark.value);
}

/** From the median, or below it, to the last percentile that there is. */
function percentileExtent({ min, max }: Bounds): Extent {
  if (min > max) return [1, 100];
  return min < max ? [min, max] : [Math.max(1, min / 2), Math.max(2, max * 2)];
}

/** Some room at both ends, and outwards from there to 1, 2 or 5 times a power of ten. */
function logExtent({ min, max }: Bounds): Extent {
  return min > max ? [1, 10] : niceLogBounds(min / 1.05, max * 1.05);
}

function linearExtent(axis: ChartAxis, { min, max }: Bounds, padding: number): Extent {
  if (min > max) return [0, 1];
  const startsAtZero = axis.startsAnywhere !== true;
  const low = startsAtZero ? Math.min(0, min) : min;
  const high = startsAtZero ? Math.max(0, max) : max;
  if (low === high)
    return startsAtZero ? [0, 1] : [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
  const room = (high - low) * padding;
  const top = high === 0 ? 0 : high + room;
  // More than all there is would be read as a figure.
  return [low === 0 ? 0 : low - room, axis.unit === 'percent' && high <= 100 ? Math.min(top, 100) : top];
}

/** Where a value stands between the ends of an axis: 0 is the first, 1 the last. */
export function shareOf(axis: ChartAxis, [min, max]: Extent, value: number): number {
  return isLog(axis) ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
}

/** The reverse of `shareOf`. */
export function valueAt(axis: ChartAxis, [min, max]: Extent, share: number): number {
  return isLog(axis) ? min * (max / min) ** share : min + (max - min) * share;
}

/** A rectangle in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The plane between the axes, and where values stand on it. Pixels. */
export interface Plane extends Box {
  readonly xOf: (value: number) => number;
  readonly yOf: (value: number) => number;
}

/** The words of a band or of a mark, and where they stand. */
export interface PlacedLabel extends Box {
  readonly text: string;
}

export interface Labels {
  readonly placed: readonly PlacedLabel[];
  /** What has no room on the plane; a legend says it. */
  readonly left: readonly string[];
}

const LABEL_HEIGHT = 15;
const LABEL_GAP = 4;

/**
 * Returns where the words of bands and marks stand, so that none overlaps another and all are within the plane. Where there is room
 * elsewhere they cover no point.
 */
export function placeLabels(spec: ChartSpec, plane: Plane, widthOf: (text: string) => number): Labels {
  const placed: PlacedLabel[] = [];
  const left: string[] = [];
  const points = pointBoxes(spec, plane);
  const place = (text: string, corners: readonly (readonly [x: number, y: number])[]): void => {
    const size = { width: widthOf(text), height: LABEL_HEIGHT };
    const free = corners
      .map(([x, y]) => ({ left: x, top: y, ...size }))
      .filter((each) => isWithin(each, plane) && !placed.some((other) => overlap(each, other)));
    const box = free.find((each) => !points.some((point) => overlap(each, point))) ?? free[0];
    if (box === undefined) left.push(text);
    else placed.push({ ...box, text });
  };
  for (const mark of spec.marks ?? []) {
    if (mark.label !== '') place(mark.label, cornersAt(mark.axis, mark.value, mark.value, plane, widthOf(mark.label)));
  }
  for (const band of spec.bands ?? []) {
    if (band.label !== '') place(band.label, cornersAt(band.axis, band.from, band.to, plane, widthOf(band.label)));
  }
  return { placed, left };
}

function pointBoxes({ x, series }: ChartSpec, plane: Plane): Box[] {
  return series.flatMap(({ kind, values }) =>
    values.flatMap((value, at) => {
      if (kind !== 'points' || value === null) return [];
      return [{ left: plane.xOf(x.values[at]!) - 5, top: plane.yOf(value) - 5, width: 10, height: 10 }];
    }),
  );
}

/** Where words could stand beside a line or in a range, the best place first. */
function cornersAt(
  axis: 'x' | 'y',
  from: number,
  to: number,
  plane: Plane,
  width: number,
): readonly (readonly [x: number, y: number])[] {
  const right = plane.left + plane.width;
  const bottom = plane.top + plane.height;
  if (axis === 'y') {
    const above = Math.max(plane.top, Math.min(plane.yOf(to), plane.yOf(from))) - LABEL_HEIGHT - 1;
    const below = Math.min(bottom, Math.max(plane.yOf(to), plane.yOf(from))) + 2;
    const columns = [right - width - LABEL_GAP, plane.left + LABEL_GAP, plane.left + (plane.width - width) / 2];
    // A line, or a range that is lower than a line of text, has its words beside it.
    const inside =
      below - above < 2 * LABEL_HEIGHT
        ? []
        : columns.map((x) => [x, (above + below + LABEL_HEIGHT) / 2 - LABEL_HEIGHT / 2] as const);
    return [...inside, ...columns.map((x) => [x, above] as const), ...columns.map((x) => [x, below] as const)];
  }
  const start = clamp(plane.xOf(from), plane.left, right);
  const end = clamp(plane.xOf(to), plane.left, right);
  const columns = [(start + end - width) / 2, end + LABEL_GAP, start - width - LABEL_GAP];
  if (from === to) columns.shift();
  // Within a narrow range words would be read as of what is beside it: outside they are as well, but next to its edge.
  else if (end - start < width) columns.push(columns.shift()!);
  const rows = Array.from({ length: 5 }, (_, row) => plane.top + 3 + row * LABEL_HEIGHT);
  return rows.flatMap((y) => columns.map((x) => [x, y] as const));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function isWithin(box: Box, plane: Box): boolean {
  return (
    box.left >= plane.left &&
    box.top >= plane.top &&
    box.left + box.width <= plane.left + plane.width &&
    box.top + box.height <= plane.top + plane.height
  );
}

function overlap(one: Box, other: Box): boolean {
  return (
    one.left < other.left + other.width &&
    other.left < one.left + one.width &&
    one.top < other.top + other.height &&
    other.top < one.top + one.height
  );
}
