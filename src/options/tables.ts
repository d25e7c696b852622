/* eslint max-lines: ['error', 700] -- one table, and it is read by looking a name up */
/**
 * The option table: every option once, with its parser, default, unit and help. The command line, the help, the environment
 * (`CONNGEN_*`) and configuration files are all read by it.
 */
import { ENGINE_NAMES, PING_ENGINE_NAMES, type EngineChoice, type PingEngineChoice } from '../plan/engines.ts';
import { DOCUMENT_FORMATS, FORMAT_NAMES, type FormatName } from '../document/formats.ts';
import { parseCriterion } from '../judge/criterion.ts';
import { SATURATE_ONLY, SEARCH_ONLY } from './limit.ts';
import { parseFileName, parseFinish, parseJsonFile, parseRecordFile, parseWorkers } from './parsers.ts';
import { parseHost, parseHostPort, type HostPort } from '../plan/address.ts';
import { parsePrefix, parseStatuses } from '../plan/answer-plan.ts';
import { parseSink, parseVerify } from '../plan/body-plan.ts';
import { IN_FLIGHT_MAX } from '../plan/client-plan.ts';
import { parseCpuList } from '../plan/cpus.ts';
import { COUNT_MAX, parseRamp, parseSteps } from '../plan/offer.ts';
import { PAYLOAD_MAX_BYTES } from '../plan/payload.ts';
import type { Given, Parser } from '../units/problem.ts';
import {
  NS_PER_DAY,
  NS_PER_MS,
  NS_PER_SEC,
  NS_PER_US,
  RATE_MIN_PER_SEC,
  choiceParser,
  countParser,
  durationParser,
  parseRate,
  parseSwitch,
  portParser,
  rateParser,
  sizeParser,
} from '../units/quantity.ts';
import { parseSourcePorts } from '../plan/source-ports.ts';
import { MESSAGE_BYTES, PIPELINE_MAX, SAMPLES_MAX, parsePingRate } from '../plan/ping-plan.ts';
import { SINKS, SINK_NAMES, type SinkName } from '../run/sinks/table.ts';
import { parseSource } from '../plan/sources.ts';
import { BUSY_TASKS_MAX, parseWorkStrategy } from '../plan/work.ts';
import { LAB_OWN_OPTIONS } from './lab.ts';
import { SERVER_ONLY } from './server.ts';

export interface OptionSpec<T = unknown> {
  readonly parse: Parser<T>;
  readonly help: string;
  readonly group: string;
  /** What stands for the value in help: a quantity with its unit, or a kind of name. */
  readonly value: string;
  /** As a user would write it. Left out where the plan decides, or where nothing is a choice too. */
  readonly default?: string;
  /** What help says of a default that the plan decides. */
  readonly defaultHelp?: string;
  readonly alias?: readonly string[];
  /** May be given several times; the environment separates by commas, files use an array. */
  readonly repeatable?: true;
  /** Needs no value on the command line. */
  readonly isSwitch?: true;
  /** Given without its name. */
  readonly positional?: true;
  /** Other options that have no effect beside this value, where theirs come from weaker places: they are not even read. */
  replaces?(value: T): readonly string[];
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** What reading a table gives: a list for what can be repeated, a value where there is a default, perhaps one elsewhere. */
export type InputOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly parse: Parser<infer T> }
    ? Table[Name] extends { readonly repeatable: true }
      ? readonly Given<T>[]
      : Table[Name] extends { readonly default: string }
        ? Given<T>
        : Given<T> | undefined
    : never;
};

const OFFER = 'What to offer';
const EXCHANGE = 'What each connection does';
const BODY = 'What becomes of responses';
const TARGET = 'Where to';
const SOURCE = 'Where from';
const GENERATOR = 'The generator';
const THRESHOLDS = 'For scripts';
const OUTPUT = 'Output and settings';

const BODY_MAX_BYTES = 2 ** 40;

