/** What `search` and `saturate` found, as Markdown. */
import type { LimitResult, SaturateResult, SearchResult } from '../../document/limit.ts';
import type { RoundResult } from '../../document/client.ts';
import { fleetOfLimit } from '../agent-facts.ts';
import { targetLine } from '../headline.ts';
import {
  goalSentence,
  goalTitle,
  kpiSentence,
  profileSentence,
  saturateSentence,
  searchEnd,
} from '../limit-sentences.ts';
import { limitThresholdFigures, limitThresholdSentence } from '../text/limit-thresholds.ts';
import { code, document, plain, roundsTable, rowsTable, untagged } from './markdown.ts';
import { establishmentNote, type Column } from '../text/round-table.ts';
import { stepColumns } from '../text/saturate.ts';
import { trialColumns } from '../text/search.ts';

export function searchMarkdown(result: SearchResult): string {
  const end = searchEnd(result);
  const profile = profileSentence(result);
  return limitDocument(result, 'search', [
    ...fleetBlocks(result, result.trials),
    ...(profile === null ? [] : [`Followed: ${untagged(profile)}.`]),
    rowsTable([
      ['goal', 'the most that meets it'],
      ...result.goals.map((goal) => [code(goalTitle(goal)), goalSentence(goal)]),
    ]),
    ...(end === null ? [] : [untagged(end)]),
    ...kpiBlocks(result),
    ...(result.deviations.length === 0 ? [] : [result.deviations.map((each) => `- ${untagged(each)}`).join('\n')]),
    ...thresholdBlocks(result),
    ...(result.trials.length === 0 ? [] : [`### Trials\n\n${trialsTable(trialColumns(result.trials), result.trials)}`]),
  ]);
}

function kpiBlocks({ profile, goals }: SearchResult): string[] {
  if (profile !== 'rfc9411-cps') return [];
  const lines = goals.flatMap((goal) => {
    const kpi = kpiSentence(goal);
    return kpi === null ? [] : [`- ${code(goalTitle(goal))}: ${untagged(kpi)}`];
  });
  return lines.length === 0 ? [] : [`### KPI\n\n${lines.join('\n')}`];
}

export function saturateMarkdown(result: SaturateResult): string {
  return limitDocument(result, 'saturate', [
    ...fleetBlocks(result, result.steps),
    untagged(saturateSentence(result)),
    ...thresholdBlocks(result),
    ...(result.steps.length === 0 ? [] : [`### Steps\n\n${trialsTable(stepColumns(result.steps), result.steps)}`]),
  ]);
}

function thresholdBlocks(result: LimitResult): string[] {
  const sentence = limitThresholdSentence(result);
  if (sentence === null) return [];
  return [
    `### Thresholds\n\n${[...limitThresholdFigures(result).map((each) => `- ${untagged(each)}`), '', untagged(sentence)].join('\n').trim()}`,
  ];
}

function fleetBlocks(result: LimitResult, rounds: readonly { readonly result: RoundResult }[]): string[] {
  return fleetOfLimit(
    result,
    rounds.map((round) => round.result),
  ).map(plain);
}

function limitDocument(result: LimitResult, command: string, blocks: readonly string[]): string {
  return document(result, targetLine(command, result.config), [...blocks, establishmentNote(result)]);
}

/** The table, followed by what its asterisks mean. */
function trialsTable(columns: readonly Column[], trials: readonly { readonly result: RoundResult }[]): string {
  return roundsTable(
    columns,
    trials.map(({ result }) => result),
  );
}
