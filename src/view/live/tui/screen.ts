/**
 * A block of lines that is drawn again and again at the end of a terminal's output. Only lines that changed are written. There is no
 * alternate screen and the cursor stays visible, so that nothing is left to restore: what was drawn stays, and other output goes on
 * below it.
 */

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** The part of a terminal that drawing needs. */
export interface ScreenTerminal {
  /** Whether the terminal breaks its lines anew when it becomes narrower. */
  readonly reflows: boolean;
  size(): ScreenSize;
  write(text: string): void;
}

export interface ScreenLine {
  /** Without anything that moves the cursor; may have colours. */
  readonly text: string;
  /** The cells that it takes: less than the terminal has columns. */
  readonly cells: number;
}

/** Between these a terminal that knows them shows nothing (synchronized output); others ignore them. */
const HOLD = '\u001b[?2026h';
const RELEASE = '\u001b[?2026l';
const ERASE_REST = '\u001b[K';
/** Erases the line and all below. tmux takes an erasure from the first cell of the screen for `clear`, and keeps the frame as history. */
const ERASE_BELOW = '\u001b[K\u001b[C\u001b[J\r';

export class Screen {
  readonly #terminal: ScreenTerminal;
  /** What is on the terminal. The cursor is at the beginning of the line below. */
  #drawn: readonly ScreenLine[] = [];
  #size: ScreenSize | null = null;
  /** The cells of lines that went out at the top when the terminal became smaller. A terminal may show them again when it grows. */
  #outside: readonly number[] = [];

  constructor(terminal: ScreenTerminal) {
    this.#terminal = terminal;
  }

  /** Shows `lines` in place of those before. There must be fewer of them than the terminal has rows. */
  draw(lines: readonly ScreenLine[]): void {
    const size = this.#terminal.size();
    const text = this.#isResized(size) ? this.#eraseResized(size) + full(lines) : changes(this.#drawn, lines);
    this.#size = size;
    this.#drawn = lines;
    if (text !== '') this.#terminal.write(HOLD + text + RELEASE);
  }

  /** Takes the lines off the terminal, so that other output can come in their place. */
  erase(): void {
    if (this.#drawn.length === 0) return;
    const size = this.#terminal.size();
    this.#terminal.write(this.#isResized(size) ? this.#eraseResized(size) : up(this.#drawn.length) + ERASE_BELOW);
    // What comes now goes between the two.
    this.#outside = [];
    this.#drawn = [];
  }

  /** Leaves what is drawn where it is: the next lines are drawn below. */
  leave(): void {
    this.#drawn = [];
    this.#outside = [];
  }

  #isResized({ columns, rows }: ScreenSize): boolean {
    return this.#size !== null && (columns !== this.#size.columns || rows !== this.#size.rows);
  }

  /** Erases what is left of the old lines on a terminal that has got another size. */
  #eraseResized({ columns, rows }: ScreenSize): string {
    const all = [...this.#outside, ...this.#drawn.map(({ cells }) => cells)];
    const rowsOf = (cells: number): number => {
      return this.#terminal.reflows ? Math.max(1, Math.ceil(cells / Math.max(1, columns))) : 1;
    };
    let reached = 0;
    let first = all.length;
    while (first > 0 && reached < rows - 1) reached += rowsOf(all[--first]!);
    this.#outside = all.slice(0, first);
    return up(Math.min(reached, rows - 1)) + ERASE_BELOW;
  }
}

function up(rows: number): string {
  return rows > 0 ? `\r\u001b[${rows}A` : '\r';
}

function full(lines: readonly ScreenLine[]): string {
  return lines.map(({ text }) => `${text}${ERASE_REST}\n`).join('');
}

function changes(before: readonly ScreenLine[], after: readonly ScreenLine[]): string {
  if (before.length === after.length && after.every(({ text }, index) => text === before[index]!.text)) return '';
  const written = after.map(({ text }, index) => (text === before[index]?.text ? '\n' : `${text}${ERASE_REST}\n`));
  return up(before.length) + written.join('') + (after.length < before.length ? ERASE_BELOW : '');
}
