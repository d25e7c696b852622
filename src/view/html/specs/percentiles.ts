/** Charts of latency distributions: percentiles on their own axis, and over time. */
import { decodeHistogram, type FilledBuckets } from '../../../count/hdr-decode.ts';
import { lowestAt } from '../../../count/histogram.ts';
import type { LatencySummary } from '../../../document/common.ts';
import type { ChartRole, ChartSeries, ChartSpec, ChartX } from '../chart/spec.ts';

/** The percentiles of a summary by their place on the axis, 1/(1-q). */
const PLACES = [
  [1, 'min'],
  [2, 'p50'],
  [4, 'p75'],
  [10, 'p90'],
  [20, 'p95'],
  [100, 'p99'],
  [1000, 'p99_9'],
] as const;

/** A distribution as points: places on the axis and values. */
export interface Curve {
  readonly label: string;
  readonly points: readonly Point[];
}

/**
 * The points of a distribution, to its largest sample: many where the result has the histogram behind it, otherwise the percentiles of
 * the summary. Beyond one in `count` there is only the largest; a percentile beyond it would say the same.
 */
export function curveOf(label: string, latency: LatencySummary, histogram?: string): Curve {
  const { count } = latency;
  if (count < 1) return { label, points: [] };
  const decoded = histogram === undefined ? null : decodeHistogram(histogram);
  const within = decoded === null ? pointsOfSummary(latency) : pointsOfHistogram(decoded, latency);
  return { label, points: count === 1 ? within : [...within, [count, latency.max]] };
}

type Point = readonly [place: number, valueNs: number];

function pointsOfSummary(latency: LatencySummary): Point[] {
  return PLACES.filter(([place]) => place < latency.count || place === 1).map(([place, name]): Point => [
    place,
    latency[name],
  ]);
}

/** How many points a curve has for each factor of ten of its axis. */
const POINTS_PER_DECADE = 20;

function pointsOfHistogram({ buckets, counts, total }: FilledBuckets, { count, min, max }: LatencySummary): Point[] {
  const points: Point[] = [[1, min]];
  let at = 0;
  let seen = counts[0] ?? 0;
  for (let step = 1; 10 ** (step / POINTS_PER_DECADE) < count; step++) {
    const place = Number((10 ** (step / POINTS_PER_DECADE)).toPrecision(4));
    const rank = Math.ceil((1 - 1 / place) * total);
    while (seen < rank && at + 1 < buckets.length) seen += counts[++at]!;
    // As percentiles are given everywhere: the highest value that the bucket stands for.
    points.push([place, Math.min(max, lowestAt(buckets[at]! + 1) - 1)]);
  }
  return points;
}

/** Percentiles of several distributions, each to its largest sample. */
export function percentileChart(
  id: string,
  { title = 'Percentiles', description, curves }: { title?: string; description: string; curves: readonly Curve[] },
): ChartSpec {
  const places = [...new Set(curves.flatMap(({ points }) => points.map(([place]) => place)))].sort(
    (one, other) => one - other,
  );
  const series = curves
    .map(({ label, points }, index) => ({ label, role: `run${index}` as const, at: new Map(points) }))
    .filter(({ at }) => at.size > 0)
    .map(({ label, role, at }): ChartSeries => ({
      label,
      role,
      values: places.map((place) => at.get(place) ?? null),
      kind: 'line',
      spansNulls: true,
    }));
  return {
    id,
    title,
    description,
    x: { label: 'percentile', unit: 'percentile', scale: 'log', values: places },
    y: { label: 'latency', unit: 'ns', scale: 'log' },
    series,
  };
}

/** The percentiles that are drawn over time, and their colours. */
const OVER_TIME = [
  ['p50', 'p50', 'p50'],
  ['p90', 'p90', 'p90'],
  ['p99', 'p99', 'p99'],
  ['p99.9', 'p99_9', 'p99_9'],
  ['max', 'max', 'max'],
] as const satisfies readonly (readonly [string, keyof LatencySummary, ChartRole])[];

/** What happened at a time: seconds since the end of the warm-up. */
export interface Moment {
  readonly start_sec: number;
  readonly length_sec: number;
}

/** Percentiles of each interval. */
export function overTimeChart<Interval extends Moment>(
  id: string,
  group: string,
  what: string,
  intervals: readonly Interval[],
  latencyOf: (interval: Interval) => LatencySummary,
): ChartSpec {
  const latencies = intervals.map(latencyOf);
  return {
    id,
    title: `${capitalized(what)} over time`,
    description: `Percentiles of ${what} in each interval of the round, over time, on a logarithmic axis.`,
    group,
    x: timeAxis(intervals),
    y: { label: what, unit: 'ns', scale: 'log' },
    series: OVER_TIME.map(([label, name, role]) => ({
      label,
      role,
      values: latencies.map((latency) => (latency.count === 0 ? null : latency[name])),
      kind: 'line',
    })),
  };
}

/** A last second that lacks less, or has more, is a whole one: a timer's milliseconds, and the last exchanges. */
const NEARLY_SEC = 0.02;

/** Where the last of the intervals ends. */
export function endOf(intervals: readonly Moment[]): Pick<ChartX, 'end'> {
  const ends = intervals.map(({ start_sec: startSec, length_sec: lengthSec }) => startSec + lengthSec);
  if (ends.length === 0) return {};
  const end = Math.max(...ends);
  const whole = Math.round(end);
  return { end: Math.abs(end - whole) < NEARLY_SEC ? whole : Math.round(end * 1000) / 1000 };
}

/** The x axis that all charts over time of a round share. */
export function timeAxis(intervals: readonly Moment[]): ChartSpec['x'] {
  const values = intervals.map(({ start_sec: startSec }) => startSec);
  return { label: 'time', unit: 'sec', scale: 'linear', values, ...endOf(intervals) };
}

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
