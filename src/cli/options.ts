/**
 * The option table: every option once, with its parser, default, unit and help. The command line, the help, the environment
 * (`CONNGEN_*`) and configuration files are all read by it.
 */
import { parseHost, parseHostPort } from '../plan/address.ts';
import { PAYLOAD_MAX_BYTES } from '../plan/payload.ts';
import type { Finish } from '../plan/plan.ts';
import { accept, refuse, type Given, type Parsed, type Parser } from '../plan/problem.ts';
import {
  NS_PER_DAY,
  NS_PER_MS,
  NS_PER_SEC,
  NS_PER_US,
  choiceParser,
  countParser,
  durationParser,
  parseRate,
  parseSourcePorts,
  parseSwitch,
  portParser,
  sizeParser,
} from '../plan/quantity.ts';
import { parseSource } from '../plan/sources.ts';

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
const TARGET = 'Where to';
const SOURCE = 'Where from';
const GENERATOR = 'The generator';
const LISTEN = 'Where to listen';
const ANSWER = 'What to answer';
const LIMITS = 'Limits';
const OUTPUT = 'Output and settings';

const FINISH_BYTES_MAX = 2 ** 40;
const IN_FLIGHT_MAX = 4_000_000;
const BACKLOG_MAX = 2 ** 31 - 1;

const DAYS_30_NS = 30 * NS_PER_DAY;
const HOUR_NS = 3600 * NS_PER_SEC;

/** Any text but none. */
export function parseFileName(text: string): Parsed<string> {
  return text === '' || text.includes('\0') ? refuse('the name of a file') : accept(text);
}

/** As `--json` takes it: the system's names for stdout mean `-`, because text in between would spoil the JSON. */
function parseJsonFile(text: string): Parsed<string> {
  return ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'].includes(text) ? accept('-') : parseFileName(text);
}

const parseFinishWord = choiceParser(['half-close', 'eof', 'echo', 'connect']);
const parseFinishBytes = sizeParser({ min: 1, max: FINISH_BYTES_MAX });

/** `half-close`, `eof`, `echo`, `connect`, or `bytes:N`. */
export function parseFinish(text: string): Parsed<Finish> {
  const trimmed = text.trim().toLowerCase();
  if (trimmed.startsWith('bytes:')) {
    const bytes = parseFinishBytes(trimmed.slice('bytes:'.length));
    return bytes.ok ? accept({ kind: 'bytes', bytes: bytes.value }) : refuse(`${bytes.expected}, after bytes:`);
  }
  const word = parseFinishWord(trimmed);
  return word.ok ? accept({ kind: word.value }) : refuse('half-close, eof, echo, bytes:N or connect');
}

const parseWorkerCount = countParser('threads', { min: 1, max: 1024 });

function parseWorkers(text: string): Parsed<number | 'auto'> {
  if (text.trim().toLowerCase() === 'auto') return accept('auto');
  const count = parseWorkerCount(text);
  return count.ok ? count : refuse(`auto, or ${count.expected}`);
}

