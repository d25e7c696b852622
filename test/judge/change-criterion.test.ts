import t from 'tap';
import { CHANGE_FIGURES, parseChangeCriterion, parseChangeFigure } from '../../src/judge/change-criterion.ts';
import { figuresOf } from '../../src/compare/figures.ts';

t.test('criteria about a change', async (t) => {
  const taken: Readonly<Record<string, readonly [string, string, number]>> = {
    'p99(total)>+5%': ['p99(total)', '>', 5],
    ' P99.9( total ) >= +0.5 % ': ['p99.9(total)', '>=', 0.5],
    'p99_9(rtt)<-10%': ['p99.9(rtt)', '<', -10],
    'rate(completed)<-3%': ['rate(completed)', '<', -3],
    'cpu>+0%': ['cpu', '>', 0],
    'answer<=-2%': ['answer', '<=', -2],
  };
  for (const [text, [figure, comparison, limitPercent]] of Object.entries(taken)) {
    const value = { expression: text.trim(), figure, comparison, limitPercent };
    t.same(parseChangeCriterion(text), { ok: true, value }, text);
  }
});

t.test('what is none is refused with what is missing', async (t) => {
  const refused: Readonly<Record<string, RegExp>> = {
    '': /a figure, a comparison and a change/,
    'p99(total)': /a figure, a comparison and a change/,
    'p99(total)>5%': /a change with its sign and % after >, such as >\+5%/,
    'p99(total)>+5': /with its sign and %/,
    'p99(total)>+5ms': /with its sign and %/,
    'p98(total)>+5%': /a figure such as/,
    'rate(completed)<-100%': /above -100%/,
    '</script>>+5%': /a figure/,
  };
  for (const [text, expected] of Object.entries(refused)) {
    const parsed = parseChangeCriterion(text);
    t.match(parsed.ok ? 'taken' : parsed.expected, expected, text);
  }
});

t.test('every figure of a comparison can be asked for', async (t) => {
  for (const kind of ['client', 'rtt'] as const) {
    for (const { name } of figuresOf(kind)) t.same(parseChangeFigure(name), { ok: true, value: name });
  }
  t.ok(CHANGE_FIGURES.includes('sustained'));
});
