/** What stands at the head of every page: how good the news is, and why a run ended before its time. */
import type { ClientResult } from '../../../document/client.ts';
import type { RttResult } from '../../../document/rtt.ts';
import type { Verdict, VerdictStatus } from '../../../document/common.ts';
import { formatCountOf } from '../../../units/format.ts';
import { NO_ROUND, notRunSentences, STOPPED_EARLY } from '../../facts.ts';
import { verdictLook } from '../../verdict-looks.ts';
import { failureText } from '../../layout.ts';
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
export function endings(result: ClientResult | RttResult): Html {
  const { interrupted, error } = result;
  const notRun = notRunSentences(result).map((each) => paragraph(each));
  return html`${interrupted === true ? paragraph(STOPPED_EARLY) : null}${error === undefined ? null : paragraph(failureText(error))}${notRun}`;
}

/** From the worst to the best: what is wrong is read first. */
const BY_GRAVITY: readonly VerdictStatus[] = ['invalid', 'generator_limited', 'valid'];

/** How many rounds there are, by their verdict. */
export function roundsSentence(rounds: readonly { readonly verdict: Verdict }[]): string {
  if (rounds.length === 0) return NO_ROUND;
  if (areValid(rounds)) return `${formatCountOf(rounds.length, 'round')}, all valid.`;
  const counts = BY_GRAVITY.map((status) => ({
    status,
    count: rounds.filter(({ verdict }) => verdict.status === status).length,
  }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status.replaceAll('_', ' ')}`);
  return `${formatCountOf(rounds.length, 'round')}: ${counts.join(', ')}.`;
}

function areValid(rounds: readonly { readonly verdict: Verdict }[]): boolean {
  return rounds.every(({ verdict }) => verdict.status === 'valid');
}

/** What the head of a page says of rounds, the most important first. `sentenceOf` says what a round kept. */
export function roundSentences<Round extends { readonly verdict: Verdict }>(
  rounds: readonly Round[],
  { rateOf, sentenceOf }: { rateOf: (round: Round) => number; sentenceOf: (round: Round) => string },
): string[] {
  const [only] = rounds;
  if (only === undefined) return [NO_ROUND];
  if (rounds.length === 1) {
    const { status } = only.verdict;
    const { words } = verdictLook(only.verdict);
    return status === 'valid'
      ? [sentenceOf(only)]
      : [`${words.charAt(0).toUpperCase()}${words.slice(1)}.`, sentenceOf(only)];
  }
  const valid = rounds.filter(({ verdict }) => verdict.status === 'valid');
  const [first] = valid;
  if (first === undefined) return [roundsSentence(rounds)];
  const highest = valid.reduce((most, each) => (rateOf(each) > rateOf(most) ? each : most), first);
  const said = sentenceOf(highest);
  const kept = `The highest valid rate, round ${rounds.indexOf(highest) + 1}: ${said.charAt(0).toLowerCase()}${said.slice(1)}`;
  return areValid(rounds) ? [kept, roundsSentence(rounds)] : [roundsSentence(rounds), kept];
}

/** More rounds than these of which the same is to be said are one entry. */
const TOLD_MAX = 3;

interface Told {
  readonly code: string;
  readonly message: string;
}

/** What is to be said of several rounds. Of many with the same the first stands for all; each round has its own in its section. */
export function toldOfRounds(
  rounds: readonly { readonly verdict: Verdict; readonly findings?: readonly Told[] }[],
): string[] {
  const groups = new Map<string, { readonly round: number; readonly message: string }[]>();
  rounds.forEach(({ verdict, findings = [] }, index) => {
    for (const { code, message } of [...verdict.reasons, ...findings]) {
      groups.set(code, [...(groups.get(code) ?? []), { round: index + 1, message }]);
    }
  });
  return [...groups.values()].flatMap((group) =>
    group.length > TOLD_MAX
      ? [`${group.length} rounds, such as round ${group[0]!.round}: ${group[0]!.message}`]
      : group.map(({ round, message }) => `Round ${round}: ${message}`),
  );
}