const DAYS_30_NS = 30 * NS_PER_DAY;
const HOUR_NS = 3600 * NS_PER_SEC;

type FormatOptions = Readonly<Record<FormatName, OptionSpec<string>>>;

/** One option for each format of results. */
function formatOptions(): FormatOptions {
  const rows = FORMAT_NAMES.map((name): [FormatName, OptionSpec<string>] => [
    name,
    { parse: parseJsonFile, value: 'FILE', group: OUTPUT, help: DOCUMENT_FORMATS[name].help },
  ]);
  return Object.fromEntries(rows) as FormatOptions;
}

const COMMON_OPTIONS = {
  engine: {
    parse: choiceParser<EngineChoice>(['auto', ...ENGINE_NAMES]),
    value: 'NAME',
    default: 'auto',
    group: GENERATOR,
    help: 'uring, epoll or node; auto takes the first that works',
  },
  ...formatOptions(),
  quiet: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    alias: ['q'],
    group: OUTPUT,
    help: 'no live view and no remarks, only warnings and the result',
  },
  config: {
    parse: parseFileName,
    value: 'FILE',
    group: OUTPUT,
    help: 'read options from a JSON file; flags and CONNGEN_* beat it',
  },
} as const satisfies OptionTable;

/** What makes a run a failure for a script; the same wherever rounds are run. */
export const THRESHOLD_OPTIONS = {
  'fail-if': {
    parse: parseCriterion,
    value: 'CRITERION',
    repeatable: true,
    group: THRESHOLDS,
    help: "exit with 99 where this is so in any round: 'p99(total)>20ms', 'failures>0.1%', 'rate(completed)<9900'; repeatable",
  },
  'allow-generator-limited': {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: THRESHOLDS,
    help: 'accept what this machine limited: with --fail-if not 99 for that, in search and saturate 0 instead of 3',
  },
} as const satisfies OptionTable;

type SinkOption = OptionSpec<string>;

/** The options of sinks, from their own table. */
const SINK_OPTIONS = Object.fromEntries(
  SINK_NAMES.map((name): [SinkName, SinkOption] => {
    const { help, mayBeStdout } = SINKS[name];
    const parse = mayBeStdout ? parseJsonFile : parseRecordFile;
    return [name, { parse, value: 'FILE', group: OUTPUT, help }];
  }),
) as Readonly<Record<SinkName, SinkOption>>;

