/** Which run this is, how far it is, and what the keys do. */
import { formatSeconds } from '../../../../units/format.ts';
import { progressBar } from '../bars.ts';
import type { LiveRun } from '../live-run.ts';
import { heading, type PanelSetup } from '../panel.ts';
import { lineWidth, plain, span, type Line } from '../spans.ts';

const BAR_CELLS = 24;

/** The command and its target; on the right where the run stands. */
export function headPanel({ run, width, isPaused }: PanelSetup): Line[] {
  const engine = run.engine === null ? '' : `  engine ${run.engine}`;
  const left: Line = [span(`conngen ${run.plan.command} `, 'bold'), span(`${run.target}${engine}`)];
  const right: Line = isPaused ? [span('drawing paused: p', 'yellow')] : [span(placeText(run))];
  const gap = width - lineWidth(left) - lineWidth(right);
  if (lineWidth(right) === 0) return [left];
  return gap >= 2 ? [[...left, span(' '.repeat(gap)), ...right]] : [left, right];
}

function placeText(run: LiveRun): string {
  const { place, rounds, isWarmup, isEnded, isInterrupted, plan } = run;
  if (isEnded) return isInterrupted ? 'ended early' : 'done';
  if (plan.command === 'lab') return '';
  if (place === null) return run.engine === null ? 'starting' : `between ${run.noun}s`;
  const warmup = isWarmup ? ', warm-up' : '';
  if (plan.command === 'search') return `trial ${(place.trial ?? 0) + 1}${warmup}`;
  if (plan.command === 'saturate') return `step ${(place.trial ?? 0) + 1}${warmup}`;
  return rounds !== null && rounds > 1 ? `round ${place.round + 1} of ${rounds}${warmup}` : warmup.slice(2);
}

/** How far the round, and the run, are. */
export function progressPanel(setup: PanelSetup): Line[] {
  const { run, width, glyphs } = setup;
  if (run.isEnded) return [];
  const { share, text } = progressOf(run);
  const left = run.leftSec;
  const bound = run.estimate?.isUpperBound === true ? 'at most ' : 'about ';
  const words = [text, ...(left === null ? [] : [`${bound}${formatSeconds(Math.ceil(left))} left`])];
  const shown = words.filter((each) => each !== '').join(', ');
  if (share === null) return shown === '' ? [] : [plain(` ${shown}`)];
  const cells = Math.min(BAR_CELLS, Math.max(4, width - 4 - shown.length));
  return [[span(` ${progressBar(share, cells, glyphs)}  `), span(shown)]];
}

function progressOf(run: LiveRun): { share: number | null; text: string } {
  const { plan, place } = run;
  const elapsed = Math.floor(run.elapsedSec);
  if (plan.lab !== null) {
    const done = plan.lab.before + run.cells.length;
    return { share: done / Math.max(1, plan.lab.total), text: `${done} of ${plan.lab.total} cells` };
  }
  if (place === null) return { share: null, text: '' };
  const measuredSec = plan.roundsSec[place.round] ?? null;
  if (measuredSec === null) return { share: null, text: `${elapsed} s` };
  const wholeSec = plan.warmupSec + measuredSec;
  return {
    share: run.elapsedSec / wholeSec,
    text: `${Math.min(elapsed, Math.ceil(wholeSec))} s of ${formatSeconds(wholeSec)}`,
  };
}

/** The keys, in one line. */
export function keysPanel({ width }: PanelSetup): Line[] {
  const keys = ' q end early   p pause the drawing   l log scale   ? help';
  return [[span(keys.length <= width ? keys : ' q end   p pause   l log   ? help', 'dim')]];
}

const helpOf = ({ isFleet }: LiveRun): readonly (readonly [key: string, text: string])[] => [
  ['q', 'end early: what was measured until now is reported, exit code 130'],
  ['Ctrl-C', 'the same; a second time ends immediately, without a report'],
  ['p', 'stop drawing, and go on; the run goes on in the meantime'],
  ['l', 'log or linear scale of the charts'],
  ['?', 'show or hide this'],
  ['', ''],
  ['lag', `how late connections were started; high: ${isFleet ? 'an agent' : 'this machine'} is the limit`],
  ['missed', 'connections that were due and not started'],
  ['wait', 'the time that load threads waited for a free core'],
  ['', 'Every panel is explained in docs/guide/live-view.md.'],
];

export function helpPanel(setup: PanelSetup): Line[] {
  return [
    heading('help', setup),
    ...helpOf(setup.run).map(([key, text]) => [span(` ${key.padEnd(8)}`, 'bold'), span(text)]),
  ];
}
