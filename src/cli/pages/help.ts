/** The help of the command line and of each command, as text. */
import { describeOption, groupsOf, type OptionDescription, type OptionGroup } from '../../options/describe.ts';
import type { CommandRow, CommandRows } from '../command-row.ts';
import { ENV_PREFIX } from '../../options/names.ts';

/** The widest that text is laid out: longer lines are hard to read. */
const COLUMNS_MAX = 100;
/** Names of options start here, behind the short one and a comma. */
const SHORT_COLUMNS = 4;
const NAME_COLUMNS_MAX = 28;

const ABOUT = 'How many new TCP connections per second can a target take?';

const FROM_VARIABLES = `Options can also come from ${ENV_PREFIX}* variables (${ENV_PREFIX}MAX_IN_FLIGHT=100)`;
const EXIT_CODES =
  'Exit codes: 0 done, 1 failed while running, 2 usage, 3 (search, saturate) this machine was the limit, 99 a threshold was not met, ' +
  '129, 130 and 143 stopped by a signal.';

/** What every help ends with. `hasConfig`: the command has `--config`. */
function ending(hasConfig: boolean, width: number): string[] {
  const sources = hasConfig ? `${FROM_VARIABLES} and from --config FILE (JSON).` : `${FROM_VARIABLES}.`;
  return [sources, EXIT_CODES].flatMap((line) => wrap(line, width));
}

/** The help of `conngen`, in at most `columns` columns. */
export function generalHelp(commands: CommandRows, columns: number): string {
  const width = Math.min(COLUMNS_MAX, columns);
  const rows = Object.values(commands).map(({ usage, help }) => [`conngen ${usage}`, help] as const);
  return [
    'conngen <command>',
    '',
    ...wrap(ABOUT, width),
    '',
    'Commands:',
    ...table(rows, width),
    '',
    'Options:',
    ...table(
      [
        ['-h, --help', 'show help; conngen COMMAND --help shows that of a command'],
        ['-V, --version', 'show the version'],
      ],
      width,
    ),
    '',
    ...ending(true, width),
  ].join('\n');
}

/** The help of a command, in at most `columns` columns: of its common options, or of all of them. */
export function commandHelp({ usage, help, examples, options }: CommandRow, columns: number, isAll: boolean): string {
  const width = Math.min(COLUMNS_MAX, columns);
  const groups = groupsOf(options);
  const shown = groups
    .map((group) => ({ ...group, options: group.options.filter(({ isCommon }) => isCommon || isAll) }))
    .filter((group) => group.options.length > 0);
  const hidden = count(groups) - count(shown);
  return [
    `conngen ${usage}`,
    '',
    ...wrap(capital(help), width),
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...exampleLines(examples, width)]),
    ...shown.flatMap((group) => ['', `${group.heading}:`, ...optionLines(group.options, width, isAll)]),
    '',
    'Help:',
    ...optionLines(helpOptions(hidden), width),
    '',
    ...ending('config' in options, width),
  ].join('\n');
}

function count(groups: readonly OptionGroup[]): number {
  return groups.reduce((sum, { options }) => sum + options.length, 0);
}

function helpOptions(hidden: number): OptionDescription[] {
  const parse = (): { readonly ok: true; readonly value: boolean } => ({ ok: true, value: true });
  const option = (name: string, help: string, alias?: string): OptionDescription =>
    describeOption(name, { parse, help, group: '', value: '', isSwitch: true, ...(alias && { alias: [alias] }) });
  return [
    option('help', hidden > 0 ? 'show this help' : 'show the help of common options', 'h'),
    option('help-all', hidden > 0 ? `show all options: ${hidden} more` : 'show all options'),
    option('version', 'show the version', 'V'),
  ];
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** A command line each, and what it does beside it, or below it where both do not fit on a line. */
function exampleLines(examples: CommandRow['examples'], width: number): string[] {
  const lines = examples.map(([line, help]) => [line.replace('$0', 'conngen'), help] as const);
  const column = Math.max(...lines.map(([line]) => line.length)) + 4;
  const fits = lines.every(([, help]) => column + help.length <= width);
  return lines.flatMap(([line, help]) =>
    fits ? [`  ${line.padEnd(column - 2)}${help}`] : [`  ${line}`, `      ${help}`],
  );
}

/** `hasMeanings`: below an option stands what each of its words means. */
function optionLines(options: readonly OptionDescription[], width: number, hasMeanings = false): string[] {
  const rows = options.flatMap((option) => {
    const meanings = hasMeanings ? option.words.filter(([, meaning]) => meaning !== '') : [];
    return [[shownName(option), shownHelp(option)], ...meanings.map(([word, meaning]) => ['', `${word}: ${meaning}`])];
  }) as [string, string][];
  return table(rows, width);
}

/** `-r, --rate N/s`, with room for a short name where there is none. */
function shownName({ flags, value, isPositional }: OptionDescription): string {
  const [first = ''] = flags;
  const indent = isPositional || !first.startsWith('--') ? '' : ' '.repeat(SHORT_COLUMNS);
  return `${indent}${flags.join(', ')}${value === '' ? '' : ` ${value}`}`;
}

function shownHelp({ help, default: standard, isSwitch }: OptionDescription): string {
  return standard === null || isSwitch ? help : `${help} [default: ${standard}]`;
}

/** Two columns; a first one that is too long stands on a line of its own. */
function table(rows: readonly (readonly [string, string])[], width: number): string[] {
  const longest = Math.max(...rows.map(([name]) => name.length));
  const column = Math.min(longest, NAME_COLUMNS_MAX) + 4;
  return rows.flatMap(([name, help]) => {
    const lines = wrap(help, Math.max(20, width - column));
    const rest = lines.slice(1).map((line) => ' '.repeat(column) + line);
    if (name.length + 4 > column) return [`  ${name}`, ' '.repeat(column) + (lines[0] ?? ''), ...rest];
    return [`  ${name.padEnd(column - 2)}${lines[0] ?? ''}`, ...rest];
  });
}

/** Lines of at most `width` characters; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