export const CLIENT_OPTIONS = {
  target: {
    parse: parseHostPort,
    value: 'HOST:PORT',
    positional: true,
    group: TARGET,
    help: 'what to connect to, instead of --host and --port',
    replaces: ({ port }: HostPort) => (port === null ? ['host'] : ['host', 'port']),
  },
  host: { parse: parseHost, value: 'HOST', default: '127.0.0.1', group: TARGET, help: 'address or name to connect to' },
  port: { parse: portParser(1), value: 'PORT', default: '2345', group: TARGET, help: 'port to connect to' },
  ipv4: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    alias: ['4'],
    group: TARGET,
    help: 'use only the IPv4 addresses of a host name',
    replaces: (isGiven: boolean) => (isGiven ? ['ipv6'] : []),
  },
  ipv6: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    alias: ['6'],
    group: TARGET,
    help: 'use only the IPv6 addresses of a host name',
    replaces: (isGiven: boolean) => (isGiven ? ['ipv4'] : []),
  },
  rate: {
    parse: parseRate,
    value: 'N/s',
    default: '1000',
    repeatable: true,
    alias: ['r'],
    group: OFFER,
    help: 'new connections per second, such as 25000, 25k, 1.5k/s or 30/m; repeat it for rounds; max: as fast as --max-in-flight allows',
    replaces: () => ['ramp', 'steps'],
  },
  ramp: {
    parse: parseRamp,
    value: 'FROM..TO/TIME',
    group: OFFER,
    help: 'instead of --rate: one round in which the rate changes linearly, such as 100..5k/30s',
    replaces: () => ['rate', 'steps', 'duration', 'count'],
  },
  steps: {
    parse: parseSteps,
    value: 'FROM..TO*F/TIME',
    group: OFFER,
    help: 'instead of --rate: rounds at rising rates, such as 50..5k*1.25/5s or 1k..5k+500/5s',
    replaces: () => ['rate', 'ramp', 'duration', 'count'],
  },
  duration: {
    parse: durationParser({ min: NS_PER_MS, max: DAYS_30_NS }),
    value: 'TIME',
    default: '10s',
    alias: ['d'],
    group: OFFER,
    help: 'of each round, such as 10s, 500ms or 2m',
    replaces: () => ['count'],
  },
  count: {
    parse: countParser('attempts', { min: 1, max: COUNT_MAX }),
    value: 'N',
    alias: ['n'],
    group: OFFER,
    help: 'instead of --duration: exactly N attempts in each round',
    replaces: () => ['duration'],
  },
  warmup: {
    parse: durationParser({ min: 0, max: DAYS_30_NS }),
    value: 'TIME',
    default: '0s',
    group: OFFER,
    help: 'at the same rate before each round, not measured',
  },
  cooldown: {
    parse: durationParser({ min: 0, max: DAYS_30_NS }),
    value: 'TIME',
    default: '0s',
    group: OFFER,
    help: 'pause between rounds',
  },
  'ramp-up': {
    parse: durationParser({ min: 0, max: DAYS_30_NS }),
    value: 'TIME',
    default: '0s',
    group: OFFER,
    help: 'before each round the rate rises from 0 to its own for so long, not measured',
  },
  'ramp-down': {
    parse: durationParser({ min: 0, max: DAYS_30_NS }),
    value: 'TIME',
    default: '0s',
    group: OFFER,
    help: 'behind each round the rate falls to 0 for so long, not measured',
  },
  payload: {
    parse: parseFileName,
    value: 'FILE',
    group: EXCHANGE,
    help: 'what each connection sends; - is stdin [default: nothing]',
    replaces: () => ['payload-size'],
  },
  'payload-size': {
    parse: sizeParser({ min: 0, max: PAYLOAD_MAX_BYTES }),
    value: 'BYTES',
    group: EXCHANGE,
    help: 'send that many made-up bytes, such as 64 or 64KiB',
    replaces: () => ['payload'],
  },
  finish: {
    parse: parseFinish,
    value: 'WHEN',
    default: 'half-close',
    group: EXCHANGE,
    help:
      'when an exchange is complete: half-close (send, shut down writing, drain to the end), eof (send, drain until the peer closes), ' +
      'echo (as many bytes as were sent are back), bytes:N, connect (as soon as established)',
  },
  close: {
    parse: choiceParser(['fin', 'rst']),
    value: 'HOW',
    default: 'fin',
    group: EXCHANGE,
    help: 'close with fin or rst',
  },
  hold: {
    parse: durationParser({ min: 0, max: NS_PER_DAY }),
    value: 'TIME',
    default: '0s',
    group: EXCHANGE,
    help: 'keep each connection open this long after its exchange',
  },
  timeout: {
    parse: durationParser({ min: NS_PER_US, max: HOUR_NS }),
    value: 'TIME',
    default: '5s',
    group: EXCHANGE,
    help: 'of one connection, from its start to the end of its exchange',
  },
  'first-byte-timeout': {
    parse: durationParser({ min: NS_PER_US, max: HOUR_NS }),
    value: 'TIME',
    defaultHelp: 'none beside --timeout',
    group: EXCHANGE,
    help: 'of one connection, from its start to the first byte of the response',
  },
  'min-response': {
    parse: sizeParser({ min: 0, max: BODY_MAX_BYTES }),
    value: 'BYTES',
    default: '0',
    group: EXCHANGE,
    help:
      'an exchange that ends with fewer bytes of answer is short_response. In search and saturate: where the lowest load was answered ' +
      'with bytes, an exchange that ends without one is a failure',
  },
  'expect-status': {
    parse: parseStatuses,
    value: 'LIST',
    defaultHelp: 'any',
    group: EXCHANGE,
    help: 'HTTP statuses of good responses, x for any digit: 200,30x. A response with another, or with none, is unexpected_response',
  },
  'expect-prefix': {
    parse: parsePrefix,
    value: 'TEXT|@FILE',
    defaultHelp: 'any',
    group: EXCHANGE,
    help: 'what a good response begins with. One that begins otherwise is unexpected_response',
  },
  sink: {
    parse: parseSink,
    value: 'KIND',
    default: 'null',
    group: BODY,
    help:
      'null (counted and dropped, not even copied), memory (kept as the pieces that came), gather (made one piece), ' +
      'file:DIR (a temporary file each, which nobody sees and nothing leaves behind)',
  },
  'sink-strategy': {
    parse: parseWorkStrategy,
    value: 'HOW',
    default: 'direct',
    group: BODY,
    help:
      'where that is done which may block, writing files, gathering and verifying: direct (on the pacing thread), permit:N (on at most N ' +
      "of them at once), dispatch:N,queue=L (on N threads; where L jobs wait, the pacing thread does the oldest) or pool (the runtime's " +
      'own threads, engine node and file: only)',
  },
  'max-memory': {
    parse: sizeParser({ min: 1, max: BODY_MAX_BYTES }),
    value: 'BYTES',
    defaultHelp: 'no limit; all together half of the memory',
    group: BODY,
    help: 'of one response with memory and gather; a longer one goes to a file',
  },
  'spill-dir': {
    parse: parseFileName,
    value: 'DIR',
    defaultHelp: "the system's for temporary files",
    group: BODY,
    help: 'where files beyond --max-memory are made',
  },
  'max-body': {
    parse: sizeParser({ min: 1, max: BODY_MAX_BYTES }),
    value: 'BYTES',
    defaultHelp: 'no limit',
    group: BODY,
    help: 'a longer response ends the connection as too_long',
  },
  verify: {
    parse: parseVerify,
    value: 'WHAT',
    group: BODY,
    help: 'FILE, echo (what was sent) or sha256:HEX: a response that differs ends as verify_failed',
  },
  source: {
    parse: parseSource,
    value: 'ADDRESS',
    repeatable: true,
    alias: ['local-ip'],
    defaultHelp: "the system's choice",
    group: SOURCE,
    help: 'source addresses, used in turn: an address, a range 127.0.0.1-127.0.0.8, a prefix 10.0.0.0/28; repeatable',
  },
  freebind: {
    parse: parseSwitch,
    value: '',
    default: 'false',
    isSwitch: true,
    group: SOURCE,
    help: 'bind --source addresses that this machine does not have, such as those of a prefix that is routed to it',
  },
  'source-ports': {
    parse: parseSourcePorts,
    value: 'PORTS',
    defaultHelp: "outside the system's range",
    group: SOURCE,
    help: "source ports to use, such as 10000-32767; system: the system's own range; most: all but what other programs need; kernel: the kernel chooses",
  },
  'max-in-flight': {
    parse: countParser('connections', { min: 1, max: IN_FLIGHT_MAX }),
    value: 'N',
    defaultHelp: 'all that --rate can have open; 100 with max',
    group: GENERATOR,
    help: 'attempts due beyond it are missed and counted; with --rate max the number kept open',
  },
  workers: {
    parse: parseWorkers,
    value: 'N',
    default: 'auto',
    group: GENERATOR,
    help: 'threads that share the one schedule; auto is one for each 25000/s',
  },
  probe: {
    parse: rateParser('pings', { min: RATE_MIN_PER_SEC, max: 100_000 }, '100 or 1k'),
    value: 'N/s',
    group: EXCHANGE,
    help: 'pings per second on one established connection beside the load, such as 100/s; the target must echo',
  },
  ...THRESHOLD_OPTIONS,
  ...SINK_OPTIONS,
  ...COMMON_OPTIONS,
} as const satisfies OptionTable;

