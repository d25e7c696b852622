/** The command line that asks for what a result was asked for: from its `config` back to options. */
import type { CompareResult } from '../document/compare.ts';
import type {
  ClientConfig,
  RampConfig,
  RttConfig,
  SaturateConfig,
  SearchConfig,
  ServerConfig,
} from '../document/config.ts';
import type { LabResult } from '../document/lab.ts';
import type { FleetConfig, FleetResult } from '../document/fleet.ts';
import { kindOf, type Document } from '../document/read.ts';
import { formatHostPort } from '../plan/address/address.ts';
import { STDIN } from '../plan/exchange/payload.ts';
import type { OptionTable } from '../units/option.ts';
import { NS_PER_SEC, formatDuration } from '../units/quantity.ts';
import { shellWord } from './shell-word.ts';
import { CLIENT_OPTIONS } from './tables/client.ts';
import { DOCTOR_OPTIONS } from './tables/doctor.ts';
import { LAB_OPTIONS } from './tables/lab.ts';
import { RTT_OPTIONS } from './tables/rtt.ts';
import { SATURATE_OPTIONS } from './tables/saturate.ts';
import { SEARCH_OPTIONS } from './tables/search.ts';
import { SERVER_OPTIONS } from './tables/server.ts';

/** How a run is repeated. */
export interface Repetition {
  /** The words of the command line, unquoted, with `conngen` as the first. */
  readonly words: readonly string[];
  /** The same for a shell, with a line break before each option that does not fit. */
  readonly command: string;
  /** What the command does not bring back, a sentence each. */
  readonly notes: readonly string[];
}

/** Options and their texts; an empty text is a switch that is on. */
type Options = readonly (readonly [option: string, ...texts: string[]])[];

/** A value of a `config`, as the document's reader has checked it. */
type Value = unknown;
type Config = Readonly<Record<string, Value>>;

/** Returns the options that a value stands for; `config` has the other values. */
type Row = (value: Value, config: Config) => Options;

const NONE: Row = () => [];

function text(option: string, format: (value: Value) => string = plain): Row {
  return (value) => (value === null ? [] : [[option, format(value)]]);
}

function texts(option: string): Row {
  return (value) => {
    const each = (value as readonly Value[]).map(plain);
    return each.length === 0 ? [] : [[option, ...each]];
  };
}

function time(option: string): Row {
  return text(option, (value) => formatDuration(Math.round(Number(value) * NS_PER_SEC)));
}

function flag(option: string): Row {
  return (value) => (value === true ? [[option, '']] : []);
}

function plain(value: Value): string {
  return String(value);
}

/** Rates in order; a ramp has its own length. */
const rates: Row = (value, config) => {
  const list = value as ClientConfig['rates_per_sec'];
  const ramp = list.find((rate): rate is RampConfig => typeof rate === 'object');
  if (ramp === undefined) return [['rate', ...list.map(plain)]];
  const length = formatDuration(Math.round(Number(config['duration_sec']) * NS_PER_SEC));
  return [['ramp', `${ramp.from}..${ramp.to}/${length}`]];
};

/** A ramp says how long it is. */
const duration: Row = (value, config) => {
  const isRamp =
    Array.isArray(config['rates_per_sec']) && config['rates_per_sec'].some((rate) => typeof rate === 'object');
  return isRamp ? [] : time('duration')(value, config);
};

/** Bytes that no file has. */
const payloadSize: Row = (value, config) =>
  config['payload_file'] !== null || config['payload_files'] !== undefined || value === 0
    ? []
    : [['payload-size', plain(value)]];

/** One depth; where rounds differ, each had its default. */
const pipeline: Row = (value) => {
  const [first, ...rest] = value as readonly number[];
  return first === undefined || rest.some((depth) => depth !== first) ? [] : [['pipeline', plain(first)]];
};

/** Without keys and credentials, which are in no result. */
const fleet: Row = (value) => {
  const { url, agents, share = {} } = value as FleetConfig;
  const parts = Object.entries(share).map(([name, part]) => `${name}=${String(part)}`);
  return [
    ['fleet', url],
    ['agents', typeof agents === 'number' ? plain(agents) : agents.join(',')],
    ...(parts.length === 0 ? [] : [['share', parts.join(',')] as const]),
  ];
};

