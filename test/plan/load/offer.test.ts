import fc from 'fast-check';
import t from 'tap';
import { clientConfig } from '../../../src/plan/client-plan.ts';
import { parseRamp, parseSteps, roundDurationNs } from '../../../src/plan/load/offer.ts';
import { planClient } from '../../support/plans.ts';

t.test('ramps', async (t) => {
  const table: readonly [string, number, number, number][] = [
    ['100..5k/30s', 100, 5000, 30e9],
    ['0..1000/500ms', 0, 1000, 0.5e9],
    ['5k/s..100/s/2m', 5000, 100, 120e9],
  ];
  for (const [text, fromPerSec, toPerSec, durationNs] of table) {
    t.same(parseRamp(text), { ok: true, value: { fromPerSec, toPerSec, durationNs } }, text);
  }
  for (const text of [
    '100..200',
    '100-200/5s',
    'a..200/5s',
    '100..max/5s',
    '100..200/5x',
    '100..100/5s',
    '..5/5s',
    '',
  ]) {
    t.match(parseRamp(text), { ok: false }, text);
  }
});

t.test('steps', async (t) => {
  const table: readonly [string, readonly number[], number][] = [
    ['50..100*1.25/5s', [50, 62.5, 78.13, 97.66, 100], 5e9],
    ['1k..3k+500/2s', [1000, 1500, 2000, 2500, 3000], 2e9],
    ['1..10*3/1s', [1, 3, 9, 10], 1e9],
    ['1000/s..2000/s*2/5s', [1000, 2000], 5e9],
    ['0.001..0.004+0.001/1s', [0.001, 0.002, 0.003, 0.004], 1e9],
    ['1..1.006+0.0015/1s', [1, 1.0015, 1.003, 1.0045, 1.006], 1e9],
    ['0.001..0.002*1.25/1s', [0.001, 0.00125, 0.001563, 0.001953, 0.002], 1e9],
  ];
  for (const [text, ratesPerSec, durationNs] of table) {
    t.same(parseSteps(text), { ok: true, value: { ratesPerSec, durationNs } }, text);
  }
  for (const text of [
    '1..10*1/1s',
    '10..1*2/1s',
    '1..10/1s',
    '1..10*2',
    '1..10+0/1s',
    '1..100000+1/1s',
    '1..10**2/1s',
    '0.001..0.002*1.0001/1s',
  ]) {
    t.match(parseSteps(text), { ok: false }, text);
  }
});

t.test('steps always rise, from FROM to TO, by what was asked for', async (t) => {
  const millionths = fc.integer({ min: 1000, max: 100_000_000 });
  fc.assert(
    fc.property(millionths, fc.integer({ min: 1, max: 999 }), millionths, (from, count, plus) => {
      const to = from + count * plus;
      const steps = parseSteps(`${from / 1e6}..${to / 1e6}+${plus / 1e6}/1s`);
      if (to > 1e13) return !steps.ok;
      const expected = Array.from({ length: count + 1 }, (_, at) => (from + at * plus) / 1e6);
      return steps.ok && steps.value.ratesPerSec.every((rate, at) => rate === expected[at]);
    }),
  );
  fc.assert(
    fc.property(millionths, fc.integer({ min: 1001, max: 100_000 }), (from, thousandths) => {
      const steps = parseSteps(`${from / 1e6}..${(from * 2) / 1e6}*${thousandths / 1000}/1s`);
      if (!steps.ok) return true;
      const { ratesPerSec } = steps.value;
      const factor = thousandths / 1000;
      return ratesPerSec.every((rate, at) => {
        const exact = (from / 1e6) * factor ** at;
        const isLast = at === ratesPerSec.length - 1;
        const nextDistance = exact * (factor - 1);
        return (
          rate > (at === 0 ? 0 : ratesPerSec[at - 1]!) &&
          (isLast || Math.abs(rate - exact) <= Math.max(1e-6, nextDistance / 100))
        );
      });
    }),
    { numRuns: 2000 },
  );
  t.pass('held in every run');
});

t.test('a number of attempts instead of a time', async (t) => {
  const { plan } = await planClient({ rate: ['100', 'max'], count: '50' });
  t.match(plan, { count: 50, rates: [100, 'max'] });
  t.equal(roundDurationNs(plan!, 100), 0.5e9);
  t.equal(roundDurationNs(plan!, 'max'), 30 * 86_400e9, 'a bound, far away');
  t.match(clientConfig(plan!), { duration_sec: null, count: 50 });
  const timed = (await planClient({ rate: '100', duration: '2s' })).plan!;
  t.equal(roundDurationNs(timed, 100), 2e9);
  t.notOk('count' in clientConfig(timed));
  t.same((await planClient({ count: '5', duration: '3s' })).problems, [
    '--count: got "5", expected to be left out beside --duration 3s: one of them ends a round',
  ]);
  for (const [name, text] of [
    ['ramp', '0..2k/7s'],
    ['steps', '1..2*2/1s'],
  ] as const) {
    t.same((await planClient({ count: '5', [name]: text })).problems, [
      `--count: got "5", expected to be left out beside --${name}, which has its own time`,
    ]);
  }
  t.match((await planClient({ count: '10000', rate: ['10', '0.001'] })).problems, [/at most 2592 at 0.001\/s/]);
  t.match((await planClient({ count: '10', rate: 'max', probe: '10' })).problems, [/^--probe: .*--duration instead/]);
  t.match((await planClient({ count: '0' })).problems, [/^--count: got "0", expected a whole number of attempts/]);
});

t.test('what a plan makes of them', async (t) => {
  t.match((await planClient({ ramp: '0..2k/7s' })).plan, {
    rates: [{ fromPerSec: 0, toPerSec: 2000 }],
    durationNs: 7e9,
  });
  t.match((await planClient({ steps: '100..400*2/3s' })).plan, { rates: [100, 200, 400], durationNs: 3e9 });
  const fast = await planClient({ ramp: '0..60k/7s' });
  t.equal(fast.plan?.workers, 2, 'workers for its peak');
  t.same((await planClient({ ramp: '0..2k/7s', rate: '100', duration: '3s' })).problems, [
    '--rate: got "100", expected to be left out beside --ramp 0..2k/7s',
    '--duration: got "3s", expected to be left out beside --ramp, which has its own time',
  ]);
  t.same((await planClient({ ramp: '0..2k/7s', steps: '1..2*2/1s' })).problems, [
    '--ramp: got "0..2k/7s", expected to be left out beside --steps 1..2*2/1s',
  ]);
  t.same((await planClient({ ramp: 'up' })).problems, [
    '--ramp: got "up", expected FROM..TO/TIME, such as 100..5k/30s',
  ]);
});
