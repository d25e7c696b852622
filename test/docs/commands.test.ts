/** Every conngen command line in a Markdown file or a script of examples/ is one that conngen takes. */
import t from 'tap';
import { TABLES } from '../../src/cli/commands.ts';
import type { OptionTable } from '../../src/units/option.ts';
import { readOptions } from '../../src/options/read.ts';
import { spellOutSides } from '../../src/options/argv.ts';
import { fencesOf, markdownFiles, readMarkdown, withoutFences } from '../support/markdown.ts';

interface Line {
  readonly place: string;
  readonly words: readonly string[];
  /** In running text a command may be named with part of its options. */
  readonly isWhole: boolean;
}

/** Output that a page shows behind a prompt is no command, and what a page says is refused is refused. */
const REFUSED = /--durration|p99\(totl\)/;

/** The commands of a shell block; of a console block those behind a prompt. */
function commandsOf(file: string): Line[] {
  const text = readMarkdown(file);
  const blocks = fencesOf(text).flatMap(({ language, lines, line }) => {
    const isConsole = language === 'console' || lines.some((each) => each.startsWith('$ '));
    if (language !== 'sh' && !isConsole) return [];
    return joined(lines, isConsole).map(({ text: command, at }) => ({ place: `${file}:${line + at}`, command }));
  });
  const spans = withoutFences(text)
    .split('\n')
    .flatMap((each, index) =>
      [...each.matchAll(/`(conngen [^`]+)`/g)].map((match) => ({ place: `${file}:${index + 1}`, command: match[1]! })),
    );
  return [
    ...blocks.flatMap(({ place, command }) => wordsOf(command).map((words) => ({ place, words, isWhole: true }))),
    ...spans.flatMap(({ place, command }) => wordsOf(command).map((words) => ({ place, words, isWhole: false }))),
  ];
}

/** Lines with those that go on behind a backslash. */
function joined(lines: readonly string[], isConsole: boolean): { readonly text: string; readonly at: number }[] {
  const commands: { text: string; at: number }[] = [];
  let isOpen = false;
  for (const [at, line] of lines.entries()) {
    const isStart: boolean = !isOpen && (!isConsole || line.startsWith('$ '));
    const text = line.replace(/^\$ /, '').replace(/\\$/, '');
    if (isStart) commands.push({ text, at });
    else if (isOpen) commands.at(-1)!.text += text;
    isOpen = (isStart || isOpen) && line.endsWith('\\');
  }
  return commands;
}

/** The words of each conngen command in a line, without variables, quotes, redirections and comments. */
function wordsOf(line: string): string[][] {
  const words = [...line.matchAll(/'[^']*'|"[^"]*"|[^\s'"]+(?:'[^']*'|"[^"]*"|[^\s'"])*/g)].map(([word]) =>
    word.replaceAll(/^['"]|['"]$/g, ''),
  );
  const commands: string[][] = [[]];
  for (const word of words) {
    if (word.startsWith('#')) break;
    if (/^(\||&|;|>)/.test(word)) commands.push([]);
    else commands.at(-1)!.push(word);
  }
  return commands.flatMap((command) => {
    const start = command.findIndex((word) => word === 'conngen' || word === 'bin/conngen.js');
    return start < 0 ? [] : [command.slice(start + 1)];
  });
}

function isCommand(word: string | undefined): word is keyof typeof TABLES {
  return word !== undefined && Object.hasOwn(TABLES, word);
}

/** What conngen says against a command line, without looking at files. */
function problemsOf({ words, isWhole }: Line): string[] {
  const [command, ...rest] = spellOutSides(words, Object.values(TABLES));
  if (!isCommand(command)) return isKnownElsewhere(command) ? [] : [`no command ${String(command)}`];
  const table: OptionTable = TABLES[command];
  const flags = new Map<string, string[]>();
  const extra: string[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    // Between the sides of a comparison.
    if (word === '--') continue;
    if (!word.startsWith('-') || word === '-') {
      extra.push(word);
      continue;
    }
    const [, name = '', value] = /^--?([\w-]+)(?:=(.*))?$/.exec(word) ?? [];
    if (['help', 'help-all', 'h', 'version', 'V'].includes(name)) continue;
    const full = fullName(table, name);
    const isSwitch = table[full]?.isSwitch === true;
    const text = value ?? (isSwitch ? 'true' : rest[++at]) ?? '';
    // In running text an option may stand without its value.
    if (text === '' && !isWhole) {
      if (table[full] === undefined) return [`no option --${name}`];
      continue;
    }
    flags.set(full, [...(flags.get(full) ?? []), text]);
  }
  const positional = Object.keys(table).find((name) => table[name]?.positional === true);
  const count = table[positional ?? '']?.repeatable === true ? extra.length : 1;
  if (positional !== undefined && extra.length > 0) flags.set(positional, extra.splice(0, count));
  const { problems } = readOptions(table, { command: `conngen ${command}`, flags, extra, env: {}, config: undefined });
  return problems
    .filter(({ option, got }) => isWhole || !(option === 'config' || isPlaceholder(got)))
    .filter(({ option }) => option !== '--config')
    .map(({ option, got, expected }) => `${option}: got ${String(got)}, expected ${expected}`);
}

/** In running text capitals stand for values. */
function isPlaceholder(got: string | null): boolean {
  return got !== null && /[A-Z]{2}|…/.test(got);
}

function isKnownElsewhere(word: string | undefined): boolean {
  return word === undefined || /^(--|-|COMMAND|…|completion|report)/.test(word);
}

function fullName(table: OptionTable, name: string): string {
  const found = Object.entries(table).find(([full, { alias }]) => full === name || alias?.includes(name));
  return found?.[0] ?? name;
}

t.test('the README lists every command', async (t) => {
  const rows = readMarkdown('README.md').match(/^\| `conngen \w+`/gm) ?? [];
  // The demo is what "Sixty seconds" shows, and completions are for shells.
  const listed = [...rows.map((row) => /conngen (\w+)/.exec(row)![1]!), 'demo', 'completion'];
  t.strictSame(
    Object.keys(TABLES).filter((name) => !listed.includes(name)),
    [],
  );
});

t.test('command lines of pages', async (t) => {
  const lines = markdownFiles()
    .filter((file) => file !== 'CHANGELOG.md')
    .flatMap(commandsOf)
    .filter(({ words }) => words.length > 0);
  t.ok(lines.length > 100, `found ${lines.length}`);
  const wrong = lines
    .filter(({ words }) => !REFUSED.test(words.join(' ')))
    .flatMap((line) => problemsOf(line).map((problem) => `${line.place}: ${problem}`));
  t.strictSame(wrong, []);
});
