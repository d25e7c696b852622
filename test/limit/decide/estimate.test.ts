import fc from 'fast-check';
import t from 'tap';
import { saturateTimeLeft, searchTimeLeft, type TrialClock } from '../../../src/limit/decide/estimate.ts';
import { nextSaturateMove, type SaturateStep } from '../../../src/limit/decide/saturate.ts';
import { holds } from '../../support/property.ts';
import { OPTIONS, queue, searchFor, tokenBucket, type Target } from './targets.ts';

/** As long as trials of the simulated targets take. */
const SECONDS = { exploratory: 3.9, final: 11.9 };

const clockOf =
  (): TrialClock =>
  ({ length }) =>
    SECONDS[length];

const ratesPerSec = fc.double({ min: 2.1, max: 4.9, noNaN: true }).map((power) => 10 ** power);
const targets: fc.Arbitrary<Target> = fc.oneof(
  ratesPerSec.map((limit) => tokenBucket(limit, 5)),
  ratesPerSec.map((limit) => tokenBucket(limit, limit / 100)),
  ratesPerSec.map((limit) => tokenBucket(limit, 20, 0.1, 0.01)),
  ratesPerSec.map((capacity) => queue(capacity, 1, 10)),
  ratesPerSec.map((capacity) => queue(capacity, 1, 50)),
);

t.test('the first estimate is within a factor of two of what nine searches in ten take', async (t) => {
  const firstSec = searchTimeLeft(OPTIONS, [], clockOf);
  const ratios = fc.sample(fc.tuple(targets, fc.integer({ min: 1, max: 1e6 })), { numRuns: 500, seed: 1 });
  const near = ratios.filter(([target, seed]) => {
    const ratio = firstSec / searchFor(target, {}, seed).sec;
    return ratio >= 0.5 && ratio <= 2;
  });
  t.ok(near.length >= 0.85 * ratios.length, `${near.length} of ${ratios.length} searches, ${firstSec} s`);
});

t.test('an estimate is more than nothing while trials remain, and nothing when they have ended', async (t) => {
  holds(
    t,
    fc.property(targets, fc.integer({ min: 1, max: 1e6 }), fc.nat(), (target, seed, at) => {
      const { trials, stoppedBy } = searchFor(target, {}, seed);
      const count = at % (trials.length + 1);
      const sec = searchTimeLeft(OPTIONS, trials.slice(0, count), clockOf);
      return stoppedBy !== 'most' && (count === trials.length ? sec === 0 : sec >= SECONDS.exploratory);
    }),
  );
});

t.test('the estimates of half a search are within a factor of two of what is left, in most cases', async (t) => {
  const searches = fc.sample(fc.tuple(targets, fc.integer({ min: 1, max: 1e6 })), { numRuns: 200, seed: 2 });
  const ratios = searches.map(([target, seed]) => {
    const { trials } = searchFor(target, {}, seed);
    const half = Math.floor(trials.length / 2);
    const leftSec = trials.slice(half).reduce((sum, { length }) => sum + SECONDS[length], 0);
    return searchTimeLeft(OPTIONS, trials.slice(0, half), clockOf) / leftSec;
  });
  const near = ratios.filter((ratio) => ratio >= 0.5 && ratio <= 2).length;
  t.ok(near >= 0.75 * ratios.length, `${near} of ${ratios.length}`);
});

t.test('several goals share trials: the estimate is less than that of searches one after the other', async (t) => {
  const one = searchTimeLeft(OPTIONS, [], clockOf);
  const two = searchTimeLeft({ ...OPTIONS, goals: 2 }, [], clockOf);
  t.ok(two >= one && two < 2 * one, `${one} s, ${two} s`);
});

t.test('a saturation goes on to the highest rate at most', async (t) => {
  const options = { startPerSec: 100, factor: 1.5, slowdown: 2, compare: 'base' as const, maxPerSec: 2000 };
  const steps: SaturateStep[] = [];
  for (let move = nextSaturateMove(options, steps); move.kind === 'step'; move = nextSaturateMove(options, steps)) {
    const { ratePerSec } = move;
    const { likely, atMost } = saturateTimeLeft(options, steps, clockOf);
    t.ok(likely > 0 && likely <= atMost + SECONDS.final, `${ratePerSec}/s: ${likely} s, at most ${atMost} s`);
    steps.push({ ratePerSec, p90Ns: 1000, failsGoal: false, isGeneratorLimited: false });
    t.equal(Math.round((atMost - saturateTimeLeft(options, steps, clockOf).atMost) * 10), SECONDS.final * 10);
  }
  t.same(saturateTimeLeft(options, steps, clockOf), { likely: 0, atMost: 0 });
});
