/** What stands at the head of every page: how good the news is, and why a run ended before its time. */
import type { ClientResult } from '../../document/client.ts';
import type { Verdict, VerdictStatus } from '../../document/common.ts';
import { formatCountOf } from '../../units/format.ts';
import { NO_ROUND, STOPPED_EARLY } from '../facts.ts';
import { VERDICT_LOOKS } from '../verdict-looks.ts';
import { failureText } from '../layout.ts';
import { paragraph } from './blocks.ts';
import type { Mood } from './page.ts';
import { html, type Html } from './template.ts';

export const MOODS: Readonly<Record<VerdictStatus, Mood>> = {
  valid: 'good',
  generator_limited: 'warning',
  invalid: 'bad',
};

const ORDER: readonly Mood[] = ['bad', 'warning', 'good', 'neutral'];

/** The worst; of nothing, neutral. */
export function worstOf(moods: readonly Mood[]): Mood {
  return ORDER.find((mood) => moods.includes(mood)) ?? 'neutral';
}

/** Why a run ended before its time. */
export function endings({ interrupted, error }: Pick<ClientResult, 'interrupted' | 'error'>): Html {
  return html`${interrupted === true ? paragraph(STOPPED_EARLY) : null}${error === undefined ? null : paragraph(failureText(error))}`;
}

/** How many rounds there are, by their verdict. */
export function roundsSentence(rounds: readonly { readonly verdict: Verdict }[]): string {
  if (rounds.length === 0) return NO_ROUND;
  const counts = (Object.keys(VERDICT_LOOKS) as VerdictStatus[])
    .map((status) => ({ status, count: rounds.filter(({ verdict }) => verdict.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status.replaceAll('_', ' ')}`);
  return `${formatCountOf(rounds.length, 'round')}: ${counts.join(', ')}.`;
}
