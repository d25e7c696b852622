import t from 'tap';
import { parseCriterion, type Criterion } from '../../src/judge/criterion.ts';
import { judgeClient } from '../../src/judge/threshold.ts';
import { clientResult, outcomes, refusedRound, roundResult } from '../support/results.ts';

function criteria(...texts: string[]): Criterion[] {
  return texts.map((text) => {
    const parsed = parseCriterion(text);
    if (!parsed.ok) throw new Error(parsed.expected);
    return parsed.value;
  });
}

const failing = roundResult({ outcomes: outcomes({ ok: 249_000, reset: 1000 }) });
const limited = roundResult({ verdict: { status: 'generator_limited', reasons: [] } });

t.test('without a threshold a result stays as it is', async (t) => {
  const result = clientResult({ rounds: [limited] });
  t.equal(judgeClient({ failIf: [], allowGeneratorLimited: false }, result), result);
});

t.test('each threshold with its figure, in every round', async (t) => {
  const failIf = criteria('p99(total)>1ms', 'failures>0.1%');
  const result = judgeClient(
    { failIf, allowGeneratorLimited: false },
    clientResult({ rounds: [roundResult(), failing] }),
  );
  t.same(result.rounds[0]?.thresholds, [
    { expression: 'p99(total)>1ms', value: 312_000, unit: 'ns', met: true, status: 'pass' },
    { expression: 'failures>0.1%', value: 0, unit: 'percent', met: true, status: 'pass' },
  ]);
  t.same(result.rounds[1]?.thresholds, [
    { expression: 'p99(total)>1ms', value: 312_000, unit: 'ns', met: true, status: 'pass' },
    { expression: 'failures>0.1%', value: 0.4, unit: 'percent', met: false, status: 'fail' },
  ]);
  t.equal(result.thresholds_met, false, 'one round is enough');
  t.match(result.config, { fail_if: ['p99(total)>1ms', 'failures>0.1%'], allow_generator_limited: false, port: 2345 });
  t.equal(judgeClient({ failIf, allowGeneratorLimited: false }, clientResult()).thresholds_met, true);
});

t.test('what was not measured is not met', async (t) => {
  const failIf = criteria('p99(total)>1s');
  const result = judgeClient({ failIf, allowGeneratorLimited: false }, clientResult({ rounds: [refusedRound()] }));
  t.same(result.rounds[0]?.thresholds, [
    { expression: 'p99(total)>1s', value: null, unit: 'ns', met: false, status: 'not_measured' },
  ]);
  t.equal(result.thresholds_met, false);
  t.equal(judgeClient({ failIf, allowGeneratorLimited: false }, clientResult({ rounds: [] })).thresholds_met, false);
});

t.test('a round that this machine limited fails, unless that is allowed', async (t) => {
  const failIf = criteria('failures>0.1%');
  const result = clientResult({ rounds: [roundResult(), limited] });
  t.equal(judgeClient({ failIf, allowGeneratorLimited: false }, result).thresholds_met, false);
  t.equal(judgeClient({ failIf, allowGeneratorLimited: true }, result).thresholds_met, true);
});
