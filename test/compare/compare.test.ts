/** Comparisons of results: what they find, and what they refuse. */
import t from 'tap';
import { compareResults, type CompareSettings, type NamedResult } from '../../src/compare/compare.ts';
import type { CompareFigure, CompareResult } from '../../src/document/compare.ts';
import type { ClientResult } from '../../src/document/client.ts';
import { parseChangeCriterion, type ChangeCriterion } from '../../src/judge/change-criterion.ts';
import { formatProblem } from '../../src/units/problem.ts';
import { roundOf, runOf, searchOf, sideOf } from '../support/compare.ts';
import { fleetUse } from '../support/agents.ts';
import { clientConfig, serverResult } from '../support/results.ts';
import { validated } from '../support/schemas.ts';

const SETTINGS: CompareSettings = { margin: 0.02, confidence: 0.95, tested: [], criteria: [], isForced: false };

function compared(
  base: readonly NamedResult[],
  next: readonly NamedResult[],
  settings: Partial<CompareSettings> = {},
): CompareResult {
  const made = compareResults(base, next, { ...SETTINGS, ...settings });
  if ('problems' in made) throw new Error(made.problems.map(formatProblem).join('\n'));
  return validated(made.result);
}

function refusals(
  base: readonly NamedResult[],
  next: readonly NamedResult[],
  settings: Partial<CompareSettings> = {},
): string[] {
  const made = compareResults(base, next, { ...SETTINGS, ...settings });
  return 'problems' in made ? made.problems.map(formatProblem) : [];
}

function figureOf({ figures }: CompareResult, name: string, round = 0): CompareFigure {
  return figures.find((figure) => figure.name === name && figure.round === round)!;
}

const criterion = (text: string): ChangeCriterion => {
  const parsed = parseChangeCriterion(text);
  if (!parsed.ok) throw new Error(parsed.expected);
  return parsed.value;
};

const BASE_US = [100, 101, 99, 102, 98, 100.5, 99.5];
const SLOWER_US = BASE_US.map((us) => us * 1.08 + 0.01);

t.test('runs: what is slower, what is the same, and by how much', async (t) => {
  const result = compared(sideOf('base', BASE_US), sideOf('new', SLOWER_US));
  t.equal(result.basis, 'runs');
  const p99 = figureOf(result, 'p99(total)');
  t.match(p99, { verdict: 'slower', change: 'ratio', method: 'mann_whitney', tested: true, better: 'lower' });
  t.equal(p99.ratio?.toFixed(2), '1.08');
  t.ok(p99.low! > 1.05 && p99.high! < 1.12);
  t.ok(p99.confidence_percent! >= 95 && p99.p_adjusted! < 0.05);
  t.equal(figureOf(result, 'rate(completed)').verdict, 'same');
  t.match(figureOf(result, 'failures'), {
    change: 'difference',
    ratio: null,
    difference: 0,
    low: 0,
    high: 0,
    verdict: 'same',
  });
  t.match(figureOf(result, 'p90(total)'), { tested: false, verdict: 'unclear' });
  t.equal(result.shifts.find(({ clock }) => clock === 'total')?.quantiles_from, 'percentiles');
  const swapped = compared(sideOf('base', SLOWER_US), sideOf('new', BASE_US));
  t.equal(figureOf(swapped, 'p99(total)').verdict, 'faster');
  t.ok(Math.abs(figureOf(swapped, 'p99(total)').low! * p99.high! - 1) < 1e-12, 'swapping the sides turns it round');
});

t.test('a few runs: the figures, and how many runs it takes', async (t) => {
  const result = compared(sideOf('base', BASE_US.slice(0, 3)), sideOf('new', SLOWER_US.slice(0, 4)));
  const p50 = figureOf(result, 'p50(total)');
  t.match(p50, { verdict: 'unclear', method: 'none', low: null, high: null, p: null });
  t.match(p50.note, /^too few to tell: 5 runs a side are needed, and the smaller side has 3$/);
  t.equal(p50.base, 100_000);
  t.equal(result.runs_needed, 5);
});

