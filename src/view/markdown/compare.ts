/** A comparison as Markdown: for a ticket, or the summary of a CI step. */
import type { CompareResult } from '../../document/compare.ts';
import {
  careFacts,
  compareTitle,
  figureNotes,
  figureRows,
  forcedFacts,
  headline,
  shiftRows,
  shownShifts,
  sideFacts,
  thresholdNotes,
  thresholdRows,
  thresholdsSentence,
  verdictFacts,
} from '../compare-facts.ts';
import { document, factList, plain, rowsTable } from './markdown.ts';

export function compareMarkdown(result: CompareResult): string {
  const sentence = thresholdsSentence(result);
  const thresholds =
    sentence === undefined
      ? []
      : [plain(sentence), rowsTable(escaped(thresholdRows(result))), bullets(thresholdNotes(result))];
  return document(result, compareTitle(result), [
    plain(headline(result)),
    ...thresholds,
    factList([...forcedFacts(result), ...verdictFacts(result), ...careFacts(result)]),
    ...result.rounds.flatMap((_, round) => roundBlocks(result, round)),
    bullets([...figureNotes(result), ...result.how]),
    factList(sideFacts(result)),
  ]);
}

function bullets(notes: readonly string[]): string {
  return notes.map((note) => `- ${plain(note)}`).join('\n');
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
