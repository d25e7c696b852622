/** The result of `conngen lab` as a page. */
import { isDone, type LabResult } from '../../document/lab.ts';
import { formatCountOf } from '../../units/format.ts';
import type { Look } from '../look.ts';
import { cellLine, cellRows, describedBy, labMachine, missingText } from '../text/lab.ts';
import { chart, list, rowsTable } from './page/blocks.ts';
import { downloadOf, endMatter } from './page/end-matter.ts';
import { page } from './page/page.ts';
import { chartGrid } from './round-sections.ts';
import { labCharts } from './specs/lab.ts';
import { capitalized } from './specs/percentiles.ts';
import { html } from './page/template.ts';

export function labHtml(result: LabResult, { directory }: Look): string {
  const lab = describedBy(result);
  const done = result.cells.filter(isDone);
  const failed = result.cells.filter((cell) => !isDone(cell));
  const missing = missingText(result, directory);
  return page({
    title: `conngen lab ${lab.name}`,
    details: [result.started_at, labMachine(result)],
    lead: {
      mood: failed.length > 0 || missing !== null ? 'warning' : 'good',
      sentence: `${capitalized(lab.title)}: ${formatCountOf(done.length, 'cell')} measured.`,
      rest: list([...failed.map((cell) => cellLine(lab, cell, 'failed')), ...(missing === null ? [] : [missing])]),
    },
    sections: [
      { id: 'cells', title: 'Cells', content: done.length === 0 ? html`` : rowsTable('Cells', cellRows(lab, done)) },
      { id: 'plots', title: 'Plots', content: chartGrid(labCharts(lab, result).map(chart)) },
      ...endMatter(result),
    ],
    downloads: [downloadOf(result)],
  });
}
