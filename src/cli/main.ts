/** The command line: which command, its help, its exit code. The only reader of argv and of the environment. */
import yargs, { type Argv } from 'yargs';
import type { Problem } from '../units/problem.ts';
import { VERSION } from '../units/version.ts';
import { spellOut, spellOutSides } from '../options/argv.ts';
import { loadConfig } from './config-file.ts';
import { endProcess } from './process/ending.ts';
import { EXIT_DONE, EXIT_USAGE } from './process/exit-codes.ts';
import { reportFailure } from './process/failure.ts';
import { printProblems, processIo, type Io } from './process/io.ts';
import type { OptionTable } from '../units/option.ts';
import type { CommandRow } from './command-row.ts';
import { COMMANDS, TABLES, type CommandName } from './commands.ts';
import { commandHelp, generalHelp } from './pages/help.ts';
import type { RawInput } from '../options/read.ts';
import { answeringSignals, keepIgnoredHangup, keepSignals } from './process/signals.ts';
import { didYouMean } from '../options/suggest.ts';
import { HIDDEN, secretFlag, shownUnknown } from '../options/secrets.ts';

/** Runs one command line (without `node` and the script) and returns the exit code. Never rejects. */
export async function main(argv: readonly string[], env: RawInput['env']): Promise<number> {
  const io = processIo(env);
  try {
    const spelled = spelledOut(helpAsFlag(argv));
    const help = helpFor(spelled, io.style.columns);
    if (help === null) return await dispatch(withoutHelp(spelled), env, io);
    await io.print(`${help}\n`);
    return EXIT_DONE;
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

function spelledOut(argv: readonly string[]): string[] {
  const [name = ''] = argv.filter((word) => !word.startsWith('-'));
  const row = Object.hasOwn(COMMANDS, name) ? (COMMANDS[name as CommandName] as CommandRow) : undefined;
  const spell = row?.hasSides === true ? spellOutSides : spellOut;
  return spell(argv, Object.values(TABLES), row?.options);
}

const HELP_FLAG = /^(?:-h|--help|--help-all)(?:=|$)/;

/** The help that a command line asks for; null where it asks for none, or for that of a command which does not exist. */
function helpFor(argv: readonly string[], columns: number): string | null {
  const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const flags = words.filter((word) => HELP_FLAG.test(word));
  if (flags.length === 0) return null;
  const name = words.find((word) => !word.startsWith('-'));
  if (name === undefined) return generalHelp(COMMANDS, columns);
  if (!Object.hasOwn(COMMANDS, name)) return null;
  const isAll = flags.some((flag) => flag.startsWith('--help-all'));
  return commandHelp(COMMANDS[name as CommandName], columns, isAll);
}

function withoutHelp(argv: readonly string[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  return argv.filter((word, index) => index >= end || !HELP_FLAG.test(word));
}

async function dispatch(argv: readonly string[], env: RawInput['env'], io: Io): Promise<number> {
  let exitCode = EXIT_DONE;
  // What yargs would print by itself: yargs reports no error where it cannot be written.
  let version = '';
  let parser = yargs()
    .scriptName('conngen')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      // Every value stays the text that was typed: of "abc" yargs would make NaN, and say nothing.
      'parse-numbers': false,
      'parse-positional-numbers': false,
      // What stands behind `--` stays apart: a comparison has its second side there.
      'populate--': true,
      'short-option-groups': false,
      'strip-aliased': true,
    })
    .version(VERSION)
    .alias({ version: 'V' })
    // Ours is made from the tables, and yargs takes 70 ms to lay out its own.
    .help(false)
    .exitProcess(false);
  for (const [name, command] of Object.entries<CommandRow>(COMMANDS)) {
    parser = parser.command(
      // Of a list of words yargs would drop each `-`; without the list it leaves all of them to us.
      command.usage.replace(/ \[\w+\.\.\]$/, ''),
      command.help,
      (each) => describe(each, command.options),
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
      exitCode = await withoutCommand(parsed, io);
    },
  );
  await parser.parseAsync([...argv], {}, (_error, _parsed, output) => {
    version = output;
  });
  if (version !== '') await io.print(`${version}\n`);
  return exitCode;
}

/** Reads the file of `--config`, then runs the command with it. A signal that comes between the two is the command's. */
async function runCommand(command: CommandRow, raw: RawInput, io: Io): Promise<number> {
  const release = keepSignals();
  return configureAndRun(command, raw, io).finally(release);
}

async function configureAndRun(command: CommandRow, raw: RawInput, io: Io): Promise<number> {
  let config: RawInput['config'];
  const exitCode = await answeringSignals(io, async (stop) => {
    config = await loadConfig(raw);
    return stop.exitCode() ?? EXIT_DONE;
  });
  if (exitCode !== EXIT_DONE) return exitCode;
  const run = await command.load();
  return run({ ...raw, config, others: Object.values(TABLES) }, io, COMMANDS);
}

async function withoutCommand(parsed: Readonly<Record<string, unknown>>, io: Io): Promise<number> {
  const names = Object.keys(COMMANDS);
  const problems: Problem[] = [];
  const flags = flagsOf(parsed);
  const isSplit = secretFlag(flags) !== undefined;
  for (const word of wordsOf(parsed).slice(0, 1)) {
    const expected = `one of ${names.join(', ')}${isSplit ? '' : didYouMean(word, names)}`;
    problems.push({ option: 'command', got: isSplit ? HIDDEN : word, expected });
  }
  // Beside a word that is no command, what its options are cannot be said.
  for (const [name, texts] of problems.length > 0 ? [] : flags) {
    const flag = name.length === 1 ? `-${name}` : `--${name}`;
    const isBare = texts.every((text) => text === '' || text === 'true');
    const got = isBare ? flag : texts.map((text) => shownUnknown(name, text)).join(', ');
    problems.push({ option: flag, got, expected: `a command before it: ${names.join(', ')}` });
  }
  if (problems.length > 0) {
    printProblems(io, problems, 'conngen');
    return EXIT_USAGE;
  }
  await io.print(`${generalHelp(COMMANDS, io.style.columns)}\n`);
  return EXIT_DONE;
}

/** Names the options of a command to yargs, so that it knows their aliases. */
function describe(parser: Argv, table: OptionTable): Argv {
  let described = parser;
  for (const [name, spec] of Object.entries(table)) {
    if (spec.positional !== true) described = described.option(name, { alias: [...(spec.alias ?? [])] });
    else if (spec.repeatable !== true) described = described.positional(name, {});
  }
  return described;
}

function rawInput(
  command: string,
  table: OptionTable,
  parsed: Readonly<Record<string, unknown>>,
  env: RawInput['env'],
): RawInput {
  const flags = flagsOf(parsed);
  const [first, ...others] = wordsOf(parsed).slice(1);
  const behind = behindDashes(parsed);
  const positional = Object.keys(table).find((name) => table[name]?.positional === true);
  const name = `conngen ${command}`;
  if (first !== undefined && positional !== undefined && table[positional]?.repeatable === true) {
    const texts = [...(flags.get(positional) ?? []), first, ...others];
    return { command: name, flags: flags.set(positional, texts), extra: [], env, behind: behind.length };
  }
  if (first !== undefined && positional !== undefined && !flags.has(positional))
    return { command: name, flags: flags.set(positional, [first]), extra: others, env };
  return { command: name, flags, extra: wordsOf(parsed).slice(1), env };
}

function flagsOf(parsed: Readonly<Record<string, unknown>>): Map<string, readonly string[]> {
  const flags = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(parsed)) {
    if (['_', '$0', '--', 'help', 'version'].includes(name) || value === undefined) continue;
    flags.set(name, (Array.isArray(value) ? value : [value]).map(String));
  }
  return flags;
}

/** The words without a name, those behind `--` last. */
function wordsOf(parsed: Readonly<Record<string, unknown>>): string[] {
  const words = parsed['_'];
  return [...(Array.isArray(words) ? words.map(String) : []), ...behindDashes(parsed)];
}

function behindDashes(parsed: Readonly<Record<string, unknown>>): string[] {
  const words = parsed['--'];
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
