import fc from 'fast-check';
import t from 'tap';
import { nextSaturateMove, type SaturateOptions, type SaturateStep } from '../../../src/limit/decide/saturate.ts';

const OPTIONS: SaturateOptions = { startPerSec: 50, factor: 1.25, slowdown: 2, compare: 'base', maxPerSec: 100_000 };

interface Target {
  p90Ns(ratePerSec: number, trial: number): number | null;
  failsGoal?(ratePerSec: number, trial: number): boolean;
  isGeneratorLimited?(ratePerSec: number, trial: number): boolean;
}

/** Runs to the end; fails the test that never ends. */
function saturate(
  target: Target,
  changes: Partial<SaturateOptions> = {},
): { steps: SaturateStep[]; stoppedBy: string } {
  const options = { ...OPTIONS, ...changes };
  const steps: SaturateStep[] = [];
  for (;;) {
    const move = nextSaturateMove(options, steps);
    if (move.kind === 'end') return { steps, stoppedBy: move.stoppedBy };
    if (steps.length > 10_000) throw new Error('it does not end');
    const { ratePerSec } = move;
    const trial = steps.length;
    steps.push({
      ratePerSec,
      p90Ns: target.p90Ns(ratePerSec, trial),
      failsGoal: target.failsGoal?.(ratePerSec, trial) ?? false,
      isGeneratorLimited: target.isGeneratorLimited?.(ratePerSec, trial) ?? false,
    });
  }
}

t.test('a decline of 5 % a step is found when it has doubled latency', async (t) => {
  const stepOf = (rate: number): number => Math.round(Math.log(rate / 50) / Math.log(1.25));
  const { steps, stoppedBy } = saturate({ p90Ns: (rate) => 1e6 * 1.05 ** stepOf(rate) });
  t.equal(stoppedBy, 'slowdown');
  // 1.05^14 is 1.98, 1.05^15 is 2.08.
  t.equal(stepOf(steps.at(-1)!.ratePerSec), 15);
  t.equal(steps.length, 17, 'sixteen rates, the last one twice');
  const creeping = saturate({ p90Ns: (rate) => 1e6 * 1.05 ** stepOf(rate) }, { compare: 'previous', maxPerSec: 5000 });
  t.equal(creeping.stoppedBy, 'max_rate', 'no step is twice as slow as the one before');
});

t.test('a decline of 5 % a step is found in noise', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 1.1, noNaN: true }), { minLength: 60, maxLength: 60 }), (noise) => {
      const stepOf = (rate: number): number => Math.round(Math.log(rate / 50) / Math.log(1.25));
      const { steps, stoppedBy } = saturate({ p90Ns: (rate, trial) => 1e6 * 1.05 ** stepOf(rate) * noise[trial]! });
      const found = stepOf(steps.at(-1)!.ratePerSec);
      return stoppedBy === 'slowdown' && found >= 13 && found <= 17;
    }),
  );
  t.pass('held in every run');
});

t.test('a cold start does not raise the base', async (t) => {
  const p90Ns = (rate: number): number => (rate < 70 ? 9e6 : rate < 1000 ? 1e6 : 3e6);
  const { steps, stoppedBy } = saturate({ p90Ns });
  t.equal(stoppedBy, 'slowdown');
  t.ok(steps.at(-1)!.ratePerSec >= 1000 && steps.at(-1)!.ratePerSec < 1250);
});

t.test('one slow step is repeated, and forgotten if it was noise', async (t) => {
  const { steps, stoppedBy } = saturate({ p90Ns: (_, trial) => (trial === 4 ? 50e6 : 1e6) }, { maxPerSec: 500 });
  t.equal(stoppedBy, 'max_rate');
  t.equal(steps[4]!.ratePerSec, steps[5]!.ratePerSec);
  t.equal(steps.at(-1)!.ratePerSec, 500, 'the last step is the maximum itself');
});

t.test('failures, and whose they are', async (t) => {
  const failing = saturate({ p90Ns: () => 1e6, failsGoal: (rate) => rate > 300 });
  t.equal(failing.stoppedBy, 'failures');
  t.ok(failing.steps.at(-1)!.ratePerSec > 300 && failing.steps.at(-1)!.ratePerSec < 300 * 1.25);
  const atStart = saturate({ p90Ns: () => null, failsGoal: () => true });
  t.same([atStart.stoppedBy, atStart.steps.length], ['fails_at_start', 1]);
  const limited = saturate({
    p90Ns: () => 9e9,
    isGeneratorLimited: (rate) => rate > 300,
    failsGoal: (rate) => rate > 300,
  });
  t.same(
    [limited.stoppedBy, limited.steps.length > 2],
    ['generator_limited', true],
    'a step of no worth blames nobody',
  );
  const hiccup = saturate({ p90Ns: () => 1e6, isGeneratorLimited: (_, trial) => trial === 3 }, { maxPerSec: 400 });
  t.equal(hiccup.stoppedBy, 'max_rate');
});

t.test('every run ends, rates rise, and nothing is run more than twice', async (t) => {
  const step = fc.record({
    p90Ns: fc.option(fc.double({ min: 1, max: 1e10, noNaN: true })),
    failsGoal: fc.boolean(),
    isGeneratorLimited: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.infiniteStream(step),
      fc.double({ min: 0.001, max: 1000, noNaN: true }),
      fc.double({ min: 1.0001, max: 10, noNaN: true }),
      fc.constantFrom('base' as const, 'previous' as const),
      (stream, startPerSec, factor, compare) => {
        const options = { ...OPTIONS, startPerSec, factor, compare, maxPerSec: startPerSec + 500 };
        const steps: SaturateStep[] = [];
        for (;;) {
          const move = nextSaturateMove(options, steps);
          if (move.kind === 'end') return true;
          const before = steps.at(-1)?.ratePerSec ?? 0;
          if (move.isRepeat ? move.ratePerSec !== before : move.ratePerSec <= before) return false;
          if (move.isRepeat && steps.at(-2)?.ratePerSec === before) return false;
          if (move.ratePerSec > options.maxPerSec) return false;
          const { value } = stream.next() as { value: Omit<SaturateStep, 'ratePerSec'> };
          steps.push({ ratePerSec: move.ratePerSec, ...value });
        }
      },
    ),
    { numRuns: 200 },
  );
  t.pass('held in every run');
});

t.test('a rate far below 1/s rises by the factor too', async (t) => {
  const { steps } = saturate({ p90Ns: () => 1e6 }, { startPerSec: 0.001, factor: 2, maxPerSec: 0.01 });
  t.same(
    steps.map(({ ratePerSec }) => ratePerSec),
    [0.001, 0.002, 0.004, 0.008, 0.01],
  );
});
