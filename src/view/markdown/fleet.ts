/** The agents that are there, as Markdown. */
import type { FleetResult } from '../../document/fleet.ts';
import { fleetSentence, fleetTitle, listColumns, listNotes, startAdvice } from '../fleet-facts.ts';
import { code, document, factList, plain, roundsTable } from './markdown.ts';

export function fleetMarkdown(result: FleetResult): string {
  const { agents, url } = result;
  const notes = listNotes(agents);
  return document(result, fleetTitle(result), [
    plain(fleetSentence(result)),
    agents.length === 0
      ? `Start one on another machine: ${code(startAdvice(url))}`
      : roundsTable(listColumns(agents), []),
    ...(notes.length === 0 ? [] : [factList(notes.map((note) => ['', note]))]),
  ]);
}