const COMMON_OPTIONS = {
  engine: {
    parse: choiceParser(['auto', 'uring', 'epoll', 'node']),
    value: 'NAME',
    default: 'auto',
    group: GENERATOR,
    help: 'uring, epoll or node; auto takes the first that works',
  },
  json: {
    parse: parseJsonFile,
    value: 'FILE',
    group: OUTPUT,
    help: 'write the result as JSON; - is stdout, which then holds nothing else',
  },
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

export const CLIENT_OPTIONS = {
  target: {
    parse: parseHostPort,
    value: 'HOST:PORT',
    positional: true,
    group: TARGET,
    help: 'what to connect to, instead of --host and --port',
  },
  host: { parse: parseHost, value: 'HOST', default: '127.0.0.1', group: TARGET, help: 'address or name to connect to' },
  port: { parse: portParser(1), value: 'PORT', default: '2345', group: TARGET, help: 'port to connect to' },
  rate: {
    parse: parseRate,
    value: 'N/s',
    default: '1000',
    repeatable: true,
    alias: ['r'],
    group: OFFER,
    help: 'new connections per second, such as 25000, 25k or 1.5k/s; repeat it for rounds; max: as fast as --max-in-flight allows',
  },
  duration: {
    parse: durationParser({ min: NS_PER_MS, max: DAYS_30_NS }),
    value: 'TIME',
    default: '10s',
    alias: ['d'],
    group: OFFER,
    help: 'of each round, such as 10s, 500ms or 2m',
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
  payload: {
    parse: parseFileName,
    value: 'FILE',
    group: EXCHANGE,
    help: 'what each connection sends [default: nothing]',
  },
  'payload-size': {
    parse: sizeParser({ min: 0, max: PAYLOAD_MAX_BYTES }),
    value: 'BYTES',
    group: EXCHANGE,
    help: 'send that many made-up bytes, such as 64 or 64KiB',
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
  source: {
    parse: parseSource,
    value: 'ADDRESS',
    repeatable: true,
    alias: ['local-ip'],
    defaultHelp: "the system's choice",
    group: SOURCE,
    help: 'source addresses, used in turn: an address, a range 127.0.0.1-127.0.0.8, a prefix 10.0.0.0/28; repeatable',
  },
  'source-ports': {
    parse: parseSourcePorts,
    value: 'RANGE',
    defaultHelp: "the system's range",
    group: SOURCE,
    help: 'source ports that the generator hands out itself, such as 1024-65535; kernel leaves the choice to the kernel',
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
  ...COMMON_OPTIONS,
} as const satisfies OptionTable;

export const SERVER_OPTIONS = {
  host: {
    parse: parseHost,
    value: 'HOST',
    defaultHelp: 'all addresses, both families',
    group: LISTEN,
    help: 'address to listen on',
  },
  port: {
    parse: portParser(0),
    value: 'PORT',
    default: '2345',
    group: LISTEN,
    help: 'port to listen on; 0 picks a free one',
  },
  listeners: {
    parse: countParser('listeners', { min: 1, max: 256 }),
    value: 'N',
    defaultHelp: 'one for each core',
    group: LISTEN,
    help: 'SO_REUSEPORT sockets, each on a thread of its own',
  },
  backlog: {
    parse: countParser('connections', { min: 1, max: BACKLOG_MAX }),
    value: 'N',
    default: '20480',
    group: LISTEN,
    help: 'connections that may wait to be accepted, on each listener',
  },
  mode: {
    parse: choiceParser(['echo', 'respond', 'discard', 'hold', 'reset']),
    value: 'NAME',
    defaultHelp: 'echo; respond with --response',
    group: ANSWER,
    help: 'echo, respond (send --response, then close), discard (read and drop), hold (never answer) or reset (answer with RST)',
  },
  response: { parse: parseFileName, value: 'FILE', group: ANSWER, help: 'what respond sends' },
  'respond-on': {
    parse: choiceParser(['eof', 'data', 'accept']),
    value: 'WHEN',
    default: 'eof',
    group: ANSWER,
    help: 'eof (the peer shut down writing), data (its first bytes) or accept (at once)',
  },
  'idle-timeout': {
    parse: durationParser({ min: NS_PER_MS, max: NS_PER_DAY }),
    value: 'TIME',
    default: '60s',
    group: LIMITS,
    help: 'a connection with no progress for this long is closed and counted',
  },
  'max-connections': {
    parse: countParser('connections', { min: 1, max: IN_FLIGHT_MAX }),
    value: 'N',
    defaultHelp: 'from the limit of open files',
    group: LIMITS,
    help: 'beyond it: accepted, counted as rejected and closed',
  },
  ...COMMON_OPTIONS,
} as const satisfies OptionTable;

export const DEMO_OPTIONS = { quiet: COMMON_OPTIONS.quiet } as const satisfies OptionTable;

/** The tables by command. A name that occurs in several means the same kind of value in all of them. */
export const TABLES = {
  client: CLIENT_OPTIONS,
  server: SERVER_OPTIONS,
  demo: DEMO_OPTIONS,
} as const satisfies Readonly<Record<string, OptionTable>>;

export type CommandName = keyof typeof TABLES;

export const ENV_PREFIX = 'CONNGEN_';

/** `CONNGEN_MAX_IN_FLIGHT` for `max-in-flight`. */
export function envName(option: string): string {
  return ENV_PREFIX + option.toUpperCase().replaceAll('-', '_');
}
