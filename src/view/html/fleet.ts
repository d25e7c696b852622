/** The agents that are there, as a page. */
import type { FleetResult } from '../../document/fleet.ts';
import { fleetSentence, fleetTitle, listColumns, listNotes, startAdvice } from '../fleet-facts.ts';
import { columnsTable, list, listing } from './page/blocks.ts';
import { downloadOf, endMatter } from './page/end-matter.ts';
import { page } from './page/page.ts';
import { html } from './page/template.ts';

export function fleetHtml(result: FleetResult): string {
  const { agents, url } = result;
  return page({
    title: fleetTitle(result),
    details: [result.started_at],
    lead: { mood: agents.length === 0 ? 'warning' : 'neutral', sentence: fleetSentence(result) },
    sections: [
      {
        id: 'agents',
        title: 'Agents',
        content:
          agents.length === 0
            ? listing('Start one on another machine', startAdvice(url))
            : html`${columnsTable('Agents', listColumns(agents))}${list(listNotes(agents))}`,
      },
      ...endMatter(result),
    ],
    downloads: [downloadOf(result)],
  });
}
