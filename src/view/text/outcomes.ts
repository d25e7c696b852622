/** The outcomes of the attempts, by owner. */
import { BLAMED, OUTCOMES, OUTCOME_TRAITS } from '../../document/outcome.ts';
import type { OutcomeName, Owner } from '../../document/outcome.ts';
import type { RoundResult } from '../../document/client.ts';
import { formatCount, formatShare } from '../../units/format.ts';
import { listed, type Fact } from '../facts.ts';

const RESPONSE_WORDS: Readonly<Record<string, string>> = { none: 'no answer', not_http: 'not HTTP' };

/** The fact of successes and of outcomes without an owner, one for each owner of failures, and one for the errors by name. */
export function outcomeFacts(round: RoundResult): Fact[] {
  const { attempts, outcomes, errno } = round;
  const parts = (owner: Owner): string[] =>
    OUTCOMES.filter((name) => OUTCOME_TRAITS[name].owner === owner && outcomes[name] > 0).map((name) =>
      outcomePart(name, outcomes[name], attempts.started),
    );
  const failures = BLAMED.map((owner) => {
    const missed = owner === 'generator' && attempts.missed > 0 ? [missedPart(round)] : [];
    return { owner, text: [...parts(owner), ...missed].join(', ') };
  }).filter(({ text }) => text !== '');
  const unblamed = parts('nobody').join(', ');
  const empty = round.empty_responses ?? 0;
  const errnos = Object.entries(errno).filter(([, count]) => count > 0);
  return [
    ['outcomes', unblamed !== '' ? unblamed : failures.length > 0 ? 'ok 0' : 'none'],
    ...failures.map(({ owner, text }): Fact => [`  ${owner}`, text]),
    ...listed(
      '  empty',
      empty > 0
        ? [`${formatCount(empty)} (${formatShare(empty, attempts.started)}) ended without a byte of answer`]
        : [],
    ),
    ...responseFacts(round),
    ...listed(
      '  errno',
      errnos.length > 0 ? [errnos.map(([name, count]) => `${name} ${formatCount(count)}`).join(', ')] : [],
    ),
  ];
}

/** What a lost agent did not report is counted as missed, and it may have been started. */
export function missedText({ agents = [] }: Pick<RoundResult, 'agents'>): string {
  return agents.some(({ lost }) => (lost?.unreported ?? 0) > 0) ? 'missed or not reported' : 'missed';
}

function outcomePart(name: OutcomeName, count: number, started: number): string {
  return `${name.replaceAll('_', ' ')} ${formatCount(count)} (${formatShare(count, started)})`;
}

function missedPart(round: RoundResult): string {
  const { missed, scheduled } = round.attempts;
  return `${missedText(round)} ${formatCount(missed)} (${formatShare(missed, scheduled)} of those due)`;
}

/** The responses by HTTP status, the most frequent first. */
function responseFacts({ responses }: RoundResult): Fact[] {
  const counts = Object.entries(responses ?? {}).sort(([, one], [, other]) => other - one);
  if (counts.length === 0) return [];
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const parts = counts.map(
    ([name, count]) => `${RESPONSE_WORDS[name] ?? name} ${formatCount(count)} (${formatShare(count, total)})`,
  );
  return [['  status', parts.join(', ')]];
}
