/** What is to fail the run, and whether it is so by now. */
import { formatFigure } from '../../../text/thresholds.ts';
import type { ThresholdState } from '../live-run.ts';
import { heading, type PanelSetup } from '../panel.ts';
import { span, type Line } from '../spans.ts';
import type { Colour } from '../../../layout.ts';

const WORDS: Readonly<Record<ThresholdState['status'], readonly [word: string, colour: Colour]>> = {
  ok: ['ok', 'green'],
  fails: ['FAILS', 'red'],
  none: ['...', 'dim'],
};

export function thresholdsPanel(setup: PanelSetup): Line[] {
  const states = setup.run.thresholds;
  if (states.length === 0) return [];
  const rows = states.map(({ criterion, value, status }): Line => {
    const [word, colour] = WORDS[status];
    const figure = status === 'none' ? 'not yet' : formatFigure({ value, unit: criterion.unit });
    return [span(` ${word.padEnd(6)}`, colour), span(criterion.expression), span(`  ${figure}`, 'dim')];
  });
  const { figuresName } = setup.run;
  return [heading(figuresName === '' ? 'fail if, by now' : `fail if, ${figuresName} by now`, setup), ...rows];
}