t.test('one run a side: seconds, with histograms and without, and the same answer each time', async (t) => {
  const seconds = (medianNs: number): number[] =>
    Array.from({ length: 60 }, (_, at) => medianNs * (1 + 0.04 * Math.sin(at * 1.7) * Math.cos(at * 0.9)));
  for (const withHistograms of [true, false]) {
    const sides = (): readonly [NamedResult[], NamedResult[]] => [
      [runOf('base.json', { medianNs: 100_000, secondsNs: seconds(100_000), withHistograms, startedAt: 'a' })],
      [runOf('new.json', { medianNs: 120_000, secondsNs: seconds(120_000), withHistograms, startedAt: 'b' })],
    ];
    const result = compared(...sides());
    t.equal(result.basis, 'seconds');
    const p50 = figureOf(result, 'p50(total)');
    t.match(p50, { method: 'bootstrap', verdict: 'slower' });
    t.ok(p50.low! > 1.1 && p50.high! < 1.3);
    t.match(figureOf(result, 'cpu'), { verdict: 'unclear', low: null, note: /one run has no interval/ });
    t.match(result.how.join(' '), /noise within a run only/);
    t.equal(result.how.join(' ').includes('rebuilt from its stored percentiles'), !withHistograms);
    const shift = result.shifts.find(({ clock }) => clock === 'total')!;
    t.equal(shift.quantiles_from, withHistograms ? 'histograms' : 'percentiles');
    t.equal(shift.points.length, withHistograms ? 12 : 6);
    t.same(compared(...sides()).figures, result.figures, 'the seed is fixed');
  }
  const short = { medianNs: 100_000, secondsNs: [1, 2, 3].map((at) => at * 1e5) };
  const tooShort = compared([runOf('a', short)], [runOf('b', short)]);
  t.match(figureOf(tooShort, 'p50(total)').note, /too short/);
});

t.test('several rounds are compared by what was offered; one that a run lacks is left out', async (t) => {
  const twoRounds = (file: string, us: number): NamedResult => {
    const rounds = [1000, 5000].map((ratePerSec) => runOf(file, { medianNs: us * ratePerSec, ratePerSec }));
    const all = rounds.flatMap(({ document }) => (document as ClientResult).rounds);
    return runOf(file, { medianNs: 1 }, { config: clientConfig({ rates_per_sec: [1000, 5000] }), rounds: all });
  };
  const side = (name: string, medians: readonly number[]): NamedResult[] =>
    medians.map((us, at) => twoRounds(`${name}${at}`, us));
  const result = compared(side('a', BASE_US), side('b', SLOWER_US));
  t.same(
    result.rounds.map(({ load }) => load),
    ['1,000/s', '5,000/s'],
  );
  t.equal(figureOf(result, 'p50(total)', 1).verdict, 'slower');
  t.equal(result.runs_needed, 6, 'ten tested figures');
  const ended = side('b', SLOWER_US);
  const { file, document } = ended[0]!;
  const cut = {
    ...(document as ClientResult),
    rounds: (document as ClientResult).rounds.slice(0, 1),
    interrupted: true,
  };
  const partly = compared(side('a', BASE_US), [{ file, document: cut }, ...ended.slice(1)]);
  t.equal(partly.rounds.length, 1);
  t.match(partly.warnings, [/^the round at 5,000\/s is left out: 1 of 14/, /^b0 was ended early by a signal/]);
});

