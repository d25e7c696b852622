/**
 * The options of a client whose value goes into the plan and into the `config` of a result as it is. A row is all that such an
 * option is: what a user may type, the field of the plan that holds the value, and the key of `config` that shows it.
 */
import type { LoadConfig } from '../document/config.ts';
import type { InputOf, OptionSpec } from '../units/option.ts';
import type { Parser } from '../units/problem.ts';
import {
  NS_PER_DAY,
  NS_PER_SEC,
  NS_PER_US,
  RATE_MIN_PER_SEC,
  choiceParser,
  durationParser,
  rateParser,
} from '../units/quantity.ts';
import { formatFinish, parseFinish } from './exchange/finish.ts';
import { GROUPS } from './option-groups.ts';

interface PlainOption extends OptionSpec {
  /** The field of `ClientPlan` that holds the value. */
  readonly field: string;
  /** The key of `config` in results. */
  readonly config: keyof LoadConfig;
  /** The value as `config` shows it. */
  shown(value: unknown): unknown;
}

export const DAYS_30_NS = 30 * NS_PER_DAY;
export const HOUR_NS = 3600 * NS_PER_SEC;

const toSeconds = (durationNs: number): number => durationNs / NS_PER_SEC;

export const PLAIN_CLIENT_OPTIONS = {
  warmup: {
    parse: durationParser({ min: 0, max: DAYS_30_NS }),
    value: 'TIME',
    default: '0s',
    group: GROUPS.load,
    isCommon: true,
    help: 'load at the same rate before each round, not measured',
    field: 'warmupNs',
    config: 'warmup_sec',
    shown: toSeconds,
  },
  cooldown: {
    parse: durationParser({ min: 0, max: DAYS_30_NS }),
    value: 'TIME',
    default: '0s',
    group: GROUPS.load,
    help: 'pause between rounds',
    field: 'cooldownNs',
    config: 'cooldown_sec',
    shown: toSeconds,
  },
  'ramp-up': {
    parse: durationParser({ min: 0, max: DAYS_30_NS }),
    value: 'TIME',
    default: '0s',
    group: GROUPS.load,
    help: 'before each round, ramp up from 0 to the rate over TIME, not measured',
    field: 'rampUpNs',
    config: 'ramp_up_sec',
    shown: toSeconds,
  },
  'ramp-down': {
    parse: durationParser({ min: 0, max: DAYS_30_NS }),
    value: 'TIME',
    default: '0s',
    group: GROUPS.load,
    help: 'after each round, ramp down to 0 over TIME, not measured',
    field: 'rampDownNs',
    config: 'ramp_down_sec',
    shown: toSeconds,
  },
  finish: {
    parse: parseFinish,
    value: 'WHEN',
    default: 'half-close',
    group: GROUPS.exchange,
    isCommon: true,
    help: 'what ends an exchange: half-close, eof, echo, bytes:N or connect',
    words: {
      'half-close': 'send, shut down writing, read to EOF',
      eof: 'send, read until the peer closes, as in HTTP with Connection: close',
      echo: 'read as many bytes as were sent; without a payload, close once established',
      'bytes:N': 'read N bytes, up to 1 TiB, whatever is still being sent',
      connect: 'close as soon as the connection is established; nothing is sent',
    },
    details:
      'The side that closes first keeps the connection in TIME_WAIT. With half-close, echo, bytes:N and connect this is the client, whose ' +
      'source ports then rest; with eof it is the target.',
    field: 'finish',
    config: 'finish',
    shown: formatFinish,
  },
  close: {
    parse: choiceParser(['fin', 'rst']),
    value: 'HOW',
    default: 'fin',
    group: GROUPS.exchange,
    help: 'close connections with a FIN (fin) or a RST (rst)',
    words: { fin: 'close in order', rst: 'reset: no TIME_WAIT with echo, bytes:N and connect' },
    details: 'With half-close a rst leaves TIME_WAIT too, because the FIN goes out before it.',
    field: 'close',
    config: 'close',
    shown: (how: 'fin' | 'rst') => how,
  },
  hold: {
    parse: durationParser({ min: 0, max: NS_PER_DAY }),
    value: 'TIME',
    default: '0s',
    group: GROUPS.exchange,
    isCommon: true,
    help: 'keep each connection open this long after its exchange',
    details:
      'It needs an exchange that leaves the connection open: --finish echo, bytes:N or connect. With half-close both ends have closed by then, with ' +
      'eof the peer has.',
    field: 'holdNs',
    config: 'hold_sec',
    shown: toSeconds,
  },
  timeout: {
    parse: durationParser({ min: NS_PER_US, max: HOUR_NS }),
    value: 'TIME',
    default: '5s',
    group: GROUPS.exchange,
    isCommon: true,
    help: 'time limit of a connection, from its start to the end of its exchange',
    details: 'The limit does not include --hold.',
    field: 'timeoutNs',
    config: 'timeout_sec',
    shown: toSeconds,
  },
  probe: {
    parse: rateParser('pings', { min: RATE_MIN_PER_SEC, max: 100_000 }, '100 or 1k'),
    value: 'N/s',
    group: GROUPS.exchange,
    help: 'ping N times per second on one established connection beside the load; the target must echo',
    details:
      'The probe shows what the load does to users that are already connected. Its round trips are in each round as `probe`. ' +
      'With --fleet each agent has one such connection, and the agents share the N pings per second.',
    field: 'probeRatePerSec',
    config: 'probe_rate_per_sec',
    shown: (ratePerSec: number) => ratePerSec,
  },
} as const satisfies Readonly<Record<string, PlainOption>>;

type Plain = typeof PLAIN_CLIENT_OPTIONS;

/** These options as they are read. */
export type PlainClientInput = InputOf<Plain>;

type ValueOf<Row> = Row extends { readonly parse: Parser<infer T> }
  ? Row extends { readonly default: string }
    ? T
    : T | null
  : never;

/** Their values, by the field of the plan; null for one that was not given and has no default. */
export type PlainClientPlan = { readonly [Name in keyof Plain as Plain[Name]['field']]: ValueOf<Plain[Name]> };

type ShownOf<Row> = Row extends { shown(value: never): infer Shown }
  ? Row extends { readonly default: string }
    ? Shown
    : Shown | null
  : never;

/** Their values as results show them, by the key of `config`. */
export type PlainClientConfig = { readonly [Name in keyof Plain as Plain[Name]['config']]: ShownOf<Plain[Name]> };

/** The fields of the plan that these options are. */
export function plainClientPlan(input: PlainClientInput): PlainClientPlan {
  const fields = rows().map(([name, { field }]) => [field, input[name]?.value ?? null]);
  // The rows' types and their values meet here and in `plainClientConfig`.
  return Object.fromEntries(fields) as PlainClientPlan;
}

/** The part of `config` that these options are. */
export function plainClientConfig(plan: PlainClientPlan): PlainClientConfig {
  const shown = rows().map(([, { field, config, shown: show }]) => {
    const value: unknown = plan[field];
    return [config, value === null ? null : show(value)];
  });
  return Object.fromEntries(shown) as PlainClientConfig;
}

interface Row {
  readonly field: keyof PlainClientPlan;
  readonly config: keyof PlainClientConfig;
  readonly shown: (value: unknown) => unknown;
}

function rows(): [keyof Plain, Row][] {
  return Object.entries(PLAIN_CLIENT_OPTIONS) as [keyof Plain, Row][];
}
