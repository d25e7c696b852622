/** A report as a message: the length of its head, its head as JSON, and its body: the bytes of a bank, or none. */
import { badField, encodeJson, isCount, isFields, isText, number, oneOf, optional, parseJson } from './json-message.ts';
import type { Check } from './json-message.ts';
import type { Report } from './protocol.ts';

const LENGTH_BYTES = 4;
const NO_BODY = new Uint8Array(0);

/** A message that was read. The body is a part of the message. */
export interface DecodedReport {
  readonly report: Report;
  readonly body: Uint8Array;
}

/** Returns the message of a report. */
export function encodeReport(report: Report, body: Uint8Array = NO_BODY): Uint8Array {
  const head = encodeJson(report);
  const message = new Uint8Array(LENGTH_BYTES + head.length + body.length);
  new DataView(message.buffer).setUint32(0, head.length, true);
  message.set(head, LENGTH_BYTES);
  message.set(body, LENGTH_BYTES + head.length);
  return message;
}

/** Reads a message; null where it is no report. What is in a result of a round is not looked at. */
export function decodeReport(message: Uint8Array): DecodedReport | null {
  if (message.length < LENGTH_BYTES) return null;
  const headBytes = new DataView(message.buffer, message.byteOffset, message.byteLength).getUint32(0, true);
  const end = LENGTH_BYTES + headBytes;
  if (end > message.length) return null;
  const head = parseJson(message.subarray(LENGTH_BYTES, end));
  return isReport(head) ? { report: head, body: message.subarray(end) } : null;
}

const isPlace: Check = (value) =>
  isFields(value) && isCount(value['round']) && (value['trial'] === undefined || isCount(value['trial']));

/** Counts by name, none below 0. */
const areCounts: Check = (value) => isFields(value) && Object.values(value).every(number(0));
const isTime = optional(number(0));
const areThreads: Check = (value) =>
  Array.isArray(value) &&
  value.every(
    (use) => isFields(use) && [use['cpu_usec'], use['run_queue_wait_usec'], use['elapsed_usec']].every(isTime),
  );

/** What the fields of each kind are, as far as a controller relies on them before it knows the kind. */
const KINDS: Readonly<Record<Report['kind'], Readonly<Record<string, Check>>>> = {
  bank: { of: oneOf('connections', 'pings'), place: isPlace, worker: isCount },
  health: {
    place: isPlace,
    lengthSec: number(0),
    cpuUsec: number(0),
    added: areCounts,
    fills: areCounts,
    threads: areThreads,
  },
  notice: {
    level: oneOf('info', 'warning', 'error', 'failure'),
    text: isText,
  },
  stage: { stage: isCount },
  round: { place: isPlace, result: isFields, banks: isCount },
  failed: { code: isText, message: isText },
};

const HEAD = { run: isText, instance: isText, number: isCount } as const;

function isReport(value: unknown): value is Report {
  if (!isFields(value)) return false;
  const kind = value['kind'];
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) return false;
  return (
    badField(value, HEAD) === null &&
    badField(value, KINDS[kind as Report['kind']]) === null &&
    (kind !== 'health' || optional(areCounts)(value['packet'])) &&
    (kind !== 'round' || optional(isText)(value['why']))
  );
}
