import fc from 'fast-check';
import t from 'tap';
import { TRIALS_MAX } from '../../../src/limit/decide/search.ts';
import { OPTIONS, queue, searchFor, tokenBucket, type Found, type Target } from './targets.ts';

const RATES = [300, 417, 1000, 2500, 3333, 5000, 8000];

function path({ trials }: Found): string {
  return trials
    .map(({ load, length, passed, standing }) => {
      const says = standing === 'generator_limited' ? '?' : passed.every(Boolean) ? '+' : '-';
      return `${load}${length === 'final' ? 'F' : ''}${says}`;
    })
    .join(' ');
}

/** A target that takes up to `limit`, for goals on loss. */
function flat(limit: (trial: number) => number): Target {
  return ({ load, trial }) => ({
    passed: [load <= limit(trial)],
    served: Math.min(load, limit(trial)),
  });
}

t.test('a token bucket is found within 3 %, in 15 trials and 90 s', async (t) => {
  for (const limit of RATES) {
    for (const burst of [5, 20, limit / 100]) {
      const found = searchFor(tokenBucket(limit, burst));
      const [answer] = found.answers;
      const label = `${limit}/s, burst ${burst}: ${path(found)}`;
      t.equal(answer?.status, 'found', label);
      t.ok(Math.abs(answer!.load! / limit - 1) <= 0.03, label);
      t.ok(found.trials.length <= 15 && found.sec <= 90, `${found.trials.length} trials, ${found.sec} s`);
      t.ok(answer!.upper! / answer!.lower! <= 1.03, 'its bounds are as close as the precision');
    }
  }
});

t.test('any token bucket is found within 3 %, the same within 2 %, with noise', async (t) => {
  const limits = fc.double({ min: 300, max: 8000, noNaN: true });
  fc.assert(
    fc.property(limits, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 1e6 }), (limit, burst, seed) => {
      // A bucket that lasts for longer than the precision of a full-length trial is another limit in that trial.
      fc.pre(burst / 10 <= limit * 0.01);
      const rates = [seed, seed + 1, seed + 2].map((each) => {
        const { answers, trials } = searchFor(tokenBucket(limit, burst), {}, each);
        return trials.length <= 15 && answers[0]?.status === 'found' ? answers[0].load! : Number.NaN;
      });
      const isNear = rates.every((rate) => Math.abs(rate / limit - 1) <= 0.03);
      return isNear && Math.max(...rates) <= Math.min(...rates) * 1.025;
    }),
    { numRuns: 300 },
  );
  t.pass('held in every run');
});

t.test('a burst that flatters short trials does not carry the answer', async (t) => {
  const found = searchFor(tokenBucket(1000, 50));
  t.ok(
    found.trials.some(({ load, passed }) => load > 1005 && passed[0]),
    'short trials pass above the limit',
  );
  t.ok(Math.abs(found.answers[0]!.load! / 1000 - 1) <= 0.02, path(found));
});

t.test('a queue is found by latency within 5 % of where latency crosses the goal', async (t) => {
  for (const [capacity, goalMs] of [
    [200, 100],
    [450, 100],
    [3000, 200],
  ] as const) {
    const found = searchFor(queue(capacity, 2, goalMs));
    // 2 / (1 - load) = goal
    const crossing = capacity * (1 - 2 / goalMs);
    t.ok(Math.abs(found.answers[0]!.load! / crossing - 1) <= 0.05, path(found));
    t.ok(found.trials.length <= 15, path(found));
  }
});

t.test('overload that costs the target something is not mistaken for its limit', async (t) => {
  for (const share of [0.9, 0.8, 0.5, 0.3]) {
    const found = searchFor(({ load }) => ({
      passed: [load <= 1000],
      served: load <= 1000 ? load : 1000 * share,
    }));
    t.ok(Math.abs(found.answers[0]!.load! / 1000 - 1) <= 0.03, path(found));
  }
});

t.test('a limit of latency alone is halved for', async (t) => {
  const found = searchFor(({ load }) => ({ passed: [load <= 1234], served: load }));
  t.ok(found.answers[0]!.load! <= 1234 && found.answers[0]!.load! > 1234 * 0.97, path(found));
});

t.test('one false failure does not cost half of the range', async (t) => {
  const found = searchFor(({ load, trial }) => ({
    passed: [load <= 5000 && trial !== 2],
    served: Math.min(5000, load),
  }));
  t.ok(Math.abs(found.answers[0]!.load! / 5000 - 1) <= 0.03, path(found));
});

t.test('a limit that moves is a range', async (t) => {
  const dropped = searchFor(flat((trial) => (trial < 6 ? 1000 : 600)));
  t.match(dropped.answers[0], { status: 'range', load: null }, path(dropped));
  t.ok(dropped.answers[0]!.lower! <= 620 && dropped.answers[0]!.upper! >= 980, path(dropped));
  const moving = searchFor(({ load, random }) => {
    const limit = 800 + 400 * random();
    return { passed: [load <= limit], served: Math.min(limit, load) };
  });
  t.equal(moving.answers[0]?.status, 'range', path(moving));
});