/** The keys of each member of a union. */
type KeysOf<Union> = Union extends unknown ? keyof Union : never;

/** Every key of every `config`, but for those that are the command line's target. */
type ConfigKey = Exclude<
  KeysOf<ClientConfig | SearchConfig | SaturateConfig | RttConfig | ServerConfig | LabResult['plan']>,
  'host' | 'port' | 'lab' | 'cells'
>;

/** What each key of a `config` stands for. The compiler asks for a row for each, and for no other. */
export const REPETITION_ROWS: Readonly<Record<ConfigKey, Row>> = {
  address: NONE,
  rates_per_sec: rates,
  duration_sec: duration,
  count: text('count'),
  warmup_sec: time('warmup'),
  cooldown_sec: time('cooldown'),
  ramp_up_sec: time('ramp-up'),
  ramp_down_sec: time('ramp-down'),
  payload_file: (value, config) => (config['payload_files'] === undefined ? text('payload')(value, config) : []),
  payload_files: (value) => [['payload', ...(value as readonly (string | null)[]).map((file) => file ?? '/dev/null')]],
  payload_bytes: payloadSize,
  finish: text('finish'),
  close: text('close'),
  hold_sec: time('hold'),
  timeout_sec: time('timeout'),
  sink: text('sink'),
  sink_strategy: text('sink-strategy'),
  max_memory_bytes: text('max-memory'),
  spill_directory: text('spill-dir'),
  max_body_bytes: text('max-body'),
  first_byte_timeout_sec: time('first-byte-timeout'),
  verify: text('verify'),

  min_response_bytes: text('min-response'),
  expect_status: text('expect-status'),
  expect_prefix: text('expect-prefix'),
  fail_if: texts('fail-if'),
  allow_generator_limited: flag('allow-generator-limited'),
  sources: texts('source'),
  freebind: flag('freebind'),
  source_ports: text('source-ports'),
  max_in_flight: text('max-in-flight'),
  workers: text('workers'),
  probe_rate_per_sec: text('probe'),
  engine: text('engine'),
  interface: text('interface'),
  gateway: text('gateway'),
  vlan: text('vlan'),
  histograms: flag('histograms'),
  fleet,
  share: NONE,
  goals: texts('goal'),
  quantities: texts('quantity'),
  min_rate_per_sec: text('min-rate'),
  max_rate_per_sec: text('max-rate'),
  attempt_rate_per_sec: text('attempt-rate'),
  connections: text('connections'),
  min_connections: text('min-connections'),
  max_connections: text('max-connections'),
  precision_percent: text('precision', (value) => `${plain(value)}%`),
  explore_duration_sec: time('explore-duration'),
  max_time_sec: time('max-time'),
  start_per_sec: text('start'),
  factor: text('factor'),
  slowdown: text('slowdown'),
  compare: text('compare'),
  goal: text('goal'),
  protocol: text('protocol'),
  size_bytes: text('size'),
  pipeline,
  think_sec: time('think'),
  cpu: text('cpu'),
  busy_tasks: text('busy-tasks'),
  samples: text('samples'),
  listeners: text('listeners'),
  cpus: (value) => ((value as readonly number[]).length === 0 ? [] : [['cpu', (value as readonly number[]).join(',')]]),
  backlog: text('backlog'),
  mode: text('mode'),
  response_file: text('response'),
  response_bytes: NONE,
  respond_on: text('respond-on'),
  datagram_rate_per_sec: (value) => [['datagram-rate', value === null ? 'max' : plain(value)]],
  idle_timeout_sec: time('idle-timeout'),
  work: text('work'),
  work_strategy: text('work-strategy'),
  quick: flag('quick'),
  only: texts('only'),
  settle_sec: time('settle'),
};

const TABLES: Readonly<Record<string, OptionTable>> = {
  client: CLIENT_OPTIONS,
  doctor: DOCTOR_OPTIONS,
  search: SEARCH_OPTIONS,
  saturate: SATURATE_OPTIONS,
  rtt: RTT_OPTIONS,
  server: SERVER_OPTIONS,
  lab: LAB_OPTIONS,
};

