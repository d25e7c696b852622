/** Reads the answers of agents. An agent need not be honest: each field that the controller relies on is checked, with bounds. */
import { fields, isFields, isText, number, oneOf, optional, orNull, parseJson, text, whole } from './json-message.ts';
import type { Check } from './json-message.ts';
import type { Answer, Opened, Order, Ticket } from './protocol.ts';

/** The most pacing threads of one agent that a controller makes room for. */
const WORKERS_MAX = 1024;
/** Lines of an answer, and the length of one. */
const LINES_MAX = 1000;
const TEXT_MAX = 64 * 1024;

const isLine = text(TEXT_MAX);

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.length <= LINES_MAX && value.every(check);
}

const isRefusal: Check = (value) =>
  fields({ code: isLine, message: isLine })(value) &&
  isFields(value) &&
  optional(isLine)(value['hint']) &&
  optional(listOf(fields({ option: isLine, got: orNull(isLine), expected: isLine })))(value['problems']);

const isSystem: Check = (value) =>
  fields({ kernel: isLine, node: isLine, cpus: whole(0, 1e6), engine: isLine, workers: whole(0, WORKERS_MAX) })(
    value,
  ) &&
  isFields(value) &&
  optional(listOf(isLine))(value['engine_notes']);

const isOpened = fields({
  system: isSystem,
  notes: listOf(isLine),
  checks: listOf(
    fields({ id: isLine, status: oneOf('ok', 'warning', 'problem', 'unknown'), why: isLine, fix: orNull(isLine) }),
  ),
  workers: whole(1, WORKERS_MAX),
  maxInFlight: whole(0),
  isFdBound: (value) => typeof value === 'boolean',
  ports: orNull(fields({ ports: number(0), reuseDelayNs: number(0) })),
  address: isLine,
} satisfies Readonly<Record<keyof Opened, Check>>);

/** Returns the answer to an order of this kind. Bytes that are no such answer count as a refusal that says so. */
export function readAnswer(data: Uint8Array, kind: Order['kind']): Answer<unknown> {
  const value = parseJson(data);
  if (isFields(value) && isRefusal(value['refused'])) return value as unknown as Answer;
  const isOk = kind === 'open' ? isOpened : isFields;
  if (isFields(value) && isOk(value['ok'])) return value as unknown as Answer<unknown>;
  return { refused: { code: 'protocol', message: `its answer to the order to ${kind} is not what the protocol says` } };
}

/** Returns the ticket in an answer; null for bytes without one. */
export function readTicket(data: Uint8Array): string | null {
  const value = parseJson(data);
  const ticket = isFields(value) ? value['ticket' satisfies keyof Ticket] : null;
  return isText(ticket) ? ticket : null;
}
