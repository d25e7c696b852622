/** What is looked for in the answers of a round, one function a finding. */
import { formatCount, formatCountOf } from '../units/format.ts';
import type { RoundFacts } from './facts.ts';
import { ERROR_STATUS_MIN, FIRST_BYTE } from '../count/load.ts';
import type { Finding } from '../document/common.ts';

/** Some exchanges ended without a byte of answer where others had bytes: a target that sheds load looks like that. */
export function emptyResponses({ tally, target }: RoundFacts): Finding | undefined {
  const { emptyResponses: empty } = tally;
  const answered = tally.latency[FIRST_BYTE]!.count;
  if (empty === 0 || answered === 0) return undefined;
  return {
    code: 'empty_responses',
    message:
      `${target.label} ended ${formatCountOf(empty, 'exchange')} without a byte of answer, and answered ${formatCount(answered)} with bytes: ` +
      'it may shed load or fail after its listener. To count an empty answer as a failure, use --min-response 1.',
    evidence: { empty_responses: empty, answered },
  };
}

const STATUSES_SHOWN = 3;

/** Finds answers whose status says that the request was not served, where no option says which are good. */
export function errorStatuses({ tally, target, answer }: RoundFacts): Finding | undefined {
  if (answer.isExpected) return undefined;
  const answered = [...tally.responses].filter(([index]) => index >= 100);
  const bad = answered.filter(([status]) => status >= ERROR_STATUS_MIN);
  if (bad.length === 0) return undefined;
  bad.sort(([, one], [, other]) => other - one);
  const sum = (counts: readonly (readonly [number, number])[]): number =>
    counts.reduce((total, [, count]) => total + count, 0);
  const shown = bad.slice(0, STATUSES_SHOWN).map(([status, count]) => `${status} (${formatCount(count)})`);
  const more = bad.length > STATUSES_SHOWN ? ` and ${bad.length - STATUSES_SHOWN} more` : '';
  return {
    code: 'error_statuses',
    message:
      `${target.label} answered ${formatCount(sum(bad))} of ${formatCountOf(sum(answered), 'request')} with an HTTP status other than 2xx and 3xx: ` +
      `${shown.join(', ')}${more}. They count as ok. To count them as failures, use --expect-status 2xx,3xx.`,
    evidence: { error_statuses: sum(bad), answered: sum(answered), status: bad.map(([status]) => status) },
  };
}

/** Answers came, and the peer's end, which would have completed the exchange, did not. */
export function staysOpen({ tally, target, answer }: RoundFacts): Finding | undefined {
  const { timeoutsAnswered: count } = tally;
  if (count === 0) return undefined;
  return {
    code: 'peer_stays_open',
    message:
      `${target.label} sent bytes on ${formatCountOf(count, 'connection')} that timed out, and did not close: --finish ${answer.finish} waits for the peer to close. ` +
      'Where the peer keeps connections open after the answer, send "Connection: close" in the payload of an HTTP request, or use --finish bytes:N.',
    evidence: { answered_timeouts: count },
  };
}
