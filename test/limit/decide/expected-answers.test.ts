import t from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import { ExpectedAnswers } from '../../../src/limit/decide/expected-answers.ts';
import { planClient } from '../../support/plans.ts';
import { interval, latency, outcomes, roundResult } from '../../support/results.ts';

const plan = (await planClient({ target: '192.0.2.1:80', 'payload-size': '10' })).plan!;
const found = (code: string) => ({ code, message: '', evidence: {} });
const plain = roundResult();
const answered = roundResult({ latency_ns: { ...plain.latency_ns, first_byte: latency(1e6, 10) } });
const silent = roundResult({ latency_ns: { ...plain.latency_ns, first_byte: latency(1e6, 0) } });

const EMPTY: RoundResult = roundResult({
  duration_sec: 2,
  attempts: { scheduled: 10, started: 10, missed: 0, in_flight_max: 1 },
  outcomes: outcomes({ ok: 9, refused: 1 }),
  empty_responses: 4,
  intervals: [interval({ ok: 9, failed: 1, empty_responses: 4 }), interval({ ok: 0, failed: 0 })],
  findings: [found('empty_responses'), found('peer_stays_open')],
});

const ERRORS: RoundResult = roundResult({
  duration_sec: 2,
  attempts: { scheduled: 10, started: 10, missed: 0, in_flight_max: 1 },
  outcomes: outcomes({ ok: 9, refused: 1 }),
  responses: { 200: 6, 503: 3 },
  error_responses: 3,
  intervals: [interval({ ok: 9, failed: 1, error_responses: 3 })],
  findings: [found('error_statuses')],
});

t.test('where the lowest load was answered with bytes, an exchange that ends empty is a failure', async (t) => {
  const answers = new ExpectedAnswers(plan);
  answers.learn(silent);
  t.equal(answers.judged(EMPTY), EMPTY, 'nothing is known of answers');
  answers.learn(answered);
  const judged = answers.judged(EMPTY);
  t.same(judged.outcomes, outcomes({ ok: 5, refused: 1, short_response: 4 }));
  t.same(judged.owners, { generator: 0, network: 0, target: 5, unattributed: 0 });
  t.equal(judged.rate_per_sec.completed, 2.5);
  t.same(
    judged.intervals.map(({ ok, failed }) => [ok, failed]),
    [
      [5, 5],
      [0, 0],
    ],
  );
  t.same(judged.findings, [found('peer_stays_open')], 'that it counts as ok is not so');
  t.equal(answers.judged(answered), answered, 'nothing was empty');
  t.equal(answers.judged(ERRORS), ERRORS, 'there was no status');
});

t.test('where most statuses of the lowest load were no errors, an error is a failure', async (t) => {
  const answers = new ExpectedAnswers(plan);
  answers.learn(roundResult({ responses: { none: 8, 404: 2 }, error_responses: 2 }));
  answers.learn(roundResult({ responses: { 200: 5, 503: 5 }, error_responses: 5 }));
  t.equal(answers.judged(ERRORS), ERRORS, 'errors are what it answers');
  answers.learn(roundResult({ responses: { 204: 9, 503: 1 }, error_responses: 1 }));
  const judged = answers.judged(ERRORS);
  t.same(judged.outcomes, outcomes({ ok: 6, refused: 1, unexpected_response: 3 }));
  t.same(judged.owners, { generator: 0, network: 0, target: 4, unattributed: 0 });
  t.same(
    judged.intervals.map(({ ok, failed }) => [ok, failed]),
    [[6, 4]],
  );
  t.same(judged.findings, []);
});

t.test('where the user says which answers are good, nothing is learnt', async (t) => {
  const answers = new ExpectedAnswers({ ...plan, answer: { ...plan.answer, statuses: ['404'], minBytes: 0 } });
  answers.learn(answered);
  answers.learn(roundResult({ responses: { 200: 9 } }));
  t.equal(answers.judged(EMPTY), EMPTY);
  t.equal(answers.judged(ERRORS), ERRORS);
});
