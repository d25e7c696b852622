/** Reports to paste into a ticket: what was asked, what came out, every trial, and how to do it again. */
import type { SaturateResult, SearchResult } from '../measure/limit-result.ts';
import type { RoundResult } from '../measure/result.ts';
import { formatCountOf } from '../plan/format.ts';
import { printable, printableLines } from '../plan/printable.ts';
import { targetLine } from './headline.ts';
import {
  goalSentence,
  goalTitle,
  kpiSentence,
  profileSentence,
  saturateSentence,
  searchEnd,
} from './limit-sentences.ts';
import { limitThresholdFigures, limitThresholdSentence } from './limit-threshold-text.ts';
import { asteriskMeaning, type Column } from './round-table.ts';
import { stepColumns } from './saturate-text.ts';
import { trialColumns } from './search-text.ts';

type LimitResult = SearchResult | SaturateResult;

export function searchMarkdown(result: SearchResult): string {
  const end = searchEnd(result);
  const profile = profileSentence(result);
  return document(result, 'search', [
    ...(profile === null ? [] : [`Followed: ${profile}.`]),
    table([
      { header: 'goal', cells: result.goals.map((goal) => code(goalTitle(goal))), dropRank: 0 },
      { header: 'the most that meets it', cells: result.goals.map(goalSentence), dropRank: 0 },
    ]),
    ...(end === null ? [] : [end]),
    ...kpiBlocks(result),
    ...(result.deviations.length === 0 ? [] : [result.deviations.map((each) => `- ${printable(each)}`).join('\n')]),
    ...thresholdBlocks(result),
    ...(result.trials.length === 0 ? [] : [`### Trials\n\n${roundsTable(trialColumns(result.trials), result.trials)}`]),
  ]);
}

function kpiBlocks({ profile, goals }: SearchResult): string[] {
  if (profile !== 'rfc9411-cps') return [];
  const lines = goals.flatMap((goal) => {
    const kpi = kpiSentence(goal);
    return kpi === null ? [] : [`- ${code(goalTitle(goal))}: ${kpi}`];
  });
  return lines.length === 0 ? [] : [`### KPI\n\n${lines.join('\n')}`];
}

export function saturateMarkdown(result: SaturateResult): string {
  return document(result, 'saturate', [
    saturateSentence(result),
    ...thresholdBlocks(result),
    ...(result.steps.length === 0 ? [] : [`### Steps\n\n${roundsTable(stepColumns(result.steps), result.steps)}`]),
  ]);
}

function thresholdBlocks(result: LimitResult): string[] {
  const sentence = limitThresholdSentence(result);
  if (sentence === null) return [];
  return [
    `### Thresholds\n\n${[...limitThresholdFigures(result).map((each) => `- ${each}`), '', sentence].join('\n').trim()}`,
  ];
}

function document(result: LimitResult, command: string, blocks: readonly string[]): string {
  const { system } = result;
  const facts = [
    `conngen ${result.conngen}`,
    `engine ${system.engine}`,
    formatCountOf(system.workers, 'worker'),
    `Linux ${system.kernel}`,
    `Node ${system.node}`,
    `${system.cpus} cores`,
  ];
  const options = `### Options\n\n\`\`\`json\n${printableLines(JSON.stringify(result.config, null, 2))}\n\`\`\``;
  const remark = 'min, mean and max: establishment, from SYN to SYN-ACK, as this machine saw it.';
  return `${[`## ${targetLine(command, result.config)}`, `${result.started_at}, ${facts.join(', ')}`, ...blocks, remark, options].join('\n\n')}\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}

/** With what its asterisks mean below it. */
function roundsTable(columns: readonly Column[], trials: readonly { readonly result: RoundResult }[]): string {
  const meaning = asteriskMeaning(trials.map(({ result }) => result));
  return meaning === null ? table(columns) : `${table(columns)}\n\n\\* ${meaning}`;
}

function table(columns: readonly Column[]): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const count = columns[0]?.cells.length ?? 0;
  return [
    row(columns.map(({ header }) => header)),
    row(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...Array.from({ length: count }, (_, index) => row(columns.map(({ cells }) => cells[index] ?? ''))),
  ].join('\n');
}
