/** Requests of OTLP, held against the definitions of opentelemetry-proto more strictly than receivers do. */
import path from 'node:path';
import protobuf from 'protobufjs';
import { ROOT } from './modules.ts';

const DEFINITIONS = path.join(ROOT, 'test/support/otlp');
const FILE = 'opentelemetry/proto/collector/metrics/v1/metrics_service.proto';
const TYPE = 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest';

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => path.join(DEFINITIONS, target);
const request = root.loadSync(FILE).resolveAll().lookupType(TYPE);

export interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

export interface NumberPoint {
  readonly attributes: readonly Attribute[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
  readonly asInt?: string;
  readonly asDouble?: number;
}

export interface ExponentialPoint extends Pick<NumberPoint, 'attributes' | 'startTimeUnixNano' | 'timeUnixNano'> {
  readonly count: string;
  readonly sum: number;
  readonly scale: number;
  readonly zeroCount: string;
  readonly positive: { readonly offset: number; readonly bucketCounts: readonly string[] };
  readonly min?: number;
  readonly max?: number;
}

export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly sum?: {
    readonly aggregationTemporality: number;
    readonly isMonotonic: boolean;
    readonly dataPoints: readonly NumberPoint[];
  };
  readonly gauge?: { readonly dataPoints: readonly NumberPoint[] };
  readonly exponentialHistogram?: {
    readonly aggregationTemporality: number;
    readonly dataPoints: readonly ExponentialPoint[];
  };
}

export interface DecodedRequest {
  readonly resource: Readonly<Record<string, string>>;
  readonly metrics: readonly OtlpMetric[];
}

/** Reads a request; throws with everything that is not as the definitions and the JSON mapping of OTLP say. */
export function decodedRequest(text: string): DecodedRequest {
  const value = JSON.parse(text) as {
    resourceMetrics: {
      resource: { attributes: Attribute[] };
      scopeMetrics: { metrics: OtlpMetric[] }[];
    }[];
  };
  const faults = faultsOf(request, value, 'request');
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const refused = request.verify(request.toObject(request.fromObject(value)));
  if (refused !== null) throw new Error(refused);
  const [only] = value.resourceMetrics;
  return {
    resource: Object.fromEntries(
      only!.resource.attributes.map(({ key, value: { stringValue } }) => [key, stringValue]),
    ),
    metrics: only!.scopeMetrics.flatMap(({ metrics }) => metrics),
  };
}

const INTEGERS_64 = ['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64'];
const INTEGERS_32 = ['int32', 'uint32', 'sint32', 'fixed32', 'sfixed32'];

function faultsOf(type: protobuf.Type, value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`];
  const faults: string[] = [];
  for (const [key, each] of Object.entries(value)) {
    const field = type.fields[key];
    if (field === undefined) faults.push(`${at}.${key} is no field of ${type.name}`);
    else if (!field.repeated) faults.push(...faultsOfField(field, each, `${at}.${key}`));
    else if (!Array.isArray(each)) faults.push(`${at}.${key} is no list`);
    else each.forEach((entry, index) => faults.push(...faultsOfField(field, entry, `${at}.${key}[${index}]`)));
  }
  for (const oneof of type.oneofsArray) {
    // A field that is marked as optional is a oneof of its own.
    const given = oneof.oneof.filter((name) => Object.hasOwn(value, name));
    if (given.length > 1) faults.push(`${at} has ${given.join(' and ')}`);
  }
  return faults;
}

function faultsOfField(field: protobuf.Field, value: unknown, at: string): string[] {
  const fault = (expected: string): string[] => [`${at} is ${JSON.stringify(value)}, not ${expected}`];
  if (field.resolvedType instanceof protobuf.Type) return faultsOf(field.resolvedType, value, at);
  // OTLP has enums as numbers, unlike the JSON of protobuf elsewhere.
  if (field.resolvedType instanceof protobuf.Enum)
    return Object.values(field.resolvedType.values).includes(value as number) ? [] : fault('a number of the enum');
  if (INTEGERS_64.includes(field.type)) {
    const isSigned = /^s?int64$|^sfixed64$/.test(field.type);
    return typeof value === 'string' && (isSigned ? /^-?\d{1,19}$/ : /^\d{1,20}$/).test(value)
      ? []
      : fault(`${field.type} as a text of digits`);
  }
  if (INTEGERS_32.includes(field.type)) return Number.isInteger(value) ? [] : fault(field.type);
  if (field.type === 'double') return typeof value === 'number' && Number.isFinite(value) ? [] : fault('a double');
  if (field.type === 'bool') return typeof value === 'boolean' ? [] : fault('a bool');
  return typeof value === 'string' ? [] : fault('a text');
}
