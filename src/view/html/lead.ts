/** What stands at the head of every page: how good the news is, and why a run ended before its time. */
import type { ClientResult } from '../../document/client.ts';
import type { VerdictStatus } from '../../document/common.ts';
import { STOPPED_EARLY } from '../facts.ts';
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
