/** The findings of a doctor, as Markdown. */
import type { Check, DoctorResult } from '../../document/doctor.ts';
import { amounts, closingText, planText, shownChecks } from '../text/doctor.ts';
import { targetLine } from '../headline.ts';
import { code, document, plain } from './markdown.ts';

export function doctorMarkdown(
  result: DoctorResult,
  { leavesOutOk = false }: { readonly leavesOutOk?: boolean } = {},
): string {
  const shown = shownChecks(result, leavesOutOk);
  return document(result, targetLine('doctor', result.config), [
    plain(planText(result.config)),
    ...(shown.length === 0 ? [] : [shown.map(checkItem).join('\n')]),
    plain(closingText(result)),
  ]);
}

function checkItem(check: Check): string {
  const have = amounts(check);
  const head = `- **${check.status}** ${code(check.id)}${have === '' ? '' : `: ${plain(have)}`}`;
  return [head, `  - ${plain(check.why)}`, ...(check.fix === null ? [] : [`  - fix: ${code(check.fix)}`])].join('\n');
}
