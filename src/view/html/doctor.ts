/** The result of `conngen doctor` as a page. */
import type { Check, CheckStatus, DoctorResult } from '../../document/doctor.ts';
import { targetLine } from '../headline.ts';
import type { Look } from '../look.ts';
import { amounts, closingText, planText, shownChecks } from '../text/doctor.ts';
import { code, table } from './page/blocks.ts';
import { downloadOf, endMatter } from './page/end-matter.ts';
import { page, type Mood } from './page/page.ts';
import { html, type HtmlValue } from './page/template.ts';

const STATUS_MOODS: Readonly<Record<CheckStatus, Mood>> = {
  ok: 'good',
  warning: 'warning',
  problem: 'bad',
  unknown: 'neutral',
};

export function doctorHtml(result: DoctorResult, { leavesOutOk }: Look): string {
  const closing = closingText(result);
  const checks = shownChecks(result, leavesOutOk);
  return page({
    title: targetLine('doctor', result.config),
    details: [result.started_at, planText(result.config)],
    lead: { mood: STATUS_MOODS[result.status], sentence: closing.charAt(0).toUpperCase() + closing.slice(1) },
    sections: [
      {
        id: 'checks',
        title: 'Checks',
        content:
          checks.length === 0
            ? html``
            : html`<div class="wide">
                ${table('Checks of this machine', [['check', 'status', 'has', 'why', 'fix'], ...checks.map(checkRow)])}
              </div> `,
      },
      ...endMatter(result),
    ],
    downloads: [downloadOf(result)],
  });
}

function checkRow(check: Check): HtmlValue[] {
  const { id, status, why, fix } = check;
  return [
    id,
    html`<span class="is-${STATUS_MOODS[status]}">${status}</span>`,
    amounts(check),
    why,
    fix === null ? '' : code(fix),
  ];
}
