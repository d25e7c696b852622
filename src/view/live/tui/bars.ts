/** Bars of figures over time, a column for each second or so. */

/** The characters of bars and bounds: blocks where the terminal's character set has them. */
export interface Glyphs {
  /** From the lowest to a full cell, evenly. */
  readonly levels: readonly string[];
  readonly filled: string;
  readonly unfilled: string;
  readonly rule: string;
}

export const BLOCKS: Glyphs = {
  levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  filled: '█',
  unfilled: '░',
  rule: '─',
};
export const ASCII_GLYPHS: Glyphs = {
  levels: ['_', '.', '-', '=', '+', '*', '%', '#'],
  filled: '#',
  unfilled: '.',
  rule: '-',
};

export interface BarsSetup {
  readonly columns: number;
  readonly rows: number;
  /** The value of a full column. */
  readonly max: number;
  readonly isLog: boolean;
  readonly glyphs: Glyphs;
}

/** How many columns each value gets, so that `count` values fill what they can of the room. */
export function columnsEach(columns: number, count: number): number {
  return Math.max(1, Math.floor(columns / count));
}

/** The last values, the newest to the right, as lines from the top down. What is more than nothing always shows. */
export function bars(values: readonly number[], setup: BarsSetup): string[] {
  const { columns, rows, glyphs } = setup;
  const steps = glyphs.levels.length;
  const heights = values.slice(-columns).map((value) => heightOf(value, setup));
  const blank = ' '.repeat(Math.max(0, columns - heights.length));
  return Array.from({ length: rows }, (_, index) => {
    const below = (rows - 1 - index) * steps;
    return blank + heights.map((height) => glyphOf(Math.min(steps, height - below), glyphs)).join('');
  });
}

function glyphOf(level: number, { levels }: Glyphs): string {
  return level <= 0 ? ' ' : levels[level - 1]!;
}

/** In parts of a cell. */
function heightOf(value: number, { rows, max, isLog, glyphs }: BarsSetup): number {
  if (value <= 0 || max <= 0) return 0;
  const share = isLog ? Math.log1p(value) / Math.log1p(max) : value / max;
  return Math.max(1, Math.min(rows * glyphs.levels.length, Math.round(share * rows * glyphs.levels.length)));
}

/** A bar of a share, from 0 to 1. */
export function progressBar(share: number, columns: number, glyphs: Glyphs): string {
  const done = Math.round(Math.max(0, Math.min(1, share)) * columns);
  return glyphs.filled.repeat(done) + glyphs.unfilled.repeat(columns - done);
}
