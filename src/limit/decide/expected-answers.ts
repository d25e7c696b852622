/** What answers a target gives when it is not loaded, and so what is a failure under load. */
import type { RoundResult } from '../../document/client.ts';
import { countByOwner } from '../../document/outcome.ts';
import { acceptsEmpty, expectsResponse } from '../../plan/exchange/answer-plan.ts';
import type { ClientPlan } from '../../plan/plan.ts';

/** The counts of a round, or of an interval of it. */
type Counts = Pick<RoundResult, 'empty_responses' | 'error_responses'>;

/**
 * ExpectedAnswers learns from the lowest load: where that was answered with bytes, an exchange without a byte is a failure in every
 * trial; where most of its HTTP statuses were none of an error, one that is an error's is. Where the user has said which answers
 * are good, there is nothing to learn.
 */
export class ExpectedAnswers {
  readonly #mayBeEmpty: boolean;
  readonly #mayBeError: boolean;
  #areEmptyFailures = false;
  #areErrorsFailures = false;

  constructor(client: Pick<ClientPlan, 'answer' | 'body'>) {
    this.#mayBeEmpty = acceptsEmpty(client);
    this.#mayBeError = !expectsResponse(client.answer);
  }

  /** Learns from a round at the lowest load. */
  learn(round: RoundResult): void {
    if (this.#mayBeEmpty) this.#areEmptyFailures ||= round.latency_ns.first_byte.count > 0;
    if (this.#mayBeError) this.#areErrorsFailures ||= hasGoodStatuses(round);
  }

  /** The round of a trial as goals see it. What the time of its failures adds to the latencies stays. */
  judged(round: RoundResult): RoundResult {
    const { empty, error } = this.#failuresOf(round);
    if (empty + error === 0) return round;
    const { ok, short_response: short, unexpected_response: unexpected } = round.outcomes;
    const outcomes = {
      ...round.outcomes,
      ok: ok - empty - error,
      short_response: short + empty,
      unexpected_response: unexpected + error,
    };
    const { duration_sec: durationSec, rate_per_sec: rate } = round;
    return {
      ...round,
      outcomes,
      owners: countByOwner(outcomes, round.attempts.missed),
      rate_per_sec: { ...rate, completed: durationSec > 0 ? Math.round((outcomes.ok / durationSec) * 10) / 10 : 0 },
      intervals: round.intervals.map((interval) => {
        const failed = this.#failuresOf(interval);
        const count = failed.empty + failed.error;
        return count === 0 ? interval : { ...interval, ok: interval.ok - count, failed: interval.failed + count };
      }),
      // They say that such answers count as ok.
      findings: round.findings.filter(
        ({ code }) => !(code === 'empty_responses' && empty > 0) && !(code === 'error_statuses' && error > 0),
      ),
    };
  }

  #failuresOf({ empty_responses: empty = 0, error_responses: error = 0 }: Counts): { empty: number; error: number } {
    return { empty: this.#areEmptyFailures ? empty : 0, error: this.#areErrorsFailures ? error : 0 };
  }
}

/** Whether most answers of a round had an HTTP status, and no error's. */
function hasGoodStatuses({ responses = {}, error_responses: errors = 0 }: RoundResult): boolean {
  const statuses = Object.entries(responses).filter(([name]) => /^\d/.test(name));
  const answered = statuses.reduce((sum, [, count]) => sum + count, 0);
  return errors < answered / 2;
}
