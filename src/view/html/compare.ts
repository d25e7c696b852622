/** A comparison of runs as a page. */
import type { CompareResult } from '../../document/compare.ts';
import {
  careFacts,
  compareTitle,
  figureNotes,
  figureRows,
  forcedFacts,
  headline,
  isForced,
  isGoodNews,
  shiftRows,
  shownShifts,
  sideFacts,
  thresholdNotes,
  thresholdRows,
  thresholdsSentence,
  verdictFacts,
} from '../compare-facts.ts';
import { chart, facts, list, paragraph, rowsTable } from './page/blocks.ts';
import { downloadOf, endMatter } from './page/end-matter.ts';
import { page, type Mood, type Section } from './page/page.ts';
import { chartGrid } from './round-sections.ts';
import { changesChart, shiftChart } from './specs/compare.ts';
import { html } from './page/template.ts';

export function compareHtml(result: CompareResult): string {
  const thresholds = thresholdsSentence(result);
  const told = [...forcedFacts(result), ...verdictFacts(result), ...careFacts(result)];
  return page({
    title: compareTitle(result),
    details: [result.started_at],
    lead: {
      mood: moodOf(result),
      sentence: headline(result),
      rest: html`${facts(told)}${thresholds === undefined ? null : paragraph(thresholds)}`,
    },
    sections: [
      ...result.rounds.map((_, round) => roundSection(result, round)),
      {
        id: 'thresholds',
        title: 'Thresholds',
        content:
          thresholds === undefined
            ? html``
            : html`${rowsTable('Fail if', thresholdRows(result))}${list(thresholdNotes(result))}`,
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

/** Green only where all that was asked is known, and good. */
function moodOf(result: CompareResult): Mood {
  if (result.thresholds_met === false) return 'bad';
  const isWorse = result.figures.some(({ tested, verdict }) => tested && verdict === 'slower');
  if (isWorse || isForced(result)) return 'warning';
  return isGoodNews(result) ? 'good' : 'neutral';
}
