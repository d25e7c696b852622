import t from 'tap';
import { formatProblem } from '../../src/units/problem.ts';

t.test('one line, whatever was typed', (t) => {
  t.equal(
    formatProblem({ option: '--rate', got: '0', expected: 'more than 0 connections/s' }),
    '--rate: got "0", expected more than 0 connections/s',
  );
  t.equal(formatProblem({ option: '--rate', got: null, expected: 'a rate' }), '--rate: got nothing, expected a rate');
  t.notMatch(formatProblem({ option: '--x', got: 'a\nb\u001b[2J', expected: 'y' }), /[\n\u001b]/);
  const raw = 'a\nb\u001b[2J\u009b';
  t.notMatch(formatProblem({ option: raw, got: raw, expected: raw }), /[\n\u001b\u009b]/, 'wherever it stands');
  t.ok(formatProblem({ option: 'z'.repeat(3_000_000), got: null, expected: 'z'.repeat(3_000_000) }).length < 3000);
  t.ok(formatProblem({ option: '--x', got: 'z'.repeat(10_000), expected: 'y' }).length < 300);
  t.end();
});
