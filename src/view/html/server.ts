/** The result of `conngen server` as a page. */
import type { ServerResult } from '../../document/server.ts';
import { formatCount } from '../../units/format.ts';
import { engineText } from '../engine-text.ts';
import { failureText } from '../layout.ts';
import { serverFacts } from '../text/server.ts';
import { facts, list, paragraph, table } from './page/blocks.ts';
import { downloadOf, endMatter } from './page/end-matter.ts';
import { page } from './page/page.ts';
import { coresTable, countersTable, packetsTable } from './round-sections.ts';
import { html } from './page/template.ts';

export function serverHtml(result: ServerResult): string {
  const { error, findings, kernel, listeners, packet, system } = result;
  const all = serverFacts(result);
  const accepted = all.find(([label]) => label === 'accepted')?.[1] ?? '';
  const rows = listeners.map((each, index) => [
    String(index + 1),
    formatCount(each.accepted),
    formatCount(each.completed),
    formatCount(each.rejected),
  ]);
  return page({
    title: 'conngen server',
    details: [result.started_at, engineText(system), ...(system.engine_notes ?? [])],
    lead: {
      mood: error === undefined ? 'neutral' : 'bad',
      sentence: `Accepted ${accepted}.`,
      rest: html`${error === undefined ? null : paragraph(failureText(error))}${list(findings.map(({ message }) => message))}`,
    },
    sections: [
      { id: 'served', title: 'What was served', content: facts(all) },
      {
        id: 'listeners',
        title: 'Listeners',
        content:
          rows.length < 2
            ? html``
            : table('Listening threads', [['listener', 'accepted', 'completed', 'rejected'], ...rows]),
      },
      {
        id: 'kernel',
        title: 'What the kernel counted',
        content: kernel === undefined ? html`` : html`${countersTable(kernel)}${coresTable(kernel.cpu ?? [])}`,
      },
      {
        id: 'packets',
        title: 'What the packet engine counted',
        content: packet === undefined ? html`` : packetsTable(packet),
      },
      ...endMatter(result),
    ],
    downloads: [downloadOf(result)],
  });
}