/** Returns how to repeat what a document is the result of; null of a comparison. Options that have their default are left out. */
export function repetitionOf(document: Document): Repetition | null {
  if (document.schema === 'conngen.compare/1') return null;
  if (document.schema === 'conngen.fleet/1') return repetitionOfList(document);
  const kind = kindOf(document);
  const { head, config, profile } = startOf(document);
  const table = TABLES[kind] ?? {};
  const notes: string[] = [];
  const options: (readonly [string, ...string[]])[] = [];
  for (const [key, value] of Object.entries(config)) {
    const row = Object.hasOwn(REPETITION_ROWS, key) ? REPETITION_ROWS[key as ConfigKey] : undefined;
    if (row === undefined) notes.push(`What ${key} was (${JSON.stringify(value)}) is not in the command.`);
    else options.push(...row(value, config));
  }
  // A profile sets other defaults: then everything is written out.
  const shown = options.filter(([option, ...given]) => profile !== null || !isDefault(table, option, given));
  const words = shown.flatMap(([option, ...given]) => given.map((each) => wordsOf(option, each)));
  const all = [['conngen', kind, ...head], ...(profile === null ? [] : [['--profile', profile]]), ...words];
  if (config['fleet'] !== undefined) notes.push('Keys and credentials of the fleet are not in the result.');
  if (config['share'] !== undefined)
    notes.push("This is one agent's part of a fleet's run; the command runs the whole of it.");
  return { words: all.flat(), command: commandOf(all), notes: [...notes, ...fileNotes(shown)] };
}

function repetitionOfList({ url }: FleetResult): Repetition {
  const words = ['conngen', 'fleet', '--fleet', url];
  return { words, command: words.map(shellWord).join(' '), notes: [] };
}

/** The words after the command, and the options that are left. */
function startOf(document: Exclude<Document, CompareResult | FleetResult>): {
  head: readonly string[];
  config: Config;
  profile: string | null;
} {
  if (document.schema === 'conngen.lab/1') {
    const { lab, cells: _, ...config } = document.plan;
    return { head: [lab], config, profile: null };
  }
  if (document.schema === 'conngen.server/1') {
    const { host, port, ...config } = document.config;
    return { head: [...(host === null ? [] : ['--host', host]), '--port', String(port)], config, profile: null };
  }
  const { host, port, ...config } = document.config;
  const profile = document.schema === 'conngen.search/1' ? document.profile : null;
  return { head: [formatHostPort(host, port)], config, profile };
}

function isDefault(table: OptionTable, option: string, given: readonly string[]): boolean {
  const spec = table[option];
  if (spec?.default === undefined || given.length !== 1) return false;
  return JSON.stringify(spec.parse(given[0]!)) === JSON.stringify(spec.parse(spec.default));
}

/** A value that looks like an option is joined to its own. */
function wordsOf(option: string, given: string): string[] {
  if (given === '') return [`--${option}`];
  return given.startsWith('-') && given !== STDIN ? [`--${option}=${given}`] : [`--${option}`, given];
}

const LINE_CHARACTERS = 100;

function commandOf(parts: readonly (readonly string[])[]): string {
  const lines: string[] = [];
  let line = '';
  for (const part of parts.map((words) => words.map(shellWord).join(' '))) {
    if (line !== '' && line.length + part.length > LINE_CHARACTERS) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? part : `${line} ${part}`;
  }
  return [...lines, line].join(' \\\n  ');
}

/** What a command line names and does not hold. */
function fileNotes(options: Options): string[] {
  const given = (...names: string[]): string[] =>
    options.flatMap(([option, ...each]) => (names.includes(option) ? each : []));
  const files = given('payload', 'response');
  const named = [
    ...files.filter((file) => file !== STDIN && file !== '/dev/null'),
    ...given('verify', 'expect-prefix').filter((each) => each.startsWith('@')),
  ];
  return [
    ...(files.includes(STDIN)
      ? ['The payload or response came from stdin, which the result does not hold: pipe it in again.']
      : []),
    ...(named.length > 0 ? [`The result does not hold the content of ${named.join(', ')}.`] : []),
  ];
}
