/** The frame and the content of pages, read by a strict parser. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { VerdictStatus } from '../../../src/document/common.ts';
import type { GoalResult, SaturateResult, SearchResult } from '../../../src/document/limit.ts';
import { DOCUMENT_VERSIONS, type Document, type DocumentKind } from '../../../src/document/read.ts';
import { render, renderSideBySide } from '../../../src/view/renderers.ts';
import { anyDocument } from '../../support/any-document.ts';
import { longResult } from '../../support/long-result.ts';
import { attribute, elementsIn, named, parsePage, textOf, type ParsedPage } from '../../support/pages.ts';
import { clientResult, interval, outcomes, refusedRound, roundResult, serverResult } from '../../support/results.ts';

const MAX_BYTES = 300 * 1024;

function checkFrame(t: Test, page: ParsedPage, name: string): void {
  t.same(page.errors, [], `${name}: a strict parser objects to nothing`);
  const ids = page.elements.flatMap((element) => attribute(element, 'id') ?? []);
  t.equal(new Set(ids).size, ids.length, `${name}: every id once`);
  const targets = named(page, 'a').map((link) => attribute(link, 'href')!.slice(1));
  t.same(
    targets.filter((target) => !ids.includes(target)),
    [],
    `${name}: every link leads somewhere`,
  );
  const levels = named(page, 'h1', 'h2', 'h3', 'h4').map(({ tagName }) => Number(tagName.slice(1)));
  t.equal(levels[0], 1);
  t.ok(
    levels.every((level, index) => index === 0 || (level > 1 && level <= levels[index - 1]! + 1)),
    `${name}: headings in order`,
  );
  for (const table of named(page, 'table')) {
    t.ok(
      elementsIn(table).some(({ tagName, childNodes }) => tagName === 'caption' && childNodes.length > 0),
      `${name}: a caption`,
    );
    t.ok(
      elementsIn(table)
        .filter(({ tagName }) => tagName === 'th')
        .every((each) => attribute(each, 'scope') !== undefined),
    );
  }
  const attributes = page.elements.flatMap(({ attrs }) => attrs);
  t.same(
    attributes.filter(
      ({ name: each, value }) =>
        each === 'style' || each === 'src' || each.startsWith('on') || (/^https?:/.test(value) && each !== 'xmlns'),
    ),
    [],
  );
}

/** Nothing runs or is applied that the policy does not name, and the policy names nothing else. */
function checkPolicy(t: Test, page: ParsedPage): void {
  const policy = named(page, 'meta').find((meta) => attribute(meta, 'http-equiv') === 'Content-Security-Policy')!;
  const parts = new Map(
    attribute(policy, 'content')!
      .split('; ')
      .map((part): [string, string[]] => {
        const [name, ...sources] = part.split(' ');
        return [name!, sources];
      }),
  );
  const hashes = (elements: ReturnType<typeof named>): string[] =>
    elements.map((each) => `'sha256-${createHash('sha256').update(textOf(each)).digest('base64')}'`);
  const scripts = named(page, 'script').filter((each) => attribute(each, 'type') === undefined);
  t.same(parts.get('default-src'), ["'none'"]);
  t.same(parts.get('script-src'), hashes(scripts));
  t.same(parts.get('style-src'), hashes(named(page, 'style')));
  t.same([...parts.keys()].sort(), ['base-uri', 'default-src', 'form-action', 'img-src', 'script-src', 'style-src']);
  // Before anything that it is to hold for.
  t.ok(page.elements.indexOf(policy) < page.elements.indexOf(named(page, 'style', 'script')[0]!));
}

/** Without scripts every chart is there as a picture. */
function checkCharts(t: Test, page: ParsedPage): void {
  const figures = named(page, 'figure');
  t.same(
    figures.map((figure) => attribute(figure, 'data-chart')),
    page.data.charts.map(({ id }) => id),
  );
  for (const figure of figures) t.equal(elementsIn(figure).filter(({ tagName }) => tagName === 'svg').length, 1);
  for (const { x, series } of page.data.charts) {
    t.ok(
      series.every(({ values }) => values.length === x.values.length),
      'a value for each x',
    );
  }
}

for (const kind of Object.keys(DOCUMENT_VERSIONS) as DocumentKind[]) {
  t.test(`pages of ${kind} documents`, async (t) => {
    for (const document of fc.sample(anyDocument(kind), { numRuns: 4, seed: 15 })) {
      const page = parsePage(await render(document, 'html'));
      checkFrame(t, page, kind);
      checkPolicy(t, page);
      checkCharts(t, page);
      t.same(JSON.stringify(page.data.downloads.map((each) => each.document)), JSON.stringify([document]));
    }
  });
  t.test(`${kind} documents side by side`, async (t) => {
    const documents = fc.sample(anyDocument(kind), { numRuns: 3, seed: 16 });
    const page = parsePage(
      await renderSideBySide(
        documents.map((document, index) => ({ name: `run <${index}>`, document })),
        'html',
      ),
    );
    checkFrame(t, page, kind);
    checkPolicy(t, page);
    checkCharts(t, page);
    t.same(
      page.data.downloads.map(({ file }) => file),
      ['run_0_.json', 'run_1_.json', 'run_2_.json'],
    );
  });
}