t.test('answers of searches are ranges', async (t) => {
  const verdict = (base: NamedResult, next: NamedResult): CompareFigure =>
    figureOf(compared([base], [next]), 'answer(loss<=0.1%)');
  t.match(verdict(searchOf('a', 10_000, 10_200), searchOf('b', 12_000, 12_200)), {
    verdict: 'faster',
    method: 'answer',
    low: 12_000 / 10_200,
    high: 12_200 / 10_000,
  });
  t.equal(verdict(searchOf('a', 10_000, 10_200), searchOf('b', 10_100, 10_300)).verdict, 'unclear');
  t.equal(verdict(searchOf('a', 12_000, 12_200), searchOf('b', 10_000, 10_200)).verdict, 'slower');
  t.match(verdict(searchOf('a', 10_000, 10_200), searchOf('b', 20_000, null)), { verdict: 'faster', high: null });
  t.match(verdict(searchOf('a', 10_000, null), searchOf('b', 20_000, null)), { verdict: 'unclear', low: null });
  const many = (name: string, rates: readonly number[]): NamedResult[] =>
    rates.map((rate, at) => searchOf(`${name}${at}`, rate, rate * 1.02));
  const rates = [100, 102, 104, 98, 101];
  const result = compared(
    many('a', rates),
    many(
      'b',
      rates.map((rate) => rate * 1.2 + 0.1),
    ),
  );
  t.match(figureOf(result, 'answer(loss<=0.1%)'), { method: 'mann_whitney', verdict: 'faster' });
});

t.test(
  'thresholds: a change that is proven to be beyond the limit fails, and so does one that nothing is known of',
  async (t) => {
    const [base, next] = [sideOf('a', BASE_US), sideOf('b', SLOWER_US)];
    const statusOf = (text: string): string | undefined =>
      compared(base, next, { criteria: [criterion(text)] }).thresholds?.[0]?.status;
    t.equal(statusOf('p99(total)>+3%'), 'fail');
    t.equal(statusOf('p99(total)>+7.9%'), 'not_proven', 'the interval holds less and more');
    t.equal(statusOf('p99(total)<+7.9%'), 'not_proven');
    t.match(compared(base, next, { criteria: [criterion('p99(total)>+7.9%')] }), { thresholds_met: true });
    t.equal(statusOf('p99(total) > +20%'), 'pass');
    t.equal(statusOf('rate(completed)<-3%'), 'pass');
    t.equal(statusOf('failures>+0.5%'), 'pass');
    const few = compared(base.slice(0, 2), next, { criteria: [criterion('p99(total)>+3%')] });
    t.match(few, { thresholds: [{ status: 'not_measured' }], thresholds_met: false });
    const failing = sideOf('c', BASE_US, { failed: 600 });
    const worse = compared(base, failing, { criteria: [criterion('failures>+0.5%')] });
    t.match(worse, { thresholds: [{ status: 'fail', change: 1, bound: 1 }], thresholds_met: false });
    t.equal(figureOf(worse, 'failures').verdict, 'slower');
  },
);

t.test('figures that are asked for are tested in place of the usual ones', async (t) => {
  const result = compared(sideOf('a', BASE_US), sideOf('b', SLOWER_US), { tested: ['p99.9(total)'] });
  t.same(
    result.figures.filter(({ tested }) => tested).map(({ name }) => name),
    ['p99.9(total)'],
  );
  t.equal(figureOf(result, 'p99.9(total)').verdict, 'slower');
  const wrong = refusals(sideOf('a', BASE_US), sideOf('b', SLOWER_US), {
    tested: ['p99(rtt)'],
    criteria: [criterion('answer<-3%')],
  });
  t.match(wrong, [/^--figure: got "p99\(rtt\)", expected a figure of these results: rate\(completed\)/, /^--fail-if/]);
});

