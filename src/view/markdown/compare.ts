/** A comparison as Markdown: for a ticket, or the summary of a CI step. */
import type { CompareResult } from '../../document/compare.ts';
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
import { document, factList, plain, rowsTable } from './markdown.ts';

export function compareMarkdown(result: CompareResult): string {
  const sentence = thresholdsSentence(result);
  const thresholds = sentence === undefined ? [] : [plain(sentence), rowsTable(escaped(thresholdRows(result)))];
  return document(result, compareTitle(result), [
    ...thresholds,
    factList([...verdictFacts(result), ...careFacts(result)]),
    ...result.rounds.flatMap((_, round) => roundBlocks(result, round)),
    [...figureNotes(result), ...result.how].map((note) => `- ${plain(note)}`).join('\n'),
    factList(sideFacts(result)),
  ]);
}

function roundBlocks(result: CompareResult, round: number): string[] {
  const figures = `### ${plain(result.rounds[round]!.load)}\n\n${rowsTable(escaped(figureRows(result, round)))}`;
  const shifts = shownShifts(result, round).map(
    (shift) => `Quantiles of ${plain(shift.clock)}:\n\n${rowsTable(escaped(shiftRows(shift)))}`,
  );
  return [figures, ...shifts];
}

/** Names of figures hold what a user wrote, such as a goal. */
function escaped(rows: readonly (readonly string[])[]): string[][] {
  return rows.map((row) => row.map(plain));
}