function without<T extends object, K extends keyof T & string>(table: T, names: readonly K[]): Omit<T, K> {
  const kept = Object.entries(table).filter(([name]) => !names.some((each) => each === name));
  return Object.fromEntries(kept) as Omit<T, K>;
}

/** The client's options as trials have them: what they offer is not for the user to say. */
const TRIAL_OPTIONS = {
  ...without(CLIENT_OPTIONS, ['rate', 'ramp', 'steps', 'count']),
  'allow-generator-limited': {
    ...THRESHOLD_OPTIONS['allow-generator-limited'],
    help: "with --fail-if: accept an answer that is this machine's limit, which otherwise fails too",
  },
  cooldown: { ...CLIENT_OPTIONS.cooldown, default: '1s', help: 'pause between trials, in which the target recovers' },
} as const satisfies OptionTable;

export const SATURATE_OPTIONS = {
  ...SATURATE_ONLY,
  ...TRIAL_OPTIONS,
  duration: { ...CLIENT_OPTIONS.duration, default: '5s', help: 'of each step' },
  'fail-if': {
    ...THRESHOLD_OPTIONS['fail-if'],
    help: "exit with 99 where this is so in the last good step: 'p99(total)>20ms'; repeatable",
  },
} as const satisfies OptionTable;

export const SEARCH_OPTIONS = {
  ...SEARCH_ONLY,
  ...TRIAL_OPTIONS,
  payload: {
    ...CLIENT_OPTIONS.payload,
    repeatable: true,
    help: 'what each connection sends; - is stdin [default: nothing]; repeatable, one search each',
  },
  duration: { ...CLIENT_OPTIONS.duration, help: 'of the trials that confirm the answer' },
  'fail-if': {
    ...THRESHOLD_OPTIONS['fail-if'],
    help: "exit with 99 where this is so in a trial that confirms an answer: 'p99(total)>20ms'; repeatable",
  },
} as const satisfies OptionTable;

