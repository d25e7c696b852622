/** The command line: which command, its help, its exit code. The only reader of argv and of the environment. */
import yargs, { type Argv, type Options } from 'yargs';
import type { Problem } from '../units/problem.ts';
import { VERSION } from '../units/version.ts';
import { spellOut } from '../options/argv.ts';
import { loadConfig } from './config-file.ts';
import { endProcess } from './process/ending.ts';
import { EXIT_DONE, EXIT_USAGE } from './process/exit-codes.ts';
import { reportFailure } from './process/failure.ts';
import { printProblems, processIo, type Io } from './process/io.ts';
import { ENV_PREFIX, TABLES, type CommandName, type OptionSpec, type OptionTable } from '../options/tables.ts';
import type { RawInput } from '../options/read.ts';
import { answeringSignals, keepIgnoredHangup } from './process/signals.ts';
import { didYouMean } from '../options/suggest.ts';

interface Command {
  readonly name: CommandName;
  /** As yargs writes it: `client [target]`. */
  readonly usage: string;
  readonly help: string;
  readonly examples: readonly (readonly [string, string])[];
  /** Loads the handler only when it is needed, so that help starts fast. */
  readonly load: () => Promise<(raw: RawInput, io: Io) => Promise<number>>;
}

const COMMANDS: readonly Command[] = [
  {
    name: 'client',
    usage: 'client [target]',
    help: 'open connections on a schedule, measure, report',
    examples: [
      ['$0 client 10.0.0.5:80 --rate 5000', '5000 connections/s for 10 s'],
      ['$0 client [::1]:80 --rate 1k --rate 2k --json -', 'two rounds, the result as JSON'],
      ['$0 client example.org:80 --rate max --payload get.req --finish eof', 'as fast as it goes, with a request'],
    ],
    load: async () => (await import('./commands/client.ts')).clientCommand,
  },
  {
    name: 'search',
    usage: 'search [target]',
    help: 'find the highest rate that meets a goal',
    examples: [
      ['$0 search 10.0.0.5:80', 'the highest rate with a loss of at most 0.1 %'],
      [
        "$0 search 10.0.0.5:80 --goal 'p99(total)<=20ms' --goal 'loss<=0.001%' --max-rate 20k",
        'two goals, an answer for each',
      ],
    ],
    load: async () => (await import('./commands/search.ts')).searchCommand,
  },
  {
    name: 'saturate',
    usage: 'saturate [target]',
    help: 'raise the rate until latency leaves its floor',
    examples: [['$0 saturate 10.0.0.5:80 --start 50 --factor 1.25', 'until p90 has doubled']],
    load: async () => (await import('./commands/saturate.ts')).saturateCommand,
  },
  {
    name: 'server',
    usage: 'server',
    help: 'accept connections: the target for a client',
    examples: [['$0 server --port 2345 --listeners 2', 'echo on two threads']],
    load: async () => (await import('./commands/server.ts')).serverCommand,
  },
  {
    name: 'doctor',
    usage: 'doctor [target]',
    help: 'check this machine for a plan of the client; sends nothing',
    examples: [
      ['$0 doctor 10.0.0.5:80 --rate 25000 --duration 60s', 'would this run work from here?'],
      ['$0 doctor --rate 25000 --json -', 'both ends on this machine, as JSON'],
    ],
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'rtt',
    usage: 'rtt [target]',
    help: 'round trips over held connections, TCP or UDP, to an echo server',
    examples: [
      ['$0 rtt 10.0.0.5:2345 --rate 1k --rate 10k', 'two rounds of 10 s on one TCP connection'],
      ['$0 rtt 10.0.0.5:2345 --protocol udp --rate max --engine blocking', 'back to back, the baseline'],
    ],
    load: async () => (await import('./commands/rtt.ts')).rttCommand,
  },
  {
    name: 'lab',
    usage: 'lab [name]',
    help: 'run an experiment cell by cell: figures as CSV and JSON, plots as SVG',
    examples: [
      ['$0 lab abstraction --out DIR', 'what five layers cost, synchronous to boxed promise'],
      ['$0 lab --resume DIR', 'go on with a lab that was interrupted'],
    ],
    load: async () => (await import('./commands/lab.ts')).labCommand,
  },
  {
    name: 'demo',
    usage: 'demo',
    help: 'a client against a server of its own on loopback, for 5 s',
    examples: [],
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
];

const EPILOGUE = `Options can also come from ${ENV_PREFIX}* variables (${ENV_PREFIX}MAX_IN_FLIGHT=100) and from --config FILE (JSON).
Exit codes: 0 done, 1 failed while running, 2 usage, 3 (search, saturate) this machine was the limit,
99 a threshold was not met, 129, 130 and 143 stopped by a signal.`;

/** Runs one command line (without `node` and the script) and returns the exit code. Never rejects. */
export async function main(argv: readonly string[], env: RawInput['env']): Promise<number> {
  const io = processIo(env);
  try {
    return await dispatch(spellOut(helpAsFlag(argv), Object.values(TABLES)), env, io);
  } catch (error) {
    return reportFailure(io, error);
  }
}

/** `help` and `help client`, as git and go have it, as `--help` and `client --help`. */
function helpAsFlag(argv: readonly string[]): readonly string[] {
  const [first, command, ...rest] = argv;
  if (first !== 'help') return argv;
  if (command === undefined) return ['--help'];
  // What is no command is refused as such.
  return Object.hasOwn(TABLES, command) ? [command, ...rest, '--help'] : [command];
}

async function dispatch(argv: readonly string[], env: RawInput['env'], io: Io): Promise<number> {
  let exitCode = EXIT_DONE;
  // What yargs would print by itself: yargs reports no error where it cannot be written.
  let help = '';
  const asksForHelp = argv.some((word) => /^(-h|--help)(=|$)/.test(word));
  let parser = yargs()
    .scriptName('conngen')
    .usage('$0 <command>\n\nHow many new TCP connections per second can a target take?')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      // Every value stays the text that was typed: of "abc" yargs would make NaN, and say nothing.
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'strip-aliased': true,
    })
    .version(VERSION)
    .help()
    .alias({ help: 'h', version: 'V' })
    .epilogue(EPILOGUE)
    .wrap(Math.min(100, io.style.columns))
    .exitProcess(false);
  for (const command of COMMANDS) {
    parser = parser.command(
      command.usage,
      command.help,
      (each) => describe(each, command, asksForHelp),
      async (parsed) => {
        exitCode = await runCommand(command, rawInput(command, parsed, env), io);
      },
    );
  }
  parser = parser.command(
    '$0',
    false,
    (each) => each,
    async (parsed) => {
      exitCode = await withoutCommand(parsed, parser, io);
    },
  );
  await parser.parseAsync([...argv], {}, (_error, _parsed, output) => {
    help = output;
  });
  if (help !== '') await io.print(`${help}\n`);
  return exitCode;
}