t.test('a target that fails at the minimum: one trial', async (t) => {
  const found = searchFor(flat(() => 50));
  t.equal(found.trials.length, 1);
  t.match(found.answers[0], { status: 'fails_at_min_rate', load: null, upper: 100 });
});

t.test('a target without a limit: the maximum, and no upper bound', async (t) => {
  const found = searchFor(
    flat(() => 1e9),
    { maxLoad: 20_000 },
  );
  t.match(found.answers[0], { status: 'at_max_rate', load: 20_000, upper: null });
  t.match(found.answers[0]?.confirmed, { passed: 2, of: 2 });
});

t.test('a limit of this machine is never the target’s', async (t) => {
  fc.assert(
    fc.property(fc.double({ min: 150, max: 90_000, noNaN: true }), fc.boolean(), (ceiling, overrun) => {
      const found = searchFor(({ load }) => ({
        passed: [load <= ceiling || !overrun],
        served: Math.min(load, ceiling),
        standing: load > ceiling ? 'generator_limited' : 'valid',
      }));
      const [answer] = found.answers;
      return (
        answer?.status === 'generator_limited' &&
        answer.load === null &&
        answer.upper === null &&
        answer.lower! <= ceiling &&
        answer.generatorLimit! > ceiling &&
        answer.generatorLimit! <= answer.lower! * 1.15
      );
    }),
  );
  t.pass('held in every run');
  const above = searchFor((circumstances) => ({
    ...tokenBucket(8000, 5)(circumstances),
    standing: circumstances.load > 12_000 ? 'generator_limited' : 'valid',
  }));
  t.equal(above.answers[0]?.status, 'found', 'a target with a lower limit is still found');
  const hiccup = searchFor((circumstances) => ({
    ...tokenBucket(2500, 5)(circumstances),
    standing: [2, 5, 8].includes(circumstances.trial) ? 'generator_limited' : 'valid',
  }));
  t.equal(hiccup.answers[0]?.status, 'found', path(hiccup));
});

t.test('where this machine fails between two close bounds, they are the answer', async (t) => {
  const found = searchFor(({ load }) => ({
    passed: [load <= 7950],
    served: Math.min(7700, load),
    standing: load > 7800 && load < 8050 ? 'generator_limited' : 'valid',
  }));
  t.equal(found.answers[0]?.status, 'found', path(found));
  t.ok(found.answers[0]!.load! > 7600 && found.answers[0]!.upper! < 8600, path(found));
});

t.test('a target that dies, or hangs, in the middle', async (t) => {
  for (const gone of ['nothing_established', 'nothing_completed'] as const) {
    const found = searchFor(({ trial, load }) => ({
      passed: [trial < 3],
      served: trial < 3 ? load : 0,
      standing: trial < 3 ? 'valid' : gone,
    }));
    t.equal(found.stoppedBy, 'target_gone', gone);
    t.equal(found.trials.length, 5, 'the lowest rate was asked');
    t.match(found.answers[0], { status: 'unfinished', lower: 1600, upper: 6400 });
  }
});

t.test('a target that is overrun and comes back', async (t) => {
  const found = searchFor(({ load }) => ({
    passed: [load <= 2000],
    served: load <= 2000 ? load : 0,
    standing: load > 5000 ? 'nothing_established' : 'valid',
  }));
  t.ok(Math.abs(found.answers[0]!.load! / 2000 - 1) <= 0.03, path(found));
});

t.test('several goals share trials, and each has its answer', async (t) => {
  const limits = [3000, 900, 1234];
  const found = searchFor(
    ({ load }) => ({
      passed: limits.map((limit) => load <= limit),
      served: Math.min(3000, load),
    }),
    { goals: 3 },
  );
  for (const [goal, limit] of limits.entries()) {
    t.ok(Math.abs(found.answers[goal]!.load! / limit - 1) <= 0.03, `${limit}: ${path(found)}`);
  }
});

t.test('stopped at any moment, it tells bounds that hold', async (t) => {
  for (let most = 0; most < 10; most++) {
    const { answers } = searchFor(tokenBucket(1000, 5), {}, 1, most);
    const [answer] = answers;
    t.ok((answer?.lower ?? 0) <= 1010, `after ${most}`);
    t.ok((answer?.upper ?? Infinity) >= 990, `after ${most}`);
    t.equal(answer?.load ?? null, most < 8 ? null : answer!.load, `after ${most}`);
  }
});

t.test('every search ends, within its bounds, whatever the trials say', async (t) => {
  const outcome = fc.record({
    passed: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
    served: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    standing: fc.constantFrom(
      'valid' as const,
      'valid' as const,
      'generator_limited' as const,
      'nothing_established' as const,
      'nothing_completed' as const,
    ),
  });
  const outcomes = fc.array(outcome, { minLength: TRIALS_MAX, maxLength: TRIALS_MAX });
  fc.assert(
    fc.property(outcomes, (list) => {
      const { trials } = searchFor(
        ({ load, trial }) => {
          const { passed, served, standing } = list[trial]!;
          return { passed, served: served === null ? null : served * load, standing };
        },
        { goals: 2 },
      );
      return trials.every(({ load }) => load >= OPTIONS.minLoad && load <= OPTIONS.maxLoad && Number.isFinite(load));
    }),
    { numRuns: 500 },
  );
  t.pass('held in every run');
});
