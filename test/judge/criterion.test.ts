import fc from 'fast-check';
import t from 'tap';
import {
  evaluateCriterion,
  parseCriterion,
  parseGoal,
  type Criterion,
  type CriterionRound,
} from '../../src/judge/criterion.ts';
import { OUTCOMES } from '../../src/document/outcome.ts';
import { CLOCKS } from '../../src/document/client.ts';
import { latency, outcomes, refusedRound, roundResult } from '../support/results.ts';

function criterion(text: string): Criterion {
  const parsed = parseCriterion(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.expected}`);
  return parsed.value;
}

function expected(text: string): string {
  const parsed = parseCriterion(text);
  return parsed.ok ? `nothing: ${text} is fine` : parsed.expected;
}

t.test('what is written is what is meant', async (t) => {
  t.same(criterion('p99(total)>20ms'), {
    expression: 'p99(total)>20ms',
    metric: { kind: 'latency', statistic: 'p99', clock: 'total' },
    comparison: '>',
    limit: 20e6,
    unit: 'ns',
  });
  t.same(criterion(' P99.9 ( Corrected_Total )  <=  1.5 s '), {
    expression: 'P99.9 ( Corrected_Total )  <=  1.5 s',
    metric: { kind: 'latency', statistic: 'p99_9', clock: 'corrected_total' },
    comparison: '<=',
    limit: 1.5e9,
    unit: 'ns',
  });
  t.same(criterion('p99_9(total)<1ms').metric, criterion('p99.9(total)<1ms').metric);
  t.match(criterion('failures>0.1%'), { metric: { counted: 'failures' }, limit: 0.1, unit: 'percent' });
  t.match(criterion('refused>=1'), { metric: { counted: 'refused' }, limit: 1, unit: 'count' });
  t.match(criterion('rate(completed)<9.9k'), { metric: { rate: 'completed' }, limit: 9900, unit: 'per_sec' });
  t.match(criterion('rate(established)<99%'), { metric: { rate: 'established' }, limit: 99, unit: 'percent' });
  t.match(criterion('cpu>50us'), { metric: { kind: 'cpu' }, limit: 50_000, unit: 'ns' });
});

t.test('every statistic of every clock, and every outcome', async (t) => {
  const round = roundResult();
  for (const clock of CLOCKS) {
    for (const name of ['p50', 'p75', 'p90', 'p95', 'p99', 'p99_9', 'min', 'mean', 'max'] as const) {
      const { value, met } = evaluateCriterion(criterion(`${name.replace('_', '.')}(${clock})>=0`), round);
      t.equal(value, round.latency_ns[clock][name]);
      t.equal(met, true);
    }
  }
  for (const [index, name] of OUTCOMES.entries()) {
    const counts = roundResult({ outcomes: outcomes({ [name]: index + 1 }) });
    t.same(evaluateCriterion(criterion(`${name}<=${index + 1}`), counts), { value: index + 1, met: true });
    t.same(evaluateCriterion(criterion(`${name}<${index + 1}`), counts), { value: index + 1, met: false });
  }
});

t.test('what is wrong is named with its place', async (t) => {
  for (const [text, message] of [
    [
      '',
      /^a metric at character 1: p50, .*p99\(total\), rate\(completed\), failures, loss, missed, empty, held_lost, cpu, or an outcome/,
    ],
    ['  latency<5ms', /^a metric at character 3: /],
    ['>5', /^a metric at character 1: /],
    ['p98(total)>1ms', /^a metric at character 1: /],
    [
      'p99>20ms',
      /^a clock in parentheses at character 4: for example p99\(total\)>20ms; schedule_lag, connect, .* or probe$/,
    ],
    ['p99(totl)>20ms', /^a clock at character 5: schedule_lag, connect, first_byte, total, corrected_total or probe$/],
    ['p99()>20ms', /^a clock at character 5: /],
    ['p99(total>20ms', /^a closing parenthesis at character 10$/],
    ['p99(total)', /^a comparison at character 11: <, <=, > or >=$/],
    ['p99(total) == 20ms', /^a comparison at character 12: /],
    ['p99(total)=>20ms', /^a comparison at character 11: /],
    ['p99(total)>', /^a duration .* at character 12$/],
    ['p99(total)>-5ms', /^a duration of 0s or more at character 12$/],
    ['p99(total)> 20 parsecs', /^a duration in ns, .* at character 13$/],
    ['p99(total)>20ms or else', /^a duration .* at character 12$/],
    ['p99(total)>0.1%', /^a duration .* at character 12$/],
    ['failures>20ms', /^a whole number, or a share from 0% to 100% such as 0\.1% at character 10$/],
    ['failures>101%', /^a whole number, or a share/],
    ['failures>-1', /^a whole number, or a share/],
    ['failures>0.5', /^a whole number, or a share/],
    ['loss<=0.0000000001%', /^a whole number, or a share/],
    [
      'rate<9900',
      /^a rate in parentheses at character 5: for example rate\(completed\)<9900; started, established or completed$/,
    ],
    ['rate(done)<9900', /^a rate at character 6: started, established or completed$/],
    [
      'rate(completed)<max',
      /^a rate such as 9900 or 9\.9k, or a share of the offered rate such as 99% at character 17$/,
    ],
    ['toString>1', /^a metric at character 1: /],
  ] as const) {
    t.match(expected(text), message, text);
  }
});

t.test('a round with too few starts for a rate meets no criterion of one', async (t) => {
  const few = (scheduled: number, offered: number, sec: number): CriterionRound =>
    roundResult({
      offered_rate_per_sec: offered,
      duration_sec: sec,
      attempts: { scheduled, started: scheduled, missed: 0, in_flight_max: 1 },
      rate_per_sec: { started: scheduled / sec, established: scheduled / sec, completed: scheduled / sec },
    });
  const value = (round: CriterionRound): number | null =>
    evaluateCriterion(criterion('rate(completed)<99%'), round).value;
  t.equal(value(few(1, 0.4, 1)), null, '250 % of what was offered');
  t.equal(value(few(2, 3, 0.5)), null);
  t.equal(value(few(24, 0.4, 60)), 100, 'few, but all of them');
  t.equal(value(few(334, 333.3, 1)), 100.210021002, 'a start more does not matter');
  t.equal(evaluateCriterion(criterion('rate(completed)<9900'), few(1, 0.4, 1)).value, null);
});

t.test('a time without a unit is refused: 20 may be meant as milliseconds', async (t) => {
  t.equal(expected('p99(total)>20'), 'a unit after the time, such as 20ms or 20s, at character 12');
  t.match(expected('p50(connect) <= 0.5'), /^a unit after the time, such as 0\.5ms or 0\.5s/);
  t.match(expected('cpu>50'), /^a unit after the time/);
  t.equal(criterion('p99(probe)>=0').limit, 0, 'nothing needs no unit');
});

t.test('words of other tools lead to those of criteria', async (t) => {
  for (const [text, meant] of [
    ['errors>0', 'failures'],
    ['http_req_failed>1%', 'failures'],
    ['latency<5ms', 'p99(total)'],
    ['p(95)<200ms', 'p99(total)'],
    ['RPS>1000', 'rate(completed)'],
    ['timeouts>0', 'connect_timeout or exchange_timeout'],
    ['avg<5ms', 'mean(total)'],
  ] as const) {
    t.ok(expected(text).endsWith(`; did you mean ${meant}?`), text);
  }
  t.notMatch(expected('xyzzy>0'), /did you mean/);
});

t.test('what a failure is, and a loss', async (t) => {
  const round = roundResult({
    attempts: { scheduled: 1000, started: 900, missed: 100, in_flight_max: 5 },
    outcomes: outcomes({ ok: 891, refused: 9 }),
  });
  const value = (text: string): number | null => evaluateCriterion(criterion(text), round).value;
  t.equal(value('failures>0'), 9);
  t.equal(value('failures>0%'), 1, 'of what was started');
  t.equal(value('refused>0%'), 1);
  t.equal(value('ok<100%'), 99);
  t.equal(value('missed>0%'), 10, 'of what was due');
  t.equal(value('loss>0'), 9, 'what this machine missed is no loss, in a threshold as in a goal');
  t.equal(value('loss>0%'), 1);
  t.equal(value('empty>0'), null, 'not counted without a payload');
  t.equal(value('empty>0%'), null);
});

t.test('empty answers', async (t) => {
  const round = roundResult({
    attempts: { scheduled: 1000, started: 900, missed: 100, in_flight_max: 5 },
    empty_responses: 9,
  });
  t.same(evaluateCriterion(criterion('empty>0'), round), { value: 9, met: true });
  t.same(evaluateCriterion(criterion('empty<=1%'), round), { value: 1, met: true }, 'of what was started');
});

t.test('connections lost while they were kept open', async (t) => {
  const attempts = { scheduled: 1000, started: 900, missed: 100, in_flight_max: 5 };
  const round = roundResult({ attempts, held: { lost: 9 } });
  t.same(evaluateCriterion(criterion('held_lost>0'), round), { value: 9, met: true });
  t.same(evaluateCriterion(criterion('held_lost<=1%'), round), { value: 1, met: true });
  t.equal(evaluateCriterion(criterion('held_lost>0'), roundResult({ attempts })).value, null, 'nothing was kept open');
});

t.test('rates, and their share of what was offered', async (t) => {
  const round = roundResult({
    offered_rate_per_sec: 10_000,
    rate_per_sec: { started: 10_000, established: 9950, completed: 9900 },
  });
  t.same(evaluateCriterion(criterion('rate(completed)<9900'), round), { value: 9900, met: false });
  t.same(evaluateCriterion(criterion('rate(completed)<=9900/s'), round), { value: 9900, met: true });
  t.same(evaluateCriterion(criterion('rate(established)>=99.5%'), round), { value: 99.5, met: true });
  const closedLoop = roundResult({ offered_rate_per_sec: null });
  t.same(evaluateCriterion(criterion('rate(completed)<99%'), closedLoop), { value: null, met: false });
});

t.test('of what was not measured nothing is so', async (t) => {
  const nothing: CriterionRound = roundResult({
    attempts: { scheduled: 0, started: 0, missed: 0, in_flight_max: 0 },
    outcomes: outcomes({}),
    latency_ns: refusedRound().latency_ns,
  });
  for (const text of ['p99(total)<1ms', 'p99(total)>=0ms', 'failures<1%', 'loss<=100%', 'cpu<1s']) {
    t.same(evaluateCriterion(criterion(text), nothing), { value: null, met: false }, text);
  }
  t.same(evaluateCriterion(criterion('failures<=0'), nothing), { value: 0, met: true }, 'a count of none is a count');
});

t.test('a share is compared as it is written', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(), (digits, seed) => {
      const whole = 10 ** digits;
      const part = seed % (whole + 1);
      const round = roundResult({
        attempts: { scheduled: whole, started: whole, missed: 0, in_flight_max: 1 },
        outcomes: outcomes({ ok: whole - part, refused: part }),
      });
      // The exact decimal, written without a division.
      const padded = String(part).padStart(digits + 1, '0');
      const share = `${padded.slice(0, -digits)}${padded.slice(-digits).padEnd(2, '0')}`;
      const percent = `${share.slice(0, share.length - Math.max(0, digits - 2))}.${digits > 2 ? share.slice(-(digits - 2)) : '0'}%`;
      t.equal(evaluateCriterion(criterion(`refused<=${percent}`), round).met, true, percent);
      t.equal(evaluateCriterion(criterion(`refused>=${percent}`), round).met, true, percent);
      t.equal(evaluateCriterion(criterion(`refused<${percent}`), round).met, false, percent);
    }),
    { numRuns: 200 },
  );
  const rare = roundResult({
    attempts: { scheduled: 1e14, started: 1e14, missed: 0, in_flight_max: 1 },
    outcomes: outcomes({ ok: 1e14 - 1, refused: 1 }),
  });
  t.equal(evaluateCriterion(criterion('failures>0%'), rare).met, true, 'and one is never none');
});

t.test('one bound excludes the other, whatever the value', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_600_000 }), fc.integer({ min: 0, max: 3_600_000 }), (p50Us, limitUs) => {
      const summary = { ...latency(1000), p50: p50Us * 1000 };
      const round = roundResult({ latency_ns: { ...roundResult().latency_ns, total: summary } });
      const met = (comparison: string): boolean =>
        evaluateCriterion(criterion(`p50(total)${comparison}${limitUs}us`), round).met;
      t.equal(met('<'), p50Us < limitUs);
      t.equal(met('>='), !met('<'));
      t.equal(met('>'), p50Us > limitUs);
      t.equal(met('<='), !met('>'));
    }),
    { numRuns: 100 },
  );
});

t.test('the round trip of --probe', async (t) => {
  const parsed = parseCriterion('p99(probe)<=5ms');
  t.ok(parsed.ok);
  if (!parsed.ok) return;
  const probe = { sent: 9, received: 9, lost: 0, rtt_ns: { ...latency(1e6), p99: 4e6 } };
  t.same(evaluateCriterion(parsed.value, roundResult({ probe })), { value: 4e6, met: true });
  t.same(evaluateCriterion(parsed.value, roundResult()), { value: null, met: false }, 'not measured, not met');
});

t.test('a goal says what is good', async (t) => {
  for (const text of ['p99(total)<=20ms', 'loss<0.1%', 'cpu<50us', 'rate(completed)>=99%', 'ok>=99%', 'refused>=99%']) {
    t.same(parseGoal(text), parseCriterion(text), text);
  }
  for (const [text, meant] of [
    ['p99(total)>20ms', 'p99(total)<=20ms'],
    ['failures>=1%', 'failures<=1%'],
    ['missed > 0', 'missed <= 0'],
    ['cpu>50us', 'cpu<=50us'],
    ['rate(established)<9900', 'rate(established)>=9900'],
  ] as const) {
    t.same(parseGoal(text), {
      ok: false,
      expected: `what is good, such as '${meant}'; --fail-if says what is bad`,
    });
  }
  t.same(parseGoal('fast>1'), parseCriterion('fast>1'), 'what cannot be read is told first');
});
