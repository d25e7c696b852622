/** A comparison as text, Markdown and HTML. */
import t from 'tap';
import { compareResults } from '../../src/compare/compare.ts';
import type { CompareResult } from '../../src/document/compare.ts';
import { parseChangeCriterion } from '../../src/judge/change-criterion.ts';
import { render } from '../../src/view/renderers.ts';
import { searchOf, sideOf } from '../support/compare.ts';

const BASE_US = [100, 101, 99, 102, 98];
const NEW_US = BASE_US.map((us) => us * 0.9 + 0.01);

function compared(expressions: readonly string[] = []): CompareResult {
  const criteria = expressions.flatMap((text) => {
    const parsed = parseChangeCriterion(text);
    return parsed.ok ? [parsed.value] : [];
  });
  const settings = { margin: 0.02, confidence: 0.95, tested: [], criteria, isForced: false };
  const made = compareResults(sideOf('base', BASE_US), sideOf('new', NEW_US), settings);
  if ('problems' in made) throw new Error(made.problems[0]?.expected);
  return made.result;
}

t.test('the verdicts come first, with change and interval', async (t) => {
  const text = await render(compared(['p99(total)>+5%']), 'text');
  t.match(text, /^conngen compare: 5 client runs \(base\) and 5 client runs \(new\)\n/);
  t.match(text, /\n {2}faster +p50\(total\) -10\.0 % \(-1\d\.\d to -\d\.\d+ %\); p99\(total\)/);
  t.match(text, /\n {2}same +rate\(completed\) 0 % \(0 to 0 %\)/);
  t.match(text, /\np50\(total\) +100 µs +90\.0 µs +-10\.0 %/);
  t.match(text, /p90\(total\).* not tested\n/);
  t.match(text, /Every threshold was met\.\n$/);
  t.ok(
    text.split('\n').every((line) => line.length <= 80),
    'fits 80 columns',
  );
});

t.test('Markdown has a table of figures and of thresholds', async (t) => {
  const markdown = await render(compared(['p99(total)>+5%', 'rate(completed)<-3%']), 'markdown');
  t.match(markdown, /^## conngen compare: 5 client runs/);
  t.match(markdown, /\n\| figure \| base \| new \| change \|/);
  t.match(markdown, /\n\| p99\(total\)>\+5% \| 1,000\/s \|/);
});

t.test('what a user wrote cannot leave its place in any format', async (t) => {
  const hostile = 'loss</script><script>alert(1)</script><!-- | \u001b[31m`*_<=0.1%';
  const goal = { goal: hostile };
  const settings = { margin: 0.02, confidence: 0.95, tested: [], criteria: [], isForced: true };
  const base = [searchOf(`${hostile}.json`, 1000, 1100, goal)];
  const made = compareResults(base, [searchOf('new.json', 2000, 2100, goal)], settings);
  if ('problems' in made) throw new Error(made.problems[0]?.expected);
  for (const format of ['text', 'markdown', 'html'] as const) {
    const shown = await render(made.result, format);
    t.notMatch(shown, /\u001b\[31m/, `${format}: no escape sequence`);
    if (format === 'text') continue;
    t.notMatch(shown, /(?:^|[^\\])<script>alert/, `${format}: no script`);
    if (format === 'markdown') t.notMatch(shown, /[^\\]<!--/, 'no comment');
    else t.notMatch(shown.slice(shown.indexOf('<body')), /<!-- \|/, 'no comment');
  }
});