t.test('refusals: all of them, with keys and both values', async (t) => {
  const base = sideOf('base', BASE_US);
  const other = runOf(
    'other.json',
    { medianNs: 1e5 },
    { config: clientConfig({ rates_per_sec: [1000], finish: 'eof', payload_bytes: 1 }) },
  );
  const limited = runOf('limited.json', { medianNs: 1e5 });
  const verdict = { status: 'generator_limited', reasons: [{ code: 'schedule_lag', message: 'late' }] } as const;
  const document = { ...(limited.document as ClientResult), rounds: [{ ...roundOf({ medianNs: 1e5 }), verdict }] };
  const found = refusals(base, [base[2]!, other, { file: 'limited.json', document }]);
  t.match(found, [
    /^base-3\.json: got .* expected another run than base-3\.json, which has the same content/,
    /^limited\.json: rounds\[0\]\.verdict: got "generator_limited", expected valid: .*\(schedule_lag\) \(--force/,
    /^other\.json: config\.payload_bytes: got "1", expected 64, as in base-1\.json \(--force/,
    /^other\.json: config\.finish: got "eof", expected echo, as in base-1\.json \(--force/,
  ]);
  t.equal(found.length, 4);
  const forced = compared(base, [base[2]!, other, ...sideOf('new', SLOWER_US)], { isForced: true });
  t.match(forced.forced, [/^base-3/, /payload_bytes/, /finish/]);
});

t.test('what cannot be compared at all', async (t) => {
  const base = sideOf('base', BASE_US.slice(0, 1));
  t.match(refusals(base, [searchOf('b.json', 1, 2)], { isForced: true }), [
    /^b\.json: got "conngen\.search\/1", expected conngen\.client\/1, as in base-1\.json/,
  ]);
  t.match(refusals(base, [{ file: 's', document: serverResult() }], { isForced: true }), [
    /a result of client, rtt, search or saturate/,
  ]);
  const bare = runOf('bare.json', { medianNs: 1, secondsNs: [] });
  t.match(refusals(base, [bare], { isForced: true }).join('\n'), /bare\.json: rounds\[\]\.intervals: got "none"/);
  const elsewhere = runOf('e.json', { medianNs: 1e5, ratePerSec: 2000 });
  const common =
    /expected runs that have a round, or an answer, in common: 1,000\/s in base-1\.json; 2,000\/s in e\.json$/;
  t.match(refusals(base, [elsewhere], { isForced: true }), [common], 'what is forced is not the cause');
  t.equal(refusals(base, [elsewhere], { isForced: true }).length, 1);
  const all = refusals(base, [elsewhere]);
  t.match(all, [common, /config\.rates_per_sec/]);
  t.notMatch(all.join('\n'), /--force/, 'which would be no way out');
});

/** Runs that this machine limited. */
function limited(side: readonly NamedResult[]): NamedResult[] {
  return side.map(({ file, document }, at) => {
    const result = document as ClientResult;
    const reasons = [{ code: at === 0 ? 'run_queue_wait' : 'schedule_lag', message: 'late' }] as const;
    const verdict = { status: 'generator_limited', reasons } as const;
    return { file, document: { ...result, rounds: result.rounds.map((round) => ({ ...round, verdict })) } };
  });
}

t.test('what is the same of many runs is said once, with some of their names', async (t) => {
  const [base, next] = [limited(sideOf('a', BASE_US)), limited(sideOf('b', SLOWER_US))];
  t.match(refusals(base, next), [
    /^14 runs \(a-1\.json, a-2\.json, … and 12 more\): rounds\[0\]\.verdict: got "generator_limited", .*\(run_queue_wait, schedule_lag\) \(--force/,
  ]);
  t.equal(refusals(base, next).length, 1);
  t.same(compared(base, next, { isForced: true }).forced, [
    '14 runs are generator_limited (run_queue_wait, schedule_lag): their figures are not those of the target (a-1.json, a-2.json, … and 12 more)',
  ]);
  const ended = sideOf('c', SLOWER_US).map(({ file, document }, at) => {
    const system = { ...(document as ClientResult).system, cpus: 10 + at };
    return { file, document: { ...(document as ClientResult), interrupted: true, system } };
  });
  const { warnings } = compared(sideOf('a', BASE_US), ended);
  t.match(warnings, [
    /^system\.cpus is \d+ in a-1\.json and 10, 11, … and 5 more in 7 others$/,
    /^7 runs \(c-1\.json, c-2\.json, … and 5 more\) were ended early by a signal$/,
  ]);
  t.equal(warnings.length, 2);
  const twins = sideOf('d', BASE_US);
  t.match(refusals(twins, twins), [
    /^7 runs \(d-1\.json, .*expected other runs than d-1\.json, .*have the same content/,
  ]);
});

t.test('the sentences about the method are of what is there', async (t) => {
  const how = (base: readonly NamedResult[], next: readonly NamedResult[]): string =>
    compared(base, next).how.join(' ');
  const many = how(sideOf('a', BASE_US), sideOf('b', SLOWER_US));
  t.match(many, /base and new are the medians over the runs of a side\. .*Hodges-Lehmann/);
  t.match(many, /"same" means/, 'the rate is the same');
  t.match(many, /p-values are adjusted for 5 tested figures/);
  const few = how(sideOf('a', BASE_US.slice(0, 3)), sideOf('b', SLOWER_US));
  t.match(few, /too few runs for an interval/);
  t.notMatch(few, /"same" means|p-values|exact/);
  const short = { medianNs: 100_000, secondsNs: [1, 2, 3].map((at) => at * 1e5) };
  const seconds = how([runOf('a', short)], [runOf('b', short)]);
  t.match(seconds, /it takes ten whole ones in each/);
  t.notMatch(seconds, /noise within a run|"same" means|p-values/);
  const searches = how([searchOf('a', 10, 11)], [searchOf('b', 20, 21)]);
  t.match(searches, /^Answers are ranges/);
  t.notMatch(searches, /too few/);
});

t.test('answers without an upper bound are not the same, however equal they are', async (t) => {
  const atMost = (name: string): NamedResult[] => [1, 2, 3, 4, 5].map((at) => searchOf(`${name}${at}`, 1000, null));
  t.match(figureOf(compared(atMost('a'), atMost('b')), 'answer(loss<=0.1%)'), {
    verdict: 'unclear',
    method: 'none',
    note: /^10 of 10 runs have no upper bound/,
  });
});

t.test('another machine, kernel or version is a warning', async (t) => {
  const next = sideOf('new', SLOWER_US).map(({ file, document }) => {
    const result = document as ClientResult;
    return { file, document: { ...result, conngen: '0.2.0', system: { ...result.system, kernel: '6.19' } } };
  });
  t.match(compared(sideOf('base', BASE_US), next).warnings, [
    /^conngen is 0\.1\.0 in base-1\.json and 0\.2\.0 in new-1\.json and 6 more$/,
    /^system\.kernel is 6\.18/,
  ]);
});

t.test('runs of the same fleet can be compared, those of another or of one machine cannot', async (t) => {
  const of = (name: string, agents: readonly string[], url = 'nats://h:4222', kernel = '6.1.0'): NamedResult[] =>
    sideOf(name, name === 'base' ? BASE_US : SLOWER_US).map(({ file, document }) => {
      const result = document as ClientResult;
      const use = fleetUse(agents);
      const fleet = {
        ...use,
        url,
        agents: use.agents.map((agent) => ({ ...agent, system: { ...agent.system, kernel } })),
      };
      return { file, document: { ...result, fleet, config: { ...result.config, fleet: { url, agents } } } };
    });
  const base = of('base', ['a', 'b']);
  t.same(compared(base, of('new', ['b', 'a'], 'nats://other:4222')).warnings, [], 'whichever NATS it was');
  t.match(compared(base, of('new', ['a', 'b'], 'nats://h:4222', '6.18')).warnings, [
    /^fleet\.a\.kernel is 6\.1\.0/,
    /^fleet\.b\.kernel/,
  ]);
  t.match(refusals(base, of('new', ['a', 'c'])), [
    /fleet\.agents: got "a \(50%\), c \(50%\)", expected a \(50%\), b \(50%\), as in base-1\.json/,
  ]);
  t.match(refusals(base, sideOf('new', SLOWER_US)), [/fleet\.agents: got "not there"/]);
});
