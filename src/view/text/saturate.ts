/** The result of a saturation for a person: the answer first, then the steps. */
import type { SaturateResult, SaturateStepResult } from '../../document/limit.ts';
import { formatCountOf, formatLatency, formatPerSec, formatSeconds } from '../../units/format.ts';
import { fleetOfLimit } from '../agent-facts.ts';
import { engineText } from '../engine-text.ts';
import { targetLine } from '../headline.ts';
import { PLAIN, paint, wrap, type TextStyle } from '../layout.ts';
import { answersSentence, coresSentence, saturateSentence } from '../limit-sentences.ts';
import { limitThresholdBlocks } from './limit-thresholds.ts';
import { roundLines, trialRoundColumns, type Column } from './round-table.ts';

/** The live view: `step  3    78.1/s  p90 1.04 ms`, with what was wrong. */
export function stepLine(index: number, step: SaturateStepResult, note: string): string {
  const p90 = step.p90_ns === null ? '-' : formatLatency(step.p90_ns);
  const again = step.repeat ? '  (again)' : '';
  return `step ${String(index + 1).padStart(2)}  ${formatPerSec(step.rate_per_sec).padStart(9)}  p90 ${p90}${note === '' ? '' : `  ${note}`}${again}`;
}

/** The summary, with a newline at its end. */
export function saturateText(result: SaturateResult, style: TextStyle = PLAIN): string {
  const { steps } = result;
  const cost = `${engineText(result.system)}, ${formatCountOf(steps.length, 'step')} in ${formatSeconds(result.duration_sec)}`;
  const fleet = fleetOfLimit(
    result,
    steps.map((step) => step.result),
  ).map((line) => wrap(line, style.columns, 0));
  const answers = answersSentence(steps.map((step) => step.result));
  const isFound = result.saturated_at !== null;
  const cores = coresSentence(isFound ? steps.slice(-1).map((step) => step.result) : []);
  const blocks = [
    [paint(style, 'bold', targetLine('saturate', result.config)), cost, ...fleet].join('\n'),
    paint(style, isFound ? 'green' : 'yellow', `  ${wrap(saturateSentence(result), style.columns, 2)}`),
    ...[answers, cores].flatMap((each) =>
      each === null ? [] : [paint(style, 'yellow', wrap(each, style.columns, 0))],
    ),
    ...(steps.length === 0 ? [] : [stepsTable(steps, style)]),
    ...limitThresholdBlocks(result, style),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function stepsTable(steps: readonly SaturateStepResult[], style: TextStyle): string {
  const rounds = steps.map(({ result }) => result);
  return roundLines(stepColumns(steps), rounds, style).join('\n');
}

/** One row a step, in the same layout as the trials of a search. */
export function stepColumns(steps: readonly SaturateStepResult[]): Column[] {
  const rounds = steps.map(({ result }) => result);
  const columns = trialRoundColumns(
    steps.map(({ rate_per_sec: ratePerSec }) => formatPerSec(ratePerSec)),
    rounds,
  ).filter(({ header }) => header !== 'p99 total');
  const p90: Column = {
    header: 'p90 total',
    cells: steps.map(({ p90_ns: p90Ns }) => (p90Ns === null ? '-' : formatLatency(p90Ns))),
    dropRank: 0,
  };
  return [
    { header: 'step', cells: steps.map(({ repeat }, index) => `${index + 1}${repeat ? ' again' : ''}`), dropRank: 0 },
    ...columns.slice(0, -1),
    p90,
    ...columns.slice(-1),
  ];
}
