/** A terminal in memory that knows what the live view writes. Its lines are not broken anew, as those of xterm are not. */
import type { ScreenSize, ScreenTerminal } from '../../src/view/live/tui/screen.ts';

export class TinyTerminal implements ScreenTerminal {
  readonly reflows = false;
  columns: number;
  rows: number;
  /** All lines, those that have left the screen at the top included. */
  readonly lines: string[] = [''];
  /** How often something was written. */
  writes = 0;
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  size(): ScreenSize {
    return { columns: this.columns, rows: this.rows };
  }

  write(text: string): void {
    this.writes++;
    const tokens = /\u001b\[(?<parameters>[?\d;]*)(?<final>[A-Za-z])|(?<character>[^\u001b])/gu;
    for (const { groups } of text.matchAll(tokens)) {
      const { parameters = '', final, character } = groups!;
      if (final === undefined) this.#put(character!);
      else this.#control(final, parameters);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') {
      this.#column = 0;
      this.#row++;
      if (this.#row === this.lines.length) this.lines.push('');
    } else {
      if (this.#column >= this.columns) throw new Error('a line that is longer than the terminal is wide');
      const line = this.lines[this.#row]!.padEnd(this.#column);
      this.lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column++;
    }
  }

  #control(final: string, parameters: string): void {
    if (final === 'A') {
      const top = Math.max(0, this.lines.length - this.rows);
      this.#row = Math.max(top, this.#row - Number(parameters));
    } else if (final === 'C') this.#column += Math.max(1, Number(parameters));
    else if (final === 'K') this.lines[this.#row] = this.lines[this.#row]!.slice(0, this.#column);
    else if (final === 'J') {
      this.lines[this.#row] = this.lines[this.#row]!.slice(0, this.#column);
      this.lines.length = this.#row + 1;
    } else if (final !== 'm' && !parameters.startsWith('?2026')) throw new Error(`unknown: ${final}`);
  }
}
