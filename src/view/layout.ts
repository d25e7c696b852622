/** Plain text on a limited width: wrapping, columns, colours. What is wrapped or stands in a table is made printable here. */
import { printable } from '../units/printable.ts';

/** How a report is to look. */
export interface TextStyle {
  readonly columns: number;
  readonly colours: boolean;
}

export const PLAIN: TextStyle = { columns: 80, colours: false };

/** The width of a stream; a terminal that does not know its own says 0. */
export function columnsOf({ columns = 0 }: { readonly columns?: number }): number {
  return columns > 0 ? columns : PLAIN.columns;
}

export type Colour = 'bold' | 'dim' | 'green' | 'yellow' | 'red';

const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  green: [32, 39],
  yellow: [33, 39],
  red: [31, 39],
};

export function paint(style: TextStyle, colour: Colour, text: string): string {
  const [on, off] = CODES[colour];
  return style.colours ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

/** Between a number and its unit no line breaks. */
const UNIT = '(?:%|points?|ns|µs|ms|s|min|h|B|KiB|MiB|GiB)(?![\\w/])';
const BREAK = new RegExp(String.raw`(?<!\d) | (?!${UNIT})`);
const NO_BREAK = new RegExp(String.raw`(?<=\d) (?=${UNIT})`, 'g');

/** Text whose lines something else breaks, with the spaces at which they must not. */
export function unbroken(text: string): string {
  return text.replaceAll(NO_BREAK, '\u00a0');
}

/** Lines of at most `columns` characters, broken at spaces; a longer word stands alone. The first line has no indent. `text` has no colours yet. */
export function wrap(text: string, columns: number, indent: number): string {
  const room = Math.max(20, columns - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(BREAK)) {
    if (word === '') continue;
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.join(`\n${' '.repeat(indent)}`);
}

interface ErrorOfResult {
  readonly code: string;
  readonly message: string;
}

/** Why a run broke off; `error` as results hold it. */
export function failure(style: TextStyle, error: ErrorOfResult): string {
  return paint(style, 'red', wrap(failureText(error), style.columns, 0));
}

export function failureText({ message, code }: ErrorOfResult): string {
  return `Failed: ${message} (${code})`;
}

const LABEL_COLUMNS = 12;
const INDENT = 2;

/** `  label      text`, wrapped under itself. */
export function entry(style: TextStyle, label: string, text: string, colour?: Colour): string {
  const indent = INDENT + LABEL_COLUMNS;
  const wrapped = wrap(text, style.columns, indent);
  const shown = colour === undefined ? wrapped : paint(style, colour, wrapped);
  return `${' '.repeat(INDENT)}${paint(style, 'dim', label.padEnd(LABEL_COLUMNS))}${shown}`;
}

export const GAP = 2;

/** Rows in columns as wide as their widest cell: the first to the left, the others to the right, two spaces between. */
export function table(cells: readonly (readonly string[])[], indent: number): string[] {
  const rows = cells.map((row) => row.map((cell) => printable(cell)));
  const widths = widthsOf(rows);
  return rows.map((row) => {
    const padded = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return (' '.repeat(indent) + padded.join(' '.repeat(GAP))).trimEnd();
  });
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return widths;
}

/** A table that goes on below itself where the width ends, with the first column again, and an empty line between. */
export function foldedTable(cells: readonly (readonly string[])[], style: TextStyle, indent: number): string[] {
  const rows = cells.map((row) => row.map((cell) => printable(cell)));
  const [firstWidth = 0, ...widths] = widthsOf(rows);
  const blocks: number[][] = widths.length === 0 ? [[]] : [];
  let left = 0;
  for (const [index, width] of widths.entries()) {
    left -= GAP + width;
    if (left < 0) {
      blocks.push([]);
      left = style.columns - indent - firstWidth - GAP - width;
    }
    blocks.at(-1)!.push(index + 1);
  }
  return blocks.flatMap((columns, index) => {
    const lines = table(
      rows.map((row) => [row[0]!, ...columns.map((column) => row[column]!)]),
      indent,
    );
    return index === 0 ? lines : ['', ...lines];
  });
}
