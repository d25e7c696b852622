/** The trials of a search on an axis of their loads, and the steps of a saturation. */
import type { TrialResult } from '../../../../document/limit.ts';
import { formatCount, formatLatency, formatPerSec } from '../../../../units/format.ts';
import { stepLine } from '../../../text/saturate.ts';
import { trialLine } from '../../../text/search.ts';
import { progressBar } from '../bars.ts';
import type { LiveRun, TrialState } from '../live-run.ts';
import { heading, type PanelSetup } from '../panel.ts';
import { cell, plain, span, type Line, type Span } from '../spans.ts';
import type { Colour } from '../../../layout.ts';

type Answer = 'met' | 'not met' | 'inconclusive';

const MARKS: Readonly<Record<Answer, readonly [mark: string, colour: Colour]>> = {
  met: ['o', 'green'],
  'not met': ['x', 'red'],
  inconclusive: ['?', 'yellow'],
};

/** The axis with a mark for each trial, what is known so far, and the last trials in words. */
export function trialsPanel(setup: PanelSetup): Line[] {
  const { run, listRows } = setup;
  const lines: Line[] = [heading('search: o met, x not met, ? inconclusive', setup)];
  if (run.trials.length === 0) return [...lines, plain(' no trial has ended yet')];
  // One quantity and payload at a time: what came before has its answer.
  const latest = run.trials.at(-1)!.result;
  const current = run.trials.filter(
    ({ result }) => result.quantity === latest.quantity && result.payload_file === latest.payload_file,
  );
  lines.push(axisLine(current, run, setup), ...boundLines(current));
  const listed = run.trials.slice(-Math.max(1, listRows));
  return [...lines, ...listed.map(({ trial, result, reason }) => plain(` ${trialLine(trial, result, reason)}`))];
}

function loadOf(trial: TrialResult): number {
  if (trial.quantity === 'connections') return trial.connections ?? 0;
  if (trial.quantity === 'teardown') return trial.exchange_rate_per_sec ?? 0;
  return trial.rate_per_sec;
}

function loadText(load: number, { quantity }: TrialResult): string {
  return quantity === 'connections' ? formatCount(load) : formatPerSec(load);
}

/** Of the goals together: not met where one is not. */
function answerOf(trial: TrialResult): Answer {
  const values = Object.values(trial.passed);
  if (values.includes(null)) return 'inconclusive';
  return values.every((met) => met === true) ? 'met' : 'not met';
}

/** Loads on a log axis. Where several fall together the worst answer shows. */
function axisLine(trials: readonly TrialState[], run: LiveRun, { width, glyphs }: PanelSetup): Line {
  const loads = trials.map(({ result }) => loadOf(result));
  const low = Math.min(...loads);
  const high = Math.max(...loads);
  const first = trials[0]!.result;
  const left = ` ${loadText(low, first)} `;
  const right = ` ${loadText(high, first)}`;
  const columns = Math.max(10, width - left.length - right.length);
  const marks: (Answer | null)[] = Array.from({ length: columns }, () => null);
  const worst: readonly (Answer | null)[] = ['not met', 'inconclusive', 'met', null];
  for (const { result } of trials) {
    const share = high === low ? 0.5 : Math.log(loadOf(result) / low) / Math.log(high / low);
    const at = Math.max(0, Math.min(columns - 1, Math.round(share * (columns - 1)) || 0));
    const answer = answerOf(result);
    if (worst.indexOf(answer) < worst.indexOf(marks[at] ?? null)) marks[at] = answer;
  }
  const spans = marks.map((answer): Span => {
    if (answer === null) return span(glyphs.rule, 'dim');
    const [mark, colour] = MARKS[answer];
    return span(mark, colour);
  });
  return [span(left), ...spans, span(right)];
}

/** A line for each goal: the highest load that met it, and the lowest above it that did not. */
function boundLines(trials: readonly TrialState[]): Line[] {
  const first = trials[0]!.result;
  return Object.keys(first.passed).map((goal) => {
    const failed = trials.filter(({ result }) => result.passed[goal] === false).map(({ result }) => loadOf(result));
    const upper = Math.min(Infinity, ...failed);
    const met = trials.filter(({ result }) => result.passed[goal] === true).map(({ result }) => loadOf(result));
    const lower = Math.max(-Infinity, ...met.filter((load) => load < upper));
    const up = lower === -Infinity ? 'not met yet' : `met up to ${loadText(lower, first)}`;
    const down = upper === Infinity ? '' : `, not met from ${loadText(upper, first)}`;
    return [span(` ${goal}  `, 'bold'), span(`${up}${down}`)];
  });
}

const RATE_CELLS = 11;
const P90_CELLS = 10;
const BAR_CELLS_MAX = 40;

/** A row for each step, with a bar of its p90. */
export function stepsPanel(setup: PanelSetup): Line[] {
  const { run, width, glyphs, listRows } = setup;
  const lines: Line[] = [heading('steps: p90 of total', setup)];
  if (run.steps.length === 0) return [...lines, plain(' no step has ended yet')];
  const listed = run.steps.slice(-Math.max(1, listRows));
  const highest = Math.max(1, ...listed.map(({ result }) => result.p90_ns ?? 0));
  const columns = Math.min(BAR_CELLS_MAX, Math.floor(width / 2) - RATE_CELLS);
  for (const { trial, result, note } of listed) {
    if (columns < 10) {
      lines.push(plain(` ${stepLine(trial, result, note)}`));
      continue;
    }
    const p90 = result.p90_ns === null ? '-' : formatLatency(result.p90_ns);
    const bar = progressBar((result.p90_ns ?? 0) / highest, columns, { ...glyphs, unfilled: ' ' });
    const remark = [note, result.repeat ? 'again' : ''].filter((text) => text !== '').join(', ');
    lines.push([
      span(cell(formatPerSec(result.rate_per_sec), RATE_CELLS), 'bold'),
      span(`${cell(p90, P90_CELLS)} `),
      span(bar, note === '' ? 'green' : 'red'),
      span(remark === '' ? '' : ` ${remark}`, 'dim'),
    ]);
  }
  return lines;
}