export const SERVER_OPTIONS = { ...SERVER_ONLY, ...COMMON_OPTIONS } as const satisfies OptionTable;

/** The plan of a client, which the doctor examines instead of running it. */
export const DOCTOR_OPTIONS = {
  ...CLIENT_OPTIONS,
  quiet: { ...COMMON_OPTIONS.quiet, help: 'leave out what is ok' },
} as const satisfies OptionTable;

export const RTT_OPTIONS = {
  target: { ...CLIENT_OPTIONS.target, help: 'what to ping, instead of --host and --port' },
  host: { ...CLIENT_OPTIONS.host, help: 'address or name to ping' },
  port: { ...CLIENT_OPTIONS.port, help: 'port to ping' },
  ipv4: CLIENT_OPTIONS.ipv4,
  ipv6: CLIENT_OPTIONS.ipv6,
  protocol: {
    parse: choiceParser(['tcp', 'udp']),
    value: 'NAME',
    default: 'tcp',
    group: EXCHANGE,
    help: 'tcp (always with TCP_NODELAY) or udp',
  },
  rate: {
    parse: parsePingRate,
    value: 'N/s',
    default: '1000',
    repeatable: true,
    alias: ['r'],
    group: OFFER,
    help: 'pings per second over all connections, from 0.001 to 1M; repeat it for rounds; max: back to back',
  },
  duration: CLIENT_OPTIONS.duration,
  warmup: CLIENT_OPTIONS.warmup,
  cooldown: { ...CLIENT_OPTIONS.cooldown, help: 'pause between rounds, for the machines to settle' },
  size: {
    parse: sizeParser(MESSAGE_BYTES),
    value: 'BYTES',
    default: '64',
    group: EXCHANGE,
    help: 'of each message; a datagram holds at most 65507',
  },
  connections: {
    parse: countParser('connections', { min: 1, max: IN_FLIGHT_MAX }),
    value: 'N',
    default: '1',
    group: EXCHANGE,
    help: 'held connections that take turns',
  },
  pipeline: {
    parse: countParser('pings', { min: 1, max: PIPELINE_MAX }),
    value: 'DEPTH',
    defaultHelp: 'as many as --rate sends within --timeout; 1 with max, --think and blocking',
    group: EXCHANGE,
    help: 'pings under way on one connection; 1 is closed loop: the next one waits for the reply',
  },
  think: {
    parse: durationParser({ min: 0, max: HOUR_NS }),
    value: 'TIME',
    default: '0s',
    group: EXCHANGE,
    help: 'pause of a connection after each reply; without --rate it says how fast pings go',
  },
  timeout: {
    ...CLIENT_OPTIONS.timeout,
    default: '1s',
    help: 'a ping that is not back after this long is lost; also of opening a connection',
  },
  source: CLIENT_OPTIONS.source,
  freebind: CLIENT_OPTIONS.freebind,
  cpu: {
    parse: parseCpuList,
    value: 'CORE',
    defaultHelp: "the kernel's choice",
    group: GENERATOR,
    help: 'keep the thread that pings on this core',
  },
  'busy-tasks': {
    parse: countParser('tasks', { min: 0, max: BUSY_TASKS_MAX }),
    value: 'N',
    default: '0',
    group: GENERATOR,
    help: 'tasks on the loop that pings, that wake every millisecond and compute',
  },
  samples: {
    parse: countParser('round trips', { min: 0, max: SAMPLES_MAX }),
    value: 'N',
    default: '0',
    group: OUTPUT,
    help: 'keep up to N single round trips of each round, evenly over it, for --json',
  },
  ...SINK_OPTIONS,
  ...COMMON_OPTIONS,
  engine: {
    parse: choiceParser<PingEngineChoice>(['auto', ...PING_ENGINE_NAMES]),
    value: 'NAME',
    default: 'auto',
    group: GENERATOR,
    help: 'uring, epoll, node, or blocking: blocking sockets on one thread, the baseline; auto takes the first of the others that works',
  },
} as const satisfies OptionTable;

