/** What a lab measured, as Markdown. */
import { isDone, type LabResult } from '../../document/lab.ts';
import { cellLine, cellRows, describedBy, labMachine, missingText } from '../text/lab.ts';
import { document, jsonBlock, plain, rowsTable } from './markdown.ts';

export function labMarkdown(result: LabResult, directory: string | null): string {
  const lab = describedBy(result);
  const done = result.cells.filter(isDone);
  const failed = result.cells.filter((cell) => !isDone(cell));
  const missing = missingText(result, directory);
  return document(result, `conngen lab ${lab.name}`, [
    `${plain(lab.title)}; ${plain(labMachine(result))}`,
    done.length === 0 ? 'Nothing was measured.' : rowsTable(cellRows(lab, done)),
    ...(failed.length === 0 ? [] : [failed.map((cell) => `- ${plain(cellLine(lab, cell, 'failed'))}`).join('\n')]),
    ...(missing === null ? [] : [plain(missing)]),
    `### Plan\n\n${jsonBlock(result.plan)}`,
  ]);
}
