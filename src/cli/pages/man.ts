/** The manual pages, in the macros of man(7), made from the tables of commands and options. */
import { groupsOf, type OptionDescription, type OptionGroup } from '../../options/describe.ts';
import { envName } from '../../options/names.ts';
import { BUGS_URL } from '../../units/bugs.ts';
import type { CommandRow, CommandRows } from '../command-row.ts';
import { EXIT_MEANINGS } from '../process/exit-codes.ts';

interface Edition {
  /** The version of conngen that the pages are for. */
  readonly version: string;
  /** The day of that version, `2026-11-28`; empty before the first one. */
  readonly date: string;
}

/** The text of each page by its file: `conngen.1`, and a `conngen-COMMAND.1` for each command. */
export function manPages(commands: CommandRows, edition: Edition): ReadonlyMap<string, string> {
  const names = Object.keys(commands);
  const pages = Object.entries(commands).map(([name, row]): [string, string] => [
    `conngen-${name}.1`,
    commandPage(name, row, names, edition),
  ]);
  return new Map([['conngen.1', mainPage(commands, edition)], ...pages]);
}

function mainPage(commands: CommandRows, edition: Edition): string {
  const rows = Object.entries(commands).flatMap(([name, { help }]) => [
    '.TP',
    `.BR conngen\\-${escaped(name)} (1)`,
    sentence(help),
  ]);
  return lines([
    head('conngen', edition),
    '.SH NAME',
    'conngen \\- measure how many new TCP connections per second a target takes',
    '.SH SYNOPSIS',
    '.B conngen',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    escaped(
      'conngen opens TCP connections on a fixed schedule, measures each from the moment at which it was due, and says which side was ' +
        'the limit: the target, the network or this machine.',
    ),
    '.PP',
    escaped('Each command has a manual page of its own. conngen COMMAND --help shows its common options.'),
    '.SH COMMANDS',
    ...rows,
    ...ending(Object.keys(commands)),
  ]);
}

function commandPage(name: string, row: CommandRow, names: readonly string[], edition: Edition): string {
  const groups = groupsOf(row.options);
  const argument = groups.flatMap(({ options }) => options).find(({ isPositional }) => isPositional);
  const words =
    argument === undefined ? '' : ` [\\fI${escaped(argument.flags[0]!)}\\fR${argument.isRepeatable ? ' ...' : ''}]`;
  return lines([
    head(`conngen-${name}`, edition),
    '.SH NAME',
    `conngen\\-${escaped(name)} \\- ${escaped(row.help)}`,
    '.SH SYNOPSIS',
    `.B conngen ${escaped(name)}`,
    `[\\fIoptions\\fR]${words}`,
    '.SH DESCRIPTION',
    sentence(row.help),
    '.SH OPTIONS',
    ...groups.flatMap(groupLines),
    ...exampleLines(row),
    ...ending(names.filter((each) => each !== name)),
  ]);
}

function groupLines({ heading, options }: OptionGroup): string[] {
  return [`.SS ${escaped(heading)}`, ...options.flatMap(optionLines)];
}

function optionLines(option: OptionDescription): string[] {
  const { name, flags, value, help, words, details, isPositional } = option;
  const typed = flags.map((flag) =>
    isPositional
      ? `\\fI${escaped(flag)}\\fR`
      : `\\fB${escaped(flag)}\\fR${value === '' ? '' : ` \\fI${escaped(value)}\\fR`}`,
  );
  const explained = words.filter(([, meaning]) => meaning !== '');
  return [
    '.TP',
    typed.join(', '),
    sentence(help),
    escaped(factsOf(option)),
    ...(explained.length === 0 ? [] : ['.RS', ...explained.flatMap(wordLines), '.RE']),
    ...details.flatMap((paragraph) => ['.IP', text(paragraph)]),
    ...(isPositional ? [] : [`.IP`, `Environment: ${escaped(envName(name))}`]),
  ].filter((line) => line !== '');
}

/** The default, the range, and whether the option may be repeated, in one line; empty where there is none of it. */
function factsOf({ default: standard, range, isRepeatable }: OptionDescription): string {
  const facts = [
    ...(standard === null ? [] : [`Default: ${standard}.`]),
    ...(range === null ? [] : [`From ${range.min} to ${range.max}.`]),
    ...(isRepeatable ? ['May be given several times.'] : []),
  ];
  return facts.join(' ');
}

function wordLines([word, meaning]: readonly [string, string]): string[] {
  return ['.TP', `.B ${escaped(word)}`, text(meaning)];
}

function exampleLines({ examples }: CommandRow): string[] {
  if (examples.length === 0) return [];
  return [
    '.SH EXAMPLES',
    ...examples.flatMap(([line, help]) => ['.TP', `.B ${escaped(line.replace('$0', 'conngen'))}`, sentence(help)]),
  ];
}

function ending(names: readonly string[]): string[] {
  const codes = EXIT_MEANINGS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning.replaceAll('`', ''))]);
  const others = names.map(
    (name, index) => `.BR conngen\\-${escaped(name)} (1)${index === names.length - 1 ? '' : ' ,'}`,
  );
  return ['.SH EXIT STATUS', ...codes, '.SH REPORTING BUGS', escaped(BUGS_URL), '.SH SEE ALSO', ...others];
}

function head(title: string, { version, date }: Edition): string {
  return `.\\" Made by npm run docs from the tables in src/cli and src/options. Change those.
.TH ${escaped(title.toUpperCase())} 1 "${date}" "conngen ${escaped(version)}" "conngen manual"`;
}

function sentence(phrase: string): string {
  return text(`${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}.`);
}

/** A text on a line of its own: a line that begins with a dot or an apostrophe would be a macro. */
function text(words: string): string {
  const line = escaped(words);
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

/** What roff reads as the characters themselves; a hyphen stays one that can be copied. */
function escaped(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('`', '\\(ga')
    .replaceAll('×', '\\(mu');
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
