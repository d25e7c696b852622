/** The agents that are there, for a person. */
import type { FleetResult } from '../../document/fleet.ts';
import { fleetSentence, fleetTitle, listColumns, listNotes, startAdvice } from '../fleet-facts.ts';
import { PLAIN, paint, wrap, type TextStyle } from '../layout.ts';
import { fittingTable } from './round-table.ts';

/** A row for each agent, and what the rows have no room for. With a newline at its end. */
export function fleetText(result: FleetResult, style: TextStyle = PLAIN): string {
  const { agents } = result;
  const head = [paint(style, 'bold', fleetTitle(result)), fleetSentence(result)].join('\n');
  const notes = listNotes(agents).map((note) => wrap(note, style.columns, 2));
  const blocks = [
    head,
    ...(agents.length === 0 ? [`Start one on another machine:\n  ${startAdvice(result.url)}`] : []),
    ...(agents.length === 0 ? [] : [fittingTable(listColumns(agents), style).join('\n')]),
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
  ];
  return `${blocks.join('\n\n')}\n`;
}
