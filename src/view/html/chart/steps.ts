/**
 * Values over time as steps: what was counted in a second is drawn over the whole of it. The drawing without JavaScript and the script of
 * the page share this file, so it touches no page.
 */
import { canShow, type Drawn } from './geometry.ts';
import type { ChartSpec, ChartX } from './spec.ts';
import type { Point } from './svg-path.ts';

/** Returns the places of the values on the x axis: the middle of an interval. */
export function placesOf({ values, end }: ChartX): readonly number[] {
  return end === undefined ? values : values.map((from, at) => (from + (values[at + 1] ?? end)) / 2);
}

/** Where values stand, in pixels. */
export interface Places {
  readonly xOf: (value: number) => number;
  readonly yOf: (value: number) => number;
}

/** How values become steps. */
export interface Stepping {
  /** The first and the last index, both included. */
  readonly from: number;
  readonly to: number;
  /** A value lasts until the next one that there is. */
  readonly spansNulls: boolean;
  /** The least pixels that a step takes; narrower ones are points at their beginning, which no eye tells from steps. */
  readonly narrowest: number;
}

/** Returns the lines of the steps, one for each run without a gap. */
export function stepLines(
  { x: { values: starts, end = 0 }, y: yAxis }: ChartSpec,
  drawn: Drawn,
  { xOf, yOf }: Places,
  { from, to, spansNulls, narrowest }: Stepping,
): Point[][] {
  const values = drawn.map((value) => (value !== null && canShow(yAxis, value) ? value : null));
  const lines: Point[][] = [];
  let line: Point[] | null = null;
  for (let at = from; at <= to; at++) {
    const value = values[at] ?? null;
    if (value === null) {
      line = null;
      continue;
    }
    let next = at + 1;
    while (spansNulls && next < starts.length && (values[next] ?? null) === null) next++;
    // After its last value a series ends: there may be others that go on.
    const until = starts[spansNulls && next === starts.length ? at + 1 : next] ?? end;
    const [left, right, y] = [xOf(starts[at]!), xOf(until), yOf(value)];
    if (line === null) lines.push((line = []));
    line.push([left, y]);
    if (right - left >= narrowest || (values[next] ?? null) === null || next > to) line.push([right, y]);
    at = next - 1;
  }
  return lines;
}
