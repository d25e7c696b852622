/** Thresholds of `saturate` and `search` and the figures they were held against: the same in text and in Markdown. */
import type { LimitResult } from '../../document/limit.ts';
import type { RoundResult } from '../../document/client.ts';
import { factLines, listed } from '../facts.ts';
import { paint, wrap, type TextStyle } from '../layout.ts';
import { formatFigure } from './thresholds.ts';

/** Lines such as `failures>0.1%: no (0 %), trial 8`, for every trial that gives the answer. */
export function limitThresholdFigures(result: LimitResult): string[] {
  const [name, rounds] = roundsOf(result);
  return rounds.flatMap((round, index) =>
    (round.thresholds ?? []).map((threshold) => {
      const isSo = threshold.met ? 'no' : 'yes';
      const answer = threshold.value === null ? 'not measured' : `${isSo} (${formatFigure(threshold)})`;
      return `${threshold.expression}: ${answer}, ${name} ${index + 1}`;
    }),
  );
}

/** What became of the thresholds, and why; null where there were none. */
export function limitThresholdSentence(result: LimitResult): string | null {
  if (result.thresholds_met === undefined) return null;
  if (result.thresholds_met) return 'Every threshold was met.';
  const [name, rounds] = roundsOf(result);
  const missed = rounds.flatMap((round, index) =>
    (round.thresholds ?? []).filter(({ met }) => !met).map(({ expression }) => `${expression} in ${name} ${index + 1}`),
  );
  const sentences = [
    ...(missed.length > 0 ? [`Thresholds not met: ${missed.join(', ')}.`] : ['The thresholds are not met.']),
    ...(isLimited(result) && result.config.allow_generator_limited !== true
      ? [
          `${result.fleet === undefined ? 'This machine was' : 'Agents were'} the limit, so the target's is higher and was not found (--allow-generator-limited accepts that).`,
        ]
      : []),
    ...(hasUnanswered(result) ? [`An answer that no ${name} gives meets no threshold.`] : []),
  ];
  return sentences.join(' ');
}

/** Blocks for the summary: the figures, and what became of them. */
export function limitThresholdBlocks(result: LimitResult, style: TextStyle): string[] {
  const sentence = limitThresholdSentence(result);
  if (sentence === null) return [];
  const figures = limitThresholdFigures(result);
  const colour = result.thresholds_met === true ? 'green' : 'red';
  return [
    ...(figures.length === 0 ? [] : [factLines(style, listed('fail if', figures)).join('\n')]),
    paint(style, colour, wrap(sentence, style.columns, 0)),
  ];
}

function roundsOf(result: LimitResult): [string, RoundResult[]] {
  if ('trials' in result) return ['trial', result.trials.map((trial) => trial.result)];
  return ['step', result.steps.map((step) => step.result)];
}

function isLimited(result: LimitResult): boolean {
  if ('steps' in result) return result.stopped_by === 'generator_limited';
  return result.goals.some(({ status }) => status === 'generator_limited');
}

function hasUnanswered(result: LimitResult): boolean {
  if ('steps' in result) return result.sustained_per_sec === null;
  return result.goals.some((goal) => {
    const rate = goal.status === 'generator_limited' ? goal.lower_per_sec : goal.rate_per_sec;
    return rate === null;
  });
}
