/** The values of metrics, by name and labels. */
import { LatencyHistogram } from '../../count/histogram.ts';
import { printable } from '../../units/printable.ts';
import { METRIC_NAMES, metricOf, type MetricName, type MetricSpec } from './catalogue.ts';

export type Labels = Readonly<Record<string, string>>;

/** The value of one series. */
export interface Point {
  readonly labels: Labels;
  /** Of a counter or a gauge. */
  value: number;
  /** Of a histogram: all that was measured since the run began, in nanoseconds. */
  readonly histogram?: LatencyHistogram;
}

/** A metric with its series. */
export interface Family {
  readonly name: MetricName;
  readonly spec: MetricSpec;
  readonly points: readonly Point[];
}

/** How many series a metric may have; further ones are left out. Labels come from fixed sets, but for the goals of a search. */
const SERIES_MAX = 1000;

export class MetricStore {
  readonly #points = new Map<MetricName, Map<string, Point>>();
  #revision = 0;

  /** Changes whenever a value does. */
  get revision(): number {
    return this.#revision;
  }

  /** Adds to a counter, which begins at 0. */
  add(name: MetricName, value: number, labels?: Labels): void {
    const point = this.#point(name, labels);
    if (point !== undefined) point.value += value;
  }

  /** Sets a gauge. */
  set(name: MetricName, value: number, labels?: Labels): void {
    const point = this.#point(name, labels);
    if (point !== undefined) point.value = value;
  }

  /** Adds the values of a second to a histogram. */
  join(name: MetricName, histogram: LatencyHistogram): void {
    this.#point(name)?.histogram?.join(histogram);
  }

  /** Takes away all series of a metric: there is no value any more. */
  clear(name: MetricName): void {
    this.#points.delete(name);
    this.#revision += 1;
  }

  /** The metrics that have a value, in the order of the catalogue. */
  families(): Family[] {
    return METRIC_NAMES.flatMap((name) => {
      const points = this.#points.get(name);
      return points === undefined ? [] : [{ name, spec: metricOf(name), points: [...points.values()] }];
    });
  }

  #point(name: MetricName, labels: Labels = {}): Point | undefined {
    this.#revision += 1;
    const points = this.#points.get(name) ?? new Map<string, Point>();
    this.#points.set(name, points);
    const key = Object.values(labels).join('\0');
    const known = points.get(key);
    if (known !== undefined || points.size >= SERIES_MAX) return known;
    const shown = Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, printable(value)]));
    const isHistogram = metricOf(name).kind === 'histogram';
    const point = { labels: shown, value: 0, ...(isHistogram ? { histogram: new LatencyHistogram() } : {}) };
    points.set(key, point);
    return point;
  }
}