t.test('ten minutes at a client take less than 300 KiB', async (t) => {
  const result = longResult();
  const html = await render(result, 'html');
  t.ok(Buffer.byteLength(html) < MAX_BYTES, `${Buffer.byteLength(html)} bytes`);
  const page = parsePage(html);
  checkFrame(t, page, 'ten minutes');
  t.same(page.data.downloads[0]!.document, result);
  const overTime = page.data.charts.filter(({ group }) => group === 'time');
  t.ok(overTime.length >= 5);
  t.ok(overTime.every(({ x }) => x.values.length === 600));
});

/** The words of the page, with a space between elements. */
function shown(page: ParsedPage): string {
  return wordsOf(named(page, 'main')[0]!).join(' ').replaceAll(/\s+/g, ' ').trim();
}

function wordsOf(node: Parameters<typeof textOf>[0]): string[] {
  return 'childNodes' in node ? node.childNodes.flatMap(wordsOf) : [textOf(node)];
}

async function pageOf(document: Document): Promise<ParsedPage> {
  return parsePage(await render(document, 'html'));
}

t.test('what a client run shows', async (t) => {
  const seconds = [0, 1, 2].map((start) =>
    interval({
      start_sec: start,
      ok: 900,
      failed: 100,
      missed: start === 1 ? 50 : 0,
      outcomes: { refused: 60, connect_timeout: 40 },
    }),
  );
  const end = interval({
    start_sec: 3,
    length_sec: 0.004,
    scheduled: 0,
    started: 0,
    established: 0,
    ok: 2,
    failed: 1,
    outcomes: { refused: 1 },
    in_flight: 0,
  });
  const thresholds = [
    { expression: 'p99(total)>20ms', value: 312_000, unit: 'ns', met: true, status: 'pass' },
  ] as const;
  const round = roundResult({
    intervals: [...seconds, end],
    thresholds,
    outcomes: outcomes({ ok: 2702, refused: 181, connect_timeout: 120 }),
  });
  const page = await pageOf(clientResult({ rounds: [round], thresholds_met: true }));
  const text = shown(page);
  t.match(text, /^Offered 25,000\/s for 10 s: 25,000\/s completed, .* Verdict: valid .*Every threshold was met\./);
  t.match(text, /target refused 181 .* network connect timeout 120/);
  t.match(text, /p99\(total\)>20ms 312 µs met/);
  t.match(text, /conngen client 127\.0\.0\.1:2345 --rate 25000 --payload-size 64/);
  const rates = page.data.charts.find(({ id }) => id === 'rates-over-time')!;
  const values = (label: RegExp): unknown => rates.series.find((series) => label.test(series.label))?.values;
  // The last 4 ms belong to the second before: 3 exchanges in 4 ms are no 750/s.
  t.same(rates.x.values, [0, 1, 2]);
  t.equal(rates.x.end, 3);
  const open = page.data.charts.find(({ id }) => id === 'open-over-time')!;
  t.match(open.title, /at the end of each second$/);
  t.match(open.marks, [{ value: 212, label: 'the most at any time: 212' }]);
  t.same(values(/^completed/), [900, 900, 898.41]);
  t.same(values(/\(target\)/), [60, 60, 60.757]);
  t.same(values(/\(network\)/), [40, 40, 39.841]);
  t.same(values(/generator/), [0, 50, 0]);
});

t.test('several rounds: an overview, then each', async (t) => {
  const page = await pageOf(clientResult({ rounds: [roundResult(), refusedRound()] }));
  const titles = named(page, 'h2').map(textOf);
  t.same(titles.slice(0, 3), ['Rounds', 'Round 1 of 2: 25,000/s', 'Round 2 of 2: 25,000/s']);
  t.match(
    shown(page),
    /^2 rounds: 1 invalid, 1 valid\. The highest valid rate, round 1: offered 25,000\/s for 10 s: 25,000\/s completed, /,
  );
  t.match(shown(page), /Round 2: No connection was established/);
});

t.test('very many rounds: their figures without their charts', async (t) => {
  const rounds = Array.from({ length: 40 }, (_, index) =>
    roundResult({ offered_rate_per_sec: 1000 * (index + 1), intervals: [interval()] }),
  );
  const page = await pageOf(clientResult({ rounds }));
  t.same(
    page.data.charts.map(({ id }) => id),
    ['rounds-rate', 'rounds-latency'],
  );
  t.match(shown(page), /The charts of single rounds are left out where there are more than 12\./);
});

t.test('a run that broke off or was stopped says so first', async (t) => {
  const page = await pageOf(
    clientResult({ rounds: [], interrupted: true, error: { code: 'worker_died', message: 'A worker died.' } }),
  );
  t.match(shown(page), /^No round was run\. Stopped early: .* Failed: A worker died\. \(worker_died\)/);
});

