/** What was started, completed and failed each second. */
import { formatCount, formatPerSec } from '../../../../units/format.ts';
import { bars, columnsEach } from '../bars.ts';
import { HISTORY_SEC, type LiveRun, type Point } from '../live-run.ts';
import { heading, type PanelSetup } from '../panel.ts';
import { cell, span, type Line } from '../spans.ts';

const NAME_CELLS = 10;
const RATE_CELLS = 11;

interface Row {
  readonly name: string;
  readonly valueOf: (point: Point) => number;
  readonly isFailure?: true;
}

const LOAD_ROWS: readonly Row[] = [
  { name: 'started', valueOf: ({ startedPerSec }) => startedPerSec },
  { name: 'completed', valueOf: ({ completedPerSec }) => completedPerSec },
  { name: 'failed', valueOf: ({ failedPerSec }) => failedPerSec, isFailure: true },
];
const PING_ROWS: readonly Row[] = [
  { name: 'sent', valueOf: ({ startedPerSec }) => startedPerSec },
  { name: 'received', valueOf: ({ completedPerSec }) => completedPerSec },
  { name: 'lost', valueOf: ({ failedPerSec }) => failedPerSec, isFailure: true },
];

/** A row of bars each. Failures have a scale of their own, which their row names. */
export function ratesPanel(setup: PanelSetup): Line[] {
  const { run, width, isLog } = setup;
  const isPings = run.plan.command === 'rtt';
  const chart = Math.max(8, width - NAME_CELLS - RATE_CELLS - 3);
  const each = columnsEach(chart, HISTORY_SEC);
  const shownSec = Math.min(HISTORY_SEC, Math.floor(chart / each));
  const points = run.history.slice(-shownSec);
  const noun = isPings ? 'pings' : 'connections';
  const title = `${noun} a second, last ${shownSec} s${isLog ? ', log scale' : ''}`;
  const peak = Math.max(0, ...points.flatMap(({ startedPerSec, completedPerSec }) => [startedPerSec, completedPerSec]));
  const lines: Line[] = [heading(title, setup, offeredText(run))];
  for (const { name, valueOf, isFailure } of isPings ? PING_ROWS : LOAD_ROWS) {
    const values = points.map(valueOf);
    const highest = Math.max(0, ...values);
    const rate = run.lastPoint === null ? '-' : formatPerSec(Math.round(valueOf(run.lastPoint) * 10) / 10);
    const max = isFailure === true ? highest : peak;
    const wide = values.flatMap((value) => Array.from({ length: each }, () => value));
    // Failures are few rows high: whether there are any matters more than how many more.
    const rows = isFailure === true ? 1 : setup.chartRows;
    const drawn = bars(wide, { columns: each * shownSec, rows, max, isLog, glyphs: setup.glyphs });
    const isBad = isFailure === true && highest > 0;
    for (const [index, text] of drawn.entries()) {
      const isLast = index === drawn.length - 1;
      const head = isLast ? ` ${name.padEnd(NAME_CELLS)}` : ' '.repeat(NAME_CELLS + 1);
      const figure = isLast ? cell(rate, RATE_CELLS) : ' '.repeat(RATE_CELLS);
      lines.push([span(head, 'dim'), span(figure, isBad ? 'red' : 'bold'), span(` ${text}`, isBad ? 'red' : 'green')]);
    }
  }
  return lines;
}

/** `offered 5,000/s, open 3`, with the round before it where there are several. */
function offeredText(run: LiveRun): string {
  const { offeredPerSec, inFlight, figuresName, plan } = run;
  const rising =
    plan.ramp === null ? '' : `offered ${formatPerSec(plan.ramp.fromPerSec)} to ${formatPerSec(plan.ramp.toPerSec)}`;
  const offered = offeredPerSec === null ? rising : `offered ${formatPerSec(Math.round(offeredPerSec * 10) / 10)}`;
  const open = inFlight === null ? '' : `open ${formatCount(inFlight)}`;
  const text = [offered, open].filter((each) => each !== '').join(', ');
  return figuresName === '' || text === '' ? text : `${figuresName}: ${text}`;
}