export const LAB_OPTIONS = {
  ...LAB_OWN_OPTIONS,
  ...formatOptions(),
  json: { ...COMMON_OPTIONS.json, help: 'write the result as JSON here too; - is stdout' },
  // A lab tells cells and no seconds, so only what tells cells is there.
  stream: {
    ...SINK_OPTIONS.stream,
    help: 'write every cell as a line of JSON when it ends; - is stdout, which then holds nothing else',
  },
  quiet: COMMON_OPTIONS.quiet,
  config: COMMON_OPTIONS.config,
} as const satisfies OptionTable;

export const REPORT_OPTIONS = {
  file: {
    parse: parseFileName,
    value: 'FILE',
    positional: true,
    repeatable: true,
    group: OUTPUT,
    help: 'a result that --json has written; - is stdin; repeatable',
  },
  ...formatOptions(),
} as const satisfies OptionTable;

export const DEMO_OPTIONS = { quiet: COMMON_OPTIONS.quiet } as const satisfies OptionTable;

export const ENV_PREFIX = 'CONNGEN_';

/** Every name of an option that is a word: its own first, then its aliases. */
export function wordsFor(name: string, spec: OptionSpec): string[] {
  return [name, ...(spec.alias ?? []).filter((alias) => alias.length > 1)];
}

/** `CONNGEN_MAX_IN_FLIGHT` for `max-in-flight`. */
export function envName(option: string): string {
  return ENV_PREFIX + option.toUpperCase().replaceAll('-', '_');
}
