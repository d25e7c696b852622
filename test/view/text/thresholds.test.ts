import t from 'tap';
import type { RoundResult, ThresholdResult } from '../../../src/document/client.ts';
import { clientText } from '../../../src/view/text/client.ts';
import { formatFigure } from '../../../src/view/text/thresholds.ts';
import { clientResult, roundResult } from '../../support/results.ts';

const met: ThresholdResult = { expression: 'p99(total)>20ms', value: 312_000, unit: 'ns', met: true, status: 'pass' };
const notMet: ThresholdResult = {
  expression: 'failures>0.1%',
  value: 0.4,
  unit: 'percent',
  met: false,
  status: 'fail',
};
const unknown: ThresholdResult = {
  expression: 'p99(first_byte)>1s',
  value: null,
  unit: 'ns',
  met: false,
  status: 'not_measured',
};
const limited: RoundResult['verdict'] = { status: 'generator_limited', reasons: [] };

t.test('figures', async (t) => {
  t.equal(formatFigure(met), '312 µs');
  t.equal(formatFigure(notMet), '0.4 %');
  t.equal(formatFigure(unknown), 'not measured');
  t.equal(formatFigure({ value: 250_000, unit: 'count' }), '250,000');
  t.equal(formatFigure({ value: 9900, unit: 'per_sec' }), '9,900/s');
});

t.test('all met', async (t) => {
  const text = clientText(clientResult({ thresholds_met: true, rounds: [roundResult({ thresholds: [met] })] }));
  t.match(text, '\n  fail if     p99(total)>20ms: no (312 µs)\n\nEvery threshold was met.\n');
});

t.test('what was not met is named, with its round where there are several', async (t) => {
  const rounds = [roundResult({ thresholds: [met, met] }), roundResult({ thresholds: [notMet, unknown] })];
  const text = clientText(clientResult({ thresholds_met: false, rounds }));
  t.match(text, '  fail if     failures>0.1%: yes (0.4 %)\n              p99(first_byte)>1s: not measured\n');
  t.match(text, /\nThresholds not met: failures>0\.1% in round 2, p99\(first_byte\)>1s in\s+round 2\.\n$/);
  const alone = clientText(clientResult({ thresholds_met: false, rounds: [roundResult({ thresholds: [notMet] })] }));
  t.match(alone, /\nThresholds not met: failures>0\.1%\.\n$/);
});

t.test('a limited generator is the reason', async (t) => {
  const rounds = [roundResult({ thresholds: [met], verdict: limited })];
  const text = clientText(clientResult({ thresholds_met: false, rounds })).replace(/\s+/g, ' ');
  t.match(
    text,
    /nothing of the target\. This machine was the bottleneck, .* \(--allow-generator-limited accepts them\)\. $/,
  );
  t.match(
    clientText(clientResult({ thresholds_met: false, rounds: [] })),
    /\nThe thresholds say nothing of the target\. No round was run\.\n$/,
  );
});
