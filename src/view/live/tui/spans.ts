/** A line of the live view: pieces of text with colours, measured in the cells of a terminal. */
import { printable } from '../../../units/printable.ts';
import { paint, type Colour, type TextStyle } from '../../layout.ts';

export interface Span {
  readonly text: string;
  readonly colour?: Colour;
}

export type Line = readonly Span[];

/** A piece of text, made printable: nothing in it moves the cursor or is invisible. */
export function span(text: string, colour?: Colour): Span {
  const shown = printable(text);
  return colour === undefined ? { text: shown } : { text: shown, colour };
}

/** A line of plain text. */
export function plain(text: string): Line {
  return [span(text)];
}

/** East Asian wide characters and pictographs take two cells (Unicode Standard Annex 11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /^\p{M}$/u;
const ASCII = /^[\x20-\x7e]*$/;

function cellsOf(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The cells that a text takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

export function lineWidth(line: Line): number {
  return line.reduce((cells, { text }) => cells + widthOf(text), 0);
}

/** As much of a text as fits into `cells`; `…` is the last cell where something is cut. */
export function cutText(text: string, cells: number): string {
  if (widthOf(text) <= cells) return text;
  let left = cells - 1;
  let cut = '';
  for (const character of text) {
    left -= cellsOf(character);
    if (left < 0) break;
    cut += character;
  }
  return cells > 0 ? `${cut}…` : '';
}

/** A line that is no longer than `cells`. */
export function cut(line: Line, cells: number): Line {
  let left = cells;
  const kept: Span[] = [];
  for (const each of line) {
    const width = widthOf(each.text);
    if (width > left) {
      if (left > 0) kept.push({ ...each, text: cutText(each.text, left) });
      return kept;
    }
    kept.push(each);
    left -= width;
  }
  return kept;
}

/** A line that is exactly `cells` long: cut, or filled with spaces. */
export function fit(line: Line, cells: number): Line {
  const short = cut(line, cells);
  const missing = cells - lineWidth(short);
  return missing > 0 ? [...short, { text: ' '.repeat(missing) }] : short;
}

/** A text in `cells`, to the left or to the right. */
export function cell(text: string, cells: number, side: 'left' | 'right' = 'right'): string {
  const short = cutText(text, cells);
  const fill = ' '.repeat(Math.max(0, cells - widthOf(short)));
  return side === 'right' ? fill + short : short + fill;
}

/** The line as a terminal takes it. */
export function paintLine(line: Line, style: TextStyle): string {
  return line.map(({ text, colour }) => (colour === undefined ? text : paint(style, colour, text))).join('');
}

export function textOf(line: Line): string {
  return line.map(({ text }) => text).join('');
}