/** Reads the file of `--config`, then runs the command with it. */
async function runCommand(command: Command, raw: RawInput, io: Io): Promise<number> {
  let config: RawInput['config'];
  const exitCode = await answeringSignals(io, async (stop) => {
    config = await loadConfig(raw);
    return stop.exitCode() ?? EXIT_DONE;
  });
  if (exitCode !== EXIT_DONE) return exitCode;
  const run = await command.load();
  return run({ ...raw, config }, io);
}

async function withoutCommand(parsed: Readonly<Record<string, unknown>>, parser: Argv, io: Io): Promise<number> {
  const names = COMMANDS.map(({ name }) => name);
  const problems: Problem[] = [];
  for (const word of wordsOf(parsed).slice(0, 1)) {
    const expected = `one of ${names.join(', ')}${didYouMean(word, names)}`;
    problems.push({ option: 'command', got: word, expected });
  }
  for (const [name, texts] of flagsOf(parsed)) {
    const flag = name.length === 1 ? `-${name}` : `--${name}`;
    problems.push({ option: flag, got: texts.join(', '), expected: `a command before it: ${names.join(', ')}` });
  }
  if (problems.length > 0) {
    printProblems(io, problems, 'conngen');
    return EXIT_USAGE;
  }
  await io.print(`${await parser.getHelp()}\n`);
  return EXIT_DONE;
}

/**
 * yargs lays out the help of every command that it runs, and keeps it: 70 ms for the options of the client. Whoever did not ask
 * for help gets the options without their help.
 */
function describe(parser: Argv, command: Command, asksForHelp: boolean): Argv {
  const table: OptionTable = TABLES[command.name];
  let described = parser;
  for (const [name, spec] of Object.entries(table)) {
    if (spec.positional === true) described = described.positional(name, { describe: spec.help });
    else described = described.option(name, { ...yargsOption(spec), hidden: !asksForHelp });
  }
  return described.example(command.examples.map(([line, help]) => [line, help]));
}

function yargsOption(spec: OptionSpec): Options {
  // The defaults are for the reader only: a value from yargs would hide whether the user gave one.
  const shown = spec.default ?? spec.defaultHelp;
  const text = spec.value === '' ? spec.help : `${spec.value}: ${spec.help}`;
  return {
    // In the text itself: where that fills its line, yargs leaves no space before the default.
    describe: `${text}${shown === undefined || spec.isSwitch === true ? '' : ` [default: ${shown}]`}`,
    group: `${spec.group}:`,
    alias: [...(spec.alias ?? [])],
  };
}

function rawInput(command: Command, parsed: Readonly<Record<string, unknown>>, env: RawInput['env']): RawInput {
  const flags = flagsOf(parsed);
  const [first, ...others] = wordsOf(parsed).slice(1);
  const table: OptionTable = TABLES[command.name];
  const positional = Object.keys(table).find((name) => table[name]?.positional === true);
  const name = `conngen ${command.name}`;
  // Behind `--` yargs leaves words where they are.
  if (first !== undefined && positional !== undefined && !flags.has(positional))
    return { command: name, flags: flags.set(positional, [first]), extra: others, env };
  return { command: name, flags, extra: wordsOf(parsed).slice(1), env };
}

function flagsOf(parsed: Readonly<Record<string, unknown>>): Map<string, readonly string[]> {
  const flags = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(parsed)) {
    if (['_', '$0', 'help', 'version'].includes(name) || value === undefined) continue;
    flags.set(name, (Array.isArray(value) ? value : [value]).map(String));
  }
  return flags;
}

function wordsOf(parsed: Readonly<Record<string, unknown>>): string[] {
  const words = parsed['_'];
  return Array.isArray(words) ? words.map(String) : [];
}

const LINGER_MS = 500;

/** What the launcher calls: runs this process's command line and sets its exit code. */
export async function runProcess(): Promise<void> {
  keepIgnoredHangup(process.env['_']);
  const exitCode = await main(process.argv.slice(2), process.env);
  process.exitCode = exitCode;
  // What still hangs about (a pipe that nobody closes, a resolver's thread) must not keep a finished command alive.
  setTimeout(() => endProcess(exitCode), LINGER_MS).unref();
}
