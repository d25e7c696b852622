/** What a report tells of a run, apart from its looks: text and Markdown are made from the same facts. */
import { entry, foldedTable, paint, table, type Colour, type TextStyle } from './layout.ts';

/** One line of a report. An empty label continues the fact before it; a label that begins with spaces is a part of that fact. */
export type Fact = readonly [label: string, text: string, colour?: Colour];

/** Rows of cells, the heading first. */
export type Rows = readonly (readonly string[])[];

/** A run of facts, or a table between two of them. `dropRanks`: by column, how early it is left out where the width is short (0: never). */
export type Part =
  { readonly facts: readonly Fact[] } | { readonly rows: Rows; readonly dropRanks?: readonly number[] };

const INDENT = 2;

/** Which of the rounds that were asked for were not run, where a run broke off; nothing where all were. */
export function notRunSentences(result: {
  readonly config: { readonly rates_per_sec: readonly unknown[] };
  readonly rounds: readonly unknown[];
  readonly error?: object;
}): string[] {
  const asked = result.config.rates_per_sec.length;
  const done = result.rounds.length;
  if (result.error === undefined || done === 0 || done >= asked) return [];
  const which =
    done + 1 === asked ? `Round ${asked} of the ${asked}` : `Rounds ${done + 1} to ${asked} of the ${asked}`;
  return [`${which} that were asked for ${done + 1 === asked ? 'was' : 'were'} not run.`];
}

export const NO_ROUND = 'No round was run.';
export const STOPPED_EARLY = 'Stopped early: the figures are those until then.';

/** A fact a text, the label before the first only. */
export function listed(label: string, texts: readonly string[]): Fact[] {
  return texts.map((text, index) => [index === 0 ? label : '', text]);
}

/** A fact for a terminal, one or more lines each. */
export function factLines(style: TextStyle, facts: readonly Fact[]): string[] {
  return facts.map(([label, text, colour]) => entry(style, label, text, colour));
}

export function partLines(style: TextStyle, parts: readonly Part[]): string[] {
  return parts.flatMap((part) => {
    if ('facts' in part) return factLines(style, part.facts);
    const { rows, dropRanks } = part;
    const [first = '', ...rest] =
      dropRanks === undefined ? foldedTable(rows, style, INDENT) : droppingTable(rows, dropRanks, style);
    return [paint(style, 'dim', first), ...rest];
  });
}

function droppingTable(rows: Rows, dropRanks: readonly number[], style: TextStyle): string[] {
  const lines = table(rows, INDENT);
  const next = Math.min(...dropRanks.filter((rank) => rank > 0));
  if (next === Infinity || lines.every(({ length }) => length <= style.columns)) return lines;
  const isKept = (_: unknown, column: number): boolean => dropRanks[column] !== next;
  return droppingTable(
    rows.map((row) => row.filter(isKept)),
    dropRanks.filter(isKept),
    style,
  );
}
