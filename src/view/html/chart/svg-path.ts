/** Lines of an SVG as short text: relative, rounded, and no more points than the width can show. */

/** A place in pixels. */
export type Point = readonly [x: number, y: number];

/** A column so wide shows no more than the lowest and the highest of the points in it. Pixels. */
const COLUMN_WIDTH = 4;
/** From so many points on a line is drawn to whole pixels. */
const DENSE = 150;

/** Returns the runs of points between gaps. */
export function segmentsOf(points: readonly (Point | null)[]): Point[][] {
  const segments: Point[][] = [];
  let current: Point[] | null = null;
  for (const point of points) {
    if (point === null) current = null;
    else if (current === null) segments.push((current = [point]));
    else current.push(point);
  }
  return segments;
}

/** Returns the points that a line needs: where there are many in a column its lowest and its highest, so that no peak is lost. */
export function thinned(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (let start = 0, end = 0; start < points.length; start = end) {
    const column = Math.floor(points[start]![0] / COLUMN_WIDTH);
    while (end < points.length && Math.floor(points[end]![0] / COLUMN_WIDTH) === column) end += 1;
    kept.push(...extremesOf(points, start, end));
  }
  // A line begins and ends where its data do.
  const [first, last] = [points[0], points.at(-1)];
  if (first !== undefined && kept[0] !== first) kept.unshift(first);
  if (last !== undefined && kept.at(-1) !== last) kept.push(last);
  return kept;
}

function extremesOf(points: readonly Point[], start: number, end: number): Point[] {
  if (end - start <= 2) return points.slice(start, end);
  let [low, high] = [start, start];
  for (let at = start + 1; at < end; at++) {
    if (points[at]![1] < points[low]![1]) low = at;
    if (points[at]![1] > points[high]![1]) high = at;
  }
  if (low === high) return [points[low]!];
  return low < high ? [points[low]!, points[high]!] : [points[high]!, points[low]!];
}

/** Returns the `d` of a line through points. A point alone is a line of no length, which a round cap shows as a dot. */
export function linePath(points: readonly Point[]): string {
  if (points.length === 0) return '';
  const factor = points.length > DENSE ? 1 : 10;
  const rounded = (value: number): number => Math.round(value * factor);
  let [x, y] = [rounded(points[0]![0]), rounded(points[0]![1])];
  let path = `M${numbers(x / factor, y / factor)}`;
  if (points.length === 1) return `${path}h0`;
  path += 'l';
  points.forEach((point, index) => {
    if (index === 0) return;
    const [nextX, nextY] = [rounded(point[0]), rounded(point[1])];
    const step = numbers((nextX - x) / factor, (nextY - y) / factor);
    path += index === 1 || step.startsWith('-') ? step : ` ${step}`;
    [x, y] = [nextX, nextY];
  });
  return path;
}

/** Two numbers in the shortest way that SVG reads. */
function numbers(x: number, y: number): string {
  const [first, second] = [String(x), String(y)];
  return second.startsWith('-') ? `${first}${second}` : `${first} ${second}`;
}

/** Returns the `d` of the area between a line and a height below it. */
export function areaPath(points: readonly Point[], baseline: number): string {
  if (points.length === 0) return '';
  const [first] = points;
  return `${linePath(points)}V${Math.round(baseline * 10) / 10}H${Math.round(first![0] * 10) / 10}z`;
}
