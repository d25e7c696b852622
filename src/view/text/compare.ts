/** A comparison for a person with five seconds: the verdicts first, then the figures they rest on. */
import type { CompareResult } from '../../document/compare.ts';
import {
  careFacts,
  compareTitle,
  figureNotes,
  figureRows,
  forcedFacts,
  shiftRows,
  shownShifts,
  sideFacts,
  thresholdNotes,
  thresholdRows,
  thresholdsColour,
  thresholdsSentence,
  verdictFacts,
} from '../compare-facts.ts';
import { factLines, type Rows } from '../facts.ts';
import { fittingTable } from './round-table.ts';
import { PLAIN, paint, table, wrap, type TextStyle } from '../layout.ts';

/** The summary, with a newline at its end. Fits `style.columns` where its figures do. */
export function compareText(result: CompareResult, style: TextStyle = PLAIN): string {
  const blocks = [
    [paint(style, 'bold', compareTitle(result)), ...factLines(style, sideFacts(result))].join('\n'),
    factLines(style, [...forcedFacts(result), ...verdictFacts(result), ...careFacts(result)]).join('\n'),
    ...result.rounds.flatMap((_, round) => roundBlocks(result, round, style)),
  ];
  const notes = [...figureNotes(result), ...result.how];
  blocks.push(notes.map((note) => wrap(note, style.columns, 0)).join('\n'));
  const sentence = thresholdsSentence(result);
  if (sentence !== undefined) {
    blocks.push(droppingLines(thresholdRows(result), 'load', style));
    const told = thresholdNotes(result).map((note) => wrap(note, style.columns, 0));
    blocks.push([...told, paint(style, thresholdsColour(result), wrap(sentence, style.columns, 0))].join('\n'));
  }
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function roundBlocks(result: CompareResult, round: number, style: TextStyle): string[] {
  const title = paint(style, 'bold', wrap(result.rounds[round]!.load, style.columns, 0));
  const shifts = shownShifts(result, round).map(
    (shift) => `Quantiles of ${shift.clock}\n${lines(shiftRows(shift), style)}`,
  );
  return [`${title}\n${droppingLines(figureRows(result, round), 'p', style)}`, ...shifts];
}

/** A table that is without one of its columns where it has no room for it: the verdicts say what follows from p-values. */
function droppingLines([header = [], ...rows]: Rows, dropped: string, style: TextStyle): string {
  const columns = header.map((name, column) => ({
    header: name,
    cells: rows.map((row) => row[column] ?? ''),
    dropRank: name === dropped ? 1 : 0,
  }));
  return fittingTable(columns, style).join('\n');
}

function lines(rows: readonly (readonly string[])[], style: TextStyle): string {
  const [first = '', ...rest] = table(rows, 2);
  return [paint(style, 'dim', first), ...rest].join('\n');
}
