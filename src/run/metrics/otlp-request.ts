/** Metrics as a request of OTLP over HTTP in JSON (opentelemetry-proto 1.x, collector/metrics/v1). */
import { VERSION } from '../../units/version.ts';
import { metricOf, type MetricUnit } from './catalogue.ts';
import { exponentialOf } from './exponential.ts';
import type { Family, Labels, Point } from './store.ts';

/** AGGREGATION_TEMPORALITY_CUMULATIVE. What a lost request carried is in the next one too. */
const CUMULATIVE = 2;

/** Units as UCUM has them. Receivers that make Prometheus names add the same suffixes that `--metrics-listen` has. */
const UNITS: Readonly<Record<MetricUnit, string>> = { seconds: 's', bytes: 'By' };

export interface OtlpSource {
  readonly families: readonly Family[];
  /** Of the machine and the run. */
  readonly resource: Labels;
  readonly startMs: number;
  readonly nowMs: number;
}

/** The body of one request, as an object. Integers of 64 bits are texts, as the JSON of protobuf has them. */
export function otlpRequest({ families, resource, startMs, nowMs }: OtlpSource): object {
  // Where the clock was set back, the start is not after the end.
  const times = { startTimeUnixNano: nanosOf(Math.min(startMs, nowMs)), timeUnixNano: nanosOf(nowMs) };
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeMetrics: [
          { scope: { name: 'conngen', version: VERSION }, metrics: families.map((each) => metric(each, times)) },
        ],
      },
    ],
  };
}

interface Times {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

function metric({ name, spec, points }: Family, times: Times): object {
  const { kind, unit } = metricOf(name);
  const head = {
    // The unit stands beside the name.
    name: `conngen.${name}`,
    description: `${spec.help}.`,
    unit: unit === undefined ? '' : UNITS[unit],
  };
  const common = ({ labels }: Point): object => ({ attributes: attributesOf(labels), ...times });
  if (kind === 'histogram') {
    const dataPoints = points.map((point) => ({ ...common(point), ...exponentialPoint(point) }));
    return { ...head, exponentialHistogram: { aggregationTemporality: CUMULATIVE, dataPoints } };
  }
  if (kind === 'gauge') {
    return { ...head, gauge: { dataPoints: points.map((point) => ({ ...common(point), asDouble: point.value })) } };
  }
  const isDouble = unit === 'seconds';
  const dataPoints = points.map((point) => ({
    ...common(point),
    ...(isDouble ? { asDouble: point.value } : { asInt: String(point.value) }),
  }));
  return { ...head, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } };
}

function exponentialPoint({ histogram }: Point): object {
  const { scale, offset, bucketCounts, zeroCount, count, sum, min, max } = exponentialOf(histogram!);
  return {
    count: String(count),
    sum,
    scale,
    zeroCount: String(zeroCount),
    positive: { offset, bucketCounts: bucketCounts.map(String) },
    ...(min === null || max === null ? {} : { min, max }),
  };
}

function attributesOf(labels: Labels): object[] {
  return Object.entries(labels).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

/** Milliseconds as nanoseconds in digits; a double would lose the last three. */
function nanosOf(ms: number): string {
  return `${Math.round(ms)}000000`;
}
