/** A comparison as text, Markdown and HTML. */
import t from 'tap';
import { compareResults } from '../../src/compare/compare.ts';
import type { CompareResult } from '../../src/document/compare.ts';
import { parseChangeCriterion } from '../../src/judge/change-criterion.ts';
import { PLAIN_LOOK } from '../../src/view/look.ts';
import { render, renderSideBySide } from '../../src/view/renderers.ts';
import { shownShifts } from '../../src/view/compare-facts.ts';
import { changesChart, shiftChart } from '../../src/view/html/specs/compare.ts';
import { runOf, searchOf, sideOf } from '../support/compare.ts';

const BASE_US = [100, 101, 99, 102, 98];
const NEW_US = BASE_US.map((us) => us * 0.9 + 0.01);

/** The base against a new side; `cpuUsec` of the new side by run. */
function compared(
  expressions: readonly string[] = [],
  nextUs: readonly number[] = NEW_US,
  cpuUsec: readonly number[] = [],
): CompareResult {
  const criteria = expressions.flatMap((text) => {
    const parsed = parseChangeCriterion(text);
    return parsed.ok ? [parsed.value] : [];
  });
  const settings = { margin: 0.02, confidence: 0.95, tested: [], criteria, isForced: false };
  const next = nextUs.map((us, at) => runOf(`new-${at + 1}.json`, { medianNs: us * 1e3, cpuUsec: cpuUsec[at] ?? 30 }));
  const made = compareResults(sideOf('base', BASE_US), next, settings);
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

t.test('the head names what is unclear, and is green only where everything is known and good', async (t) => {
  const same = [100.1, 99.9, 100, 100.2, 99.8];
  const noisy = [20, 40, 30, 25, 60];
  const moodOf = (page: string): string | undefined => /class="lead (\w+)"/.exec(page)?.[1];
  const unclear = await render(compared([], NEW_US, noisy), 'html');
  t.match(
    unclear,
    /Faster: p50\(total\) -10\.0\s%, p99\(total\) -10\.0\s%; unclear: cpu; same: rate\(completed\), failures\./,
  );
  t.equal(moodOf(unclear), 'neutral');
  t.equal(moodOf(await render(compared([], NEW_US), 'html')), 'good');
  t.equal(moodOf(await render(compared(['p99(total)>-10%'], NEW_US), 'html')), 'neutral', 'a threshold is not proven');
  const forced = { ...compared([], same, noisy), forced: ['14 runs are generator_limited: a.json'] };
  t.equal(moodOf(await render(forced, 'html')), 'warning');
  for (const format of ['html', 'markdown'] as const) {
    const shown = (await render(forced, format)).replaceAll(/<[^>]*>|\s+/g, ' ');
    t.match(shown, /Forced, in spite of the reasons below\. +Unclear: cpu/, format);
  }
  const text = await render(forced, 'text');
  t.match(text, /\n {2}forced +14 runs are generator_limited: a\.json\n {2}unclear +cpu [^]*\n {2}same +rate/);
});

t.test('a threshold whose interval holds both is not proven, in words and with units', async (t) => {
  const result = compared(['p99(total)>-10%', 'failures>+1%']);
  t.match(result, {
    thresholds_met: true,
    thresholds: [{ status: 'not_proven', figure: 'p99(total)' }, { status: 'pass' }],
  });
  for (const format of ['text', 'markdown', 'html'] as const) {
    const shown = (await render(result, format))
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll(/\s+/g, ' ')
      .replaceAll('&gt;', '>');
    t.match(shown, /No threshold failed, but 1 of 2 is not proven\./, format);
    t.match(
      shown,
      /p99\(total\)>-10% .{0,12}1,000\/s .{0,6}-10\.0 % .{0,6}-1\d\.\d to -\d\.\d+ % .{0,6}not proven/,
      format,
    );
    t.match(shown, /not proven: the limit is inside the interval/, format);
    t.match(shown, /passed: the whole interval is within the limit/, format);
    t.notMatch(shown, /Every threshold was met/, format);
  }
});

t.test('the head says where the runs are too few', async (t) => {
  const few = await render(compared([], [100, 90, 95]), 'markdown');
  t.match(
    few,
    /\nUnclear: all 5 tested figures\. Too few runs for every verdict: the smaller side has 3, and it takes 5\.\n/,
  );
  t.notMatch(await render(compared([], [100, 130, 90, 110, 95]), 'markdown'), /Too few/);
});

t.test('one threshold that is not proven is told as one', async (t) => {
  const text = await render(compared(['p99(total)>-10%']), 'text');
  t.match(text, /\nThe threshold did not fail, but it is not proven to be met\.\n$/);
  t.match(text, /\nQuantiles of total\n {2}quantile /);
});

t.test('a change that the two medians contradict has a mark and a note', async (t) => {
  // The median falls from 100 to 99.4; the median of all ratios is above 1.
  const text = await render(compared([], [98.9, 99, 99.4, 200, 210]), 'text');
  t.match(text, /\np50\(total\) +100 µs +99\.4 µs +\+0\.92 %\*/);
  t.match(text, /\n\* The change is not new divided by base\. base and new are the medians/);
  t.notMatch(await render(compared(), 'text'), /%\*|\* The change/);
});

t.test('runs that were left out are told once for each reason', async (t) => {
  const left_out = [1, 2, 3, 4].map((at) => ({ file: `new-${at}.json`, reason: 'this machine was its limit' }));
  const taking = {
    directory: 'runs',
    order: 'ABBA',
    pause_sec: 0,
    left_out: [...left_out, { file: null, reason: 'odd' }],
  };
  const text = await render({ ...compared(), taking }, 'text');
  t.match(text, /\n {2}left out {4}4 runs \(new-1\.json, new-2\.json, … and 2 more\): this machine was\n +its limit\n/);
  t.match(text, /\n {2}left out {4}a run without a result: odd\n/);
});

t.test('no line breaks between a number and its unit', async (t) => {
  for (const columns of [40, 50, 60, 70, 80]) {
    const text = await render(compared(['p99(total)>-10%'], [150, 99, 98, 160, 70]), 'text', {
      ...PLAIN_LOOK,
      style: { columns, colours: false },
    });
    t.notMatch(text, /\d\n *(?:%|points)/, `${columns} columns`);
  }
  const page = await render(compared(), 'html');
  const lead = /class="verdict">([^<]*)</.exec(page)?.[1] ?? '';
  t.match(lead, /-10\.0\u00a0%/, 'the browser breaks no line there either');
  t.notMatch(lead, /\d %/);
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

t.test('comparisons side by side: what is not tested is called that, and none of them is a run', async (t) => {
  const result = compared([], [100, 130, 90, 110, 95]);
  const page = await renderSideBySide(
    [1, 2].map((at) => ({ name: `${at}.json`, document: result })),
    'html',
  );
  const text = page
    .slice(0, page.indexOf('<script'))
    .replaceAll(/<[^>]*>|\s+/g, ' ')
    .replaceAll(/ +/g, ' ');
  t.match(text, /conngen compare: 2 results side by side/);
  t.match(text, / p90\(total\) (?:[+-][\d.]+|0) % \(-[\d.]+ to \+[\d.]+ %\), not tested /);
  t.match(text, / p50\(total\) \S+ % \(-[\d.]+ to \+[\d.]+ %\), unclear /);
  t.notMatch(text, /by more than chance/);
});

t.test('charts are in per cent, and logarithmic where changes span a decade', (t) => {
  const axesAt = (nextUs: readonly number[]): string[] => {
    const result = compared([], nextUs);
    const shifts = shownShifts(result, 0).map((shift) => shiftChart(shift, result));
    const [changes, ...others] = [changesChart(result, 0)!, ...shifts];
    t.equal(changes.marks?.[0]?.value, changes.y.unit === 'percent' ? 0 : 1, 'where nothing has changed');
    return [changes, ...others].map(({ y }) => `${y.unit} ${y.scale}`);
  };
  const near = axesAt(BASE_US.map((us) => us * 1.2));
  const far = axesAt(BASE_US.map((us) => us * 1000));
  t.same([...new Set(near)], ['percent linear']);
  t.same([...new Set(far)], ['ratio log']);
  t.ok(far.length > 1, 'with the shift of a distribution');
  t.end();
});
