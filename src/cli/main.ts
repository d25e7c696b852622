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
import { ENV_PREFIX } from '../options/names.ts';
import type { OptionSpec, OptionTable } from '../units/option.ts';
import { COMMANDS, TABLES, type CommandRow } from './commands.ts';
import type { RawInput } from '../options/read.ts';
import { answeringSignals, keepIgnoredHangup } from './process/signals.ts';
import { didYouMean } from '../options/suggest.ts';

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
  for (const [name, command] of Object.entries<CommandRow>(COMMANDS)) {
    parser = parser.command(
      // Of a list of words yargs would drop each `-`; without the list it leaves all of them to us.
      command.usage.replace(/ \[\w+\.\.\]$/, ''),
      command.help,
      (each) => describe(each, command, asksForHelp),
      async (parsed) => {
        exitCode = await runCommand(command, rawInput(name, command.options, parsed, env), io);
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
async function runCommand(command: CommandRow, raw: RawInput, io: Io): Promise<number> {
  let config: RawInput['config'];
  const exitCode = await answeringSignals(io, async (stop) => {
    config = await loadConfig(raw);
    return stop.exitCode() ?? EXIT_DONE;
  });
  if (exitCode !== EXIT_DONE) return exitCode;
  const run = await command.load();
  return run({ ...raw, config, others: Object.values(TABLES) }, io);
}

async function withoutCommand(parsed: Readonly<Record<string, unknown>>, parser: Argv, io: Io): Promise<number> {
  const names = Object.keys(COMMANDS);
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
 * yargs lays out the help of every command that it runs, and keeps it: 70 ms for the options of the client. A user who did not ask
 * for help gets the options without their help.
 */
function describe(parser: Argv, command: CommandRow, asksForHelp: boolean): Argv {
  const table: OptionTable = command.options;
  let described = parser;
  for (const [name, spec] of Object.entries(table)) {
    if (spec.positional === true && spec.repeatable === true)
      described = described.usage(`$0 ${command.usage}\n\n${spec.help}`);
    else if (spec.positional === true) described = described.positional(name, { describe: spec.help });
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

function rawInput(
  command: string,
  table: OptionTable,
  parsed: Readonly<Record<string, unknown>>,
  env: RawInput['env'],
): RawInput {
  const flags = flagsOf(parsed);
  const [first, ...others] = wordsOf(parsed).slice(1);
  const positional = Object.keys(table).find((name) => table[name]?.positional === true);
  const name = `conngen ${command}`;
  // Behind `--` yargs leaves words where they are.
  if (first !== undefined && positional !== undefined && table[positional]?.repeatable === true) {
    const texts = [...(flags.get(positional) ?? []), first, ...others];
    return { command: name, flags: flags.set(positional, texts), extra: [], env };
  }
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
  // What still waits (a pipe that stays open, a resolver's thread) must not keep a finished command alive.
  setTimeout(() => endProcess(exitCode), LINGER_MS).unref();
}
