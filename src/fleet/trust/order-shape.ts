/** Reads orders and beats: what a signature says nothing of is whether they are well-formed and within bounds. */
import {
  badField,
  isFields,
  matches,
  number,
  oneOf,
  orNull,
  text,
  whole,
  type Check,
  type Fields,
} from '../json-message.ts';
import { AGENT_NAME, PROTOCOL, type Beat, type FileRef, type Order } from '../protocol.ts';
import { PAYLOAD_MAX_BYTES } from '../../plan/exchange/payload.ts';
import { NS_PER_DAY, RATE_MAX_PER_SEC } from '../../units/quantity.ts';

/** A run is named by its controller, at random, and is a token of a NATS subject. */
export const RUN_NAME = /^[A-Za-z0-9_-]{8,64}$/;

/** Bounds of what an order says, beside those that every plan has. */
export const ORDER_BOUNDS = {
  /** Options, and texts of one that may be repeated. */
  values: 300,
  texts: 2000,
  files: 32,
  /** Of agents by weights: what `--share` can make of as many agents as a controller has. */
  turns: 1_000_000,
  trials: 1_000_000,
} as const;

const SHA256 = /^[0-9a-f]{64}$/;
const TIME = /^\d{1,19}$/;
const ROUND_MAX_NS = 30 * NS_PER_DAY;

/** What a well-formed message is, or what is wrong with it, for the log. */
export type Shaped<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** Returns the number of the protocol that a message says; null where it says none. */
export function protocolOf(value: unknown): number | null {
  return isFields(value) && typeof value['protocol'] === 'number' ? value['protocol'] : null;
}

/** Reads an order of this protocol. */
export function readOrder(value: unknown): Shaped<Order> {
  if (!isFields(value)) return wrong('an order');
  const kind = value['kind'];
  const own = typeof kind === 'string' && Object.hasOwn(ORDERS, kind) ? ORDERS[kind as Order['kind']] : undefined;
  if (own === undefined) return wrong('kind');
  return shaped<Order>(value, { ...HEAD, ...own });
}

/** Reads a beat of this protocol. */
export function readBeat(value: unknown): Shaped<Beat> {
  if (!isFields(value)) return wrong('a beat');
  const acknowledged: Check = (each) => isFields(each) && Object.values(each).every(whole(0));
  return shaped<Beat>(value, { protocol: isProtocol, run: matches(RUN_NAME), number: whole(0), acknowledged });
}

function shaped<T>(value: Fields, checks: Readonly<Record<string, Check>>): Shaped<T> {
  // Keys beyond these are left alone: a newer conngen of the same protocol may say more.
  const bad = badField(value, checks);
  // Every field of the type has its check.
  return bad === null ? { ok: true, value: value as T } : wrong(bad);
}

function wrong(what: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why: `${what} is not what the protocol says` };
}

const isProtocol: Check = (value) => value === PROTOCOL;
const isRate = number(0, RATE_MAX_PER_SEC);

/** Whether a value is one of an option, as files have them. */
function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function isValues(value: unknown): boolean {
  if (!isFields(value)) return false;
  const values = Object.values(value);
  return (
    values.length <= ORDER_BOUNDS.values &&
    values.every((each) => isScalar(each) || (Array.isArray(each) && areScalars(each as unknown[])))
  );
}

function areScalars(value: readonly unknown[]): boolean {
  return value.length <= ORDER_BOUNDS.texts && value.every(isScalar);
}

function isFile(value: unknown): value is FileRef {
  if (!isFields(value)) return false;
  return matches(SHA256)(value['sha256']) && whole(0, PAYLOAD_MAX_BYTES)(value['bytes']);
}

function isFiles(value: unknown): boolean {
  if (!isFields(value)) return false;
  const files = Object.values(value);
  return files.length <= ORDER_BOUNDS.files && files.every(isFile);
}

/** Turns ascend, and there are no more of them than the share is of. */
function isShare(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { turns, of } = value;
  if (!whole(1, ORDER_BOUNDS.turns)(of) || !Array.isArray(turns) || turns.length === 0) return false;
  let last = -1;
  for (const turn of turns as readonly unknown[]) {
    if (!whole(last + 1, (of as number) - 1)(turn)) return false;
    last = turn as number;
  }
  return true;
}

function isPortsPart(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { index, of } = value;
  return whole(1, 65_535)(of) && whole(0, (of as number) - 1)(index);
}

function isPlace(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { round, trial } = value;
  return whole(0, ORDER_BOUNDS.trials)(round) && (trial === undefined || whole(0, ORDER_BOUNDS.trials)(trial));
}

function isRoundRate(value: unknown): boolean {
  if (value === 'max' || isRate(value)) return value !== 0;
  return isFields(value) && isRate(value['fromPerSec']) && isRate(value['toPerSec']);
}

const HEAD = {
  protocol: isProtocol,
  agent: matches(AGENT_NAME),
  run: matches(RUN_NAME),
  number: whole(0),
} as const;

const ORDERS: Readonly<Record<Order['kind'], Readonly<Record<string, Check>>>> = {
  open: {
    ticket: text(200),
    controller: text(200),
    command: oneOf('client', 'rtt'),
    called: oneOf('client', 'search', 'saturate', 'rtt'),
    values: isValues,
    files: isFiles,
    trialsUpToPerSec: orNull(isRate),
    isInStages: (value) => typeof value === 'boolean',
    share: isShare,
    portsPart: isPortsPart,
  },
  prepare: {
    place: isPlace,
    rate: isRoundRate,
    durationNs: orNull(number(1, ROUND_MAX_NS)),
    maxLagNs: orNull(number(0, ROUND_MAX_NS)),
    exchangePerSec: orNull(isRate),
  },
  begin: { baseNs: matches(TIME) },
  stage: { stage: whole(0, 1000), beginNs: matches(TIME) },
  shift: { shiftNs: number(-ROUND_MAX_NS, ROUND_MAX_NS) },
  stop: {},
  close: {},
};
