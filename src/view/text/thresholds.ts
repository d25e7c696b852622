/** Thresholds and the figures they were held against, for people. */
import type { ClientResult, RoundResult, ThresholdResult } from '../../document/client.ts';
import { formatCount, formatLatency, formatPerSec, formatPercent } from '../../units/format.ts';
import type { Fact } from '../facts.ts';

/** `3.12 ms`, `0.004 %`, `250,000`, `9,900/s`, or `not measured`. */
export function formatFigure({ value, unit }: Pick<ThresholdResult, 'value' | 'unit'>): string {
  if (value === null) return 'not measured';
  switch (unit) {
    case 'ns':
      return formatLatency(value);
    case 'percent':
      return formatPercent(value);
    case 'count':
      return formatCount(value);
    case 'per_sec':
      return formatPerSec(value);
  }
}

/** What is to fail the run, and whether it is so: a fact each, under one label. */
export function thresholdFacts(round: RoundResult): Fact[] {
  return (round.thresholds ?? []).map((threshold, index) => {
    const { expression, value, met } = threshold;
    const answer = value === null ? 'not measured' : `${met ? 'no' : 'yes'} (${formatFigure(threshold)})`;
    return [index === 0 ? 'fail if' : '', `${expression}: ${answer}`];
  });
}

/** What became of the run's thresholds, and why; undefined where there were none. */
export function thresholdSentence(result: ClientResult): string | undefined {
  if (result.thresholds_met === undefined) return undefined;
  if (result.thresholds_met) return 'Every threshold was met.';
  const missed = result.rounds.flatMap((round, index) =>
    (round.thresholds ?? [])
      .filter((threshold) => !threshold.met)
      .map(({ expression }) => (result.rounds.length > 1 ? `${expression} in round ${index + 1}` : expression)),
  );
  const limited =
    result.config.allow_generator_limited !== true &&
    result.rounds.some((round) => round.verdict.status === 'generator_limited');
  const sentences = [
    missed.length > 0 ? `Thresholds not met: ${missed.join(', ')}.` : 'The thresholds say nothing of the target.',
    limited
      ? `${result.fleet === undefined ? 'This machine was' : 'Agents were'} the bottleneck, so the figures are not those of the target (--allow-generator-limited accepts them).`
      : '',
    result.rounds.length === 0 ? 'No round was run.' : '',
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}
