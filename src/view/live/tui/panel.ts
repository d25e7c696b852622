/** A part of the live view: a function from what is known of the run to lines. */
import type { Glyphs } from './bars.ts';
import type { LiveRun } from './live-run.ts';
import { lineWidth, span, type Line } from './spans.ts';

/** What a panel is drawn with. */
export interface PanelSetup {
  readonly run: LiveRun;
  /** The cells of a line. */
  readonly width: number;
  /** The rows of each chart. */
  readonly chartRows: number;
  /** How many entries a list may show. */
  readonly listRows: number;
  readonly glyphs: Glyphs;
  /** Charts have a log scale. */
  readonly isLog: boolean;
  readonly isPaused: boolean;
}

/** Returns no line where there is nothing to show. No line is wider than `width`. */
export type Panel = (setup: PanelSetup) => Line[];

/** The line above a panel: its title, and a rule to the end. `right` stands before the end of the rule. */
export function heading(title: string, { width, glyphs }: Pick<PanelSetup, 'width' | 'glyphs'>, right = ''): Line {
  const { rule } = glyphs;
  const head: Line = [span(`${rule} `, 'dim'), span(title, 'bold'), span(' ')];
  const tail: Line = right === '' ? [] : [span(` ${right}`)];
  const missing = width - lineWidth(head) - lineWidth(tail);
  return [...head, span(rule.repeat(Math.max(0, missing)), 'dim'), ...(missing >= 0 ? tail : [])];
}

/** As long as `missed starts`. */
const LABEL_CELLS = 13;

/** The cells of a panel beside a label. */
export function besideLabel({ width }: Pick<PanelSetup, 'width'>): number {
  return width - LABEL_CELLS - 2;
}

/** ` label           text`. */
export function labelled(label: string, ...text: Line): Line {
  return [span(` ${label.padEnd(LABEL_CELLS)} `, 'dim'), ...text];
}