t.test('runs side by side: a column each, and what differs', async (t) => {
  const runs = [
    clientResult(),
    clientResult({
      conngen: '0.2.0',
      rounds: [roundResult({ rate_per_sec: { started: 1, established: 2, completed: 3 } })],
    }),
  ];
  const page = parsePage(
    await renderSideBySide(
      runs.map((document, index) => ({ name: `run ${index}`, document })),
      'html',
    ),
  );
  t.match(shown(page), /figure run 0 run 1 .*completed 25,000\/s 3\.?0*\/s/);
  t.match(shown(page), /System: what differs system run 0 run 1 conngen 0\.1\.0 0\.2\.0/);
  t.match(shown(page), /What is the same System: .*kernel 6\.18 .*Options: .*host 127\.0\.0\.1/);
  t.equal(page.data.charts.find(({ id }) => id === 'percentiles')?.series.length, 2);
});

t.test('a server', async (t) => {
  t.match(shown(await pageOf(serverResult())), /^Accepted 5,000 in 12\.5 s .*2 2,400 2,395 0/);
});

t.test('what is wrong is read first', async (t) => {
  const thresholds = [{ expression: 'p99(total)>1ms', value: 5e6, unit: 'ns', met: false, status: 'fail' }] as const;
  const slow = roundResult({ thresholds });
  const missed = shown(await pageOf(clientResult({ rounds: [slow, slow], thresholds_met: false })));
  t.match(missed, /^Thresholds not met: p99\(total\)>1ms in round 1, .* The highest valid rate, round 1: offered /);
  t.match(missed, /2 rounds, all valid\./);
  const refused = shown(await pageOf(clientResult({ rounds: [refusedRound()] })));
  t.match(refused, /^Invalid: nothing could be measured\. Offered 25,000\/s/);
});

t.test('what many rounds have in common is said once', async (t) => {
  const text = shown(await pageOf(clientResult({ rounds: Array.from({ length: 9 }, () => refusedRound()) })));
  t.match(text, /^9 rounds: 9 invalid\. 9 rounds, such as round 1: No connection was established/);
});

t.test('side by side: figures are short, and only what compare takes is referred to it', async (t) => {
  const sideOf = async (documents: readonly Document[]): Promise<string> =>
    shown(
      parsePage(
        await renderSideBySide(
          documents.map((document, index) => ({ name: `run ${index}`, document })),
          'html',
        ),
      ),
    );
  const [search] = fc.sample(anyDocument('search'), { numRuns: 1, seed: 18 }) as [SearchResult];
  const found: GoalResult = {
    goal: 'loss<=0.1%',
    quantity: 'rate',
    connections: null,
    lower_connections: null,
    upper_connections: null,
    rate_per_sec: 119,
    trial_rate_per_sec: 119,
    lower_per_sec: 119,
    upper_per_sec: 123,
    status: 'found',
    confirmed: { passed: 2, of: 3 },
    lower_trials: { passed: 2, of: 3, length: 'final', duration_sec: 1 },
    generator_limit_per_sec: null,
    generator_limit_connections: null,
    reason: null,
    limited_by: null,
    kpi: null,
  };
  const reason = 'One start in ten was late.';
  const limits = { rate_per_sec: null, upper_per_sec: null, generator_limit_per_sec: 130, confirmed: null, reason };
  const limited: GoalResult = { ...found, ...limits, status: 'generator_limited' };
  const searches = await sideOf([
    { ...search, goals: [limited] },
    { ...search, goals: [found] },
  ]);
  t.match(searches, /loss<=0\.1% at least 119\/s 119\/s \(123\/s fails\) trials/);
  t.match(searches, /run 0: loss<=0\.1%: at least 119\/s .*One start in ten was late\./);
  t.match(searches, 'what conngen compare tells');
  for (const kind of ['doctor', 'lab', 'server', 'compare'] as const) {
    const text = await sideOf(fc.sample(anyDocument(kind), { numRuns: 2, seed: 17 }));
    t.notMatch(text, 'what conngen compare tells', kind);
  }
});

t.test('a step that this machine limited met no goal', async (t) => {
  const [any] = fc.sample(
    anyDocument('saturate').filter((document) => 'steps' in document && document.steps.length > 0),
    { numRuns: 1, seed: 19 },
  ) as [SaturateResult];
  const [step] = any.steps as [SaturateResult['steps'][number]];
  const stepOf = (ratePerSec: number, status: VerdictStatus): SaturateResult['steps'][number] => ({
    ...step,
    rate_per_sec: ratePerSec,
    goal: { value: 0, unit: 'percent', met: true },
    verdict: { status, reasons: [] },
  });
  const steps = [stepOf(100, 'valid'), stepOf(200, 'generator_limited')];
  const config = { ...any.config, goal: 'loss<=0.1%' };
  const { fleet: _, ...alone } = any;
  const page = await pageOf({ ...alone, config, steps, sustained_per_sec: 100, saturated_at: null });
  const chart = page.data.charts.find(({ id }) => id === 'goal-by-rate')!;
  t.same(
    chart.series.map(({ label, values }) => [label, values]),
    [
      ['met', [0, null]],
      ['limited by this machine', [null, 0]],
    ],
  );
});
