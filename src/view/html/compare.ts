/** A comparison of runs as a page. */
import type { CompareResult, CompareVerdict } from '../../document/compare.ts';
import {
  careFacts,
  compareTitle,
  figureNotes,
  figureRows,
  shiftRows,
  shownShifts,
  sideFacts,
  thresholdRows,
  thresholdsSentence,
  verdictFacts,
} from '../compare-facts.ts';
import { chart, facts, list, paragraph, rowsTable } from './blocks.ts';
import { downloadOf, endMatter } from './end-matter.ts';
import { page, type Mood, type Section } from './page.ts';
import { chartGrid } from './round-sections.ts';
import { changesChart, shiftChart } from './specs/compare.ts';
import { html } from './template.ts';

export function compareHtml(result: CompareResult): string {
  const thresholds = thresholdsSentence(result);
  const [first, ...rest] = verdictFacts(result);
  return page({
    title: compareTitle(result),
    details: [result.started_at],
    lead: {
      mood: moodOf(result),
      sentence: first === undefined ? 'Nothing was compared.' : `${first[0]}: ${first[1]}`,
      rest: html`${facts([...rest, ...careFacts(result)])}${thresholds === undefined ? null : paragraph(thresholds)}`,
    },
    sections: [
      ...result.rounds.map((_, round) => roundSection(result, round)),
      {
        id: 'thresholds',
        title: 'Thresholds',
        content: thresholds === undefined ? html`` : rowsTable('Fail if', thresholdRows(result)),
      },
      { id: 'method', title: 'How it was compared', content: list([...figureNotes(result), ...result.how]) },
      { id: 'sides', title: 'The sides', content: facts(sideFacts(result)) },
      ...endMatter(result),
    ],
    downloads: [downloadOf(result)],
  });
}

function roundSection(result: CompareResult, round: number): Section {
  const { load } = result.rounds[round]!;
  const changes = changesChart(result, round);
  const charts = [
    ...(changes === null ? [] : [chart(changes)]),
    ...shownShifts(result, round).map((shift) => chart(shiftChart(shift, result))),
  ];
  const shifts = shownShifts(result, round).map((shift) => rowsTable(`Quantiles of ${shift.clock}`, shiftRows(shift)));
  return {
    id: `round-${round + 1}`,
    title: load,
    content: html`${chartGrid(charts)}${rowsTable(`Figures at ${load}`, figureRows(result, round))}${shifts}`,
  };
}

function moodOf({ figures, thresholds_met: isMet }: CompareResult): Mood {
  const has = (verdict: CompareVerdict): boolean =>
    figures.some((figure) => figure.tested && figure.verdict === verdict);
  if (isMet === false || has('slower')) return isMet === false ? 'bad' : 'warning';
  return has('faster') || has('same') ? 'good' : 'neutral';
}
