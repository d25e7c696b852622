import fc from 'fast-check';
import t from 'tap';
import { ConstantRate, LinearRamp, RampedRate } from '../../src/schedule/schedule.ts';

/** From one connection in ten seconds to a million a second, the awkward fractions included. */
const ratePerSec = fc.oneof(
  fc.double({ min: 0.1, max: 1e6, noNaN: true }),
  fc.integer({ min: 1, max: 1_000_000 }),
  fc.constantFrom(0.1, 0.3, 1 / 3, 3, 7, 999, 1001, 25_000, 333_333, 999_999, 1e6),
);
const index = fc.integer({ min: 0, max: 1_000_000_000 });
/** Of a round with its warm-up: whole seconds, odd nanoseconds, fractions of them. */
const durationNs = fc.oneof(
  fc.integer({ min: 0, max: 100 }).map((seconds) => seconds * 1e9),
  fc.integer({ min: 0, max: 3_600_000_000_000 }),
  fc.double({ min: 0, max: 3.6e12, noNaN: true }),
);

/** A double as an exact fraction. */
function fractionOf(value: number): { over: bigint; under: bigint } {
  let over = value;
  let under = 1n;
  while (!Number.isInteger(over)) {
    over *= 2;
    under *= 2n;
  }
  return { over: BigInt(over), under };
}

/** Whether `dueNs` is n × 10^9 / rate but for the last digits of a double: within 2^-49 of it, by exact arithmetic. */
function isExact(dueNs: number, n: number, rate: number): boolean {
  const due = fractionOf(dueNs);
  const perSec = fractionOf(rate);
  const left = due.over * perSec.over;
  const right = BigInt(n) * 1_000_000_000n * perSec.under * due.under;
  const difference = left > right ? left - right : right - left;
  return difference * (1n << 49n) <= right;
}

t.test('attempt n is due at n / rate', async (t) => {
  const table: readonly [rate: number, n: number, expectedNs: number][] = [
    [1000, 0, 0],
    [1000, 1, 1e6],
    [1000, 999, 999e6],
    [1, 3600, 3600e9],
    [0.1, 7, 70e9],
    [25_000, 1, 40_000],
    [25_000, 250_000, 10e9],
    [1e6, 1, 1000],
    [8, 3, 375e6],
  ];
  for (const [rate, n, expectedNs] of table) {
    t.equal(new ConstantRate(rate).dueNs(n), expectedNs, `attempt ${n} at ${rate}/s`);
  }
});

t.test('the billionth attempt has not drifted', async (t) => {
  t.equal(new ConstantRate(1e6).dueNs(1e9), 1e12);
  t.equal(new ConstantRate(25_000).dueNs(1e9), 4e13);
  t.equal(new ConstantRate(1e5).dueNs(1e9 + 1), 1e13 + 1e4);
  for (const rate of [3, 7, 1 / 3, 333_333, 999_983]) {
    t.ok(isExact(new ConstantRate(rate).dueNs(1e9), 1e9, rate), `${rate}/s`);
  }
});

t.test('due times are exact to a double for any index and rate', async (t) => {
  fc.assert(fc.property(ratePerSec, index, (rate, n) => isExact(new ConstantRate(rate).dueNs(n), n, rate)));
  t.pass('held in every run');
});

t.test('at a whole rate every second begins on the second', async (t) => {
  const whole = fc.tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(whole, ([rate, second]) => new ConstantRate(rate).dueNs(rate * second) === second * 1e9),
    { numRuns: 1000 },
  );
  t.pass('held in every run');
});

t.test('due times never decrease', async (t) => {
  fc.assert(
    fc.property(ratePerSec, index, fc.integer({ min: 1, max: 1000 }), (rate, n, ahead) => {
      const schedule = new ConstantRate(rate);
      return schedule.dueNs(n) <= schedule.dueNs(n + 1) && schedule.dueNs(n) < schedule.dueNs(n + ahead);
    }),
  );
  t.pass('held in every run');
});

t.test('countBefore is the number of due times before the end', async (t) => {
  const table: readonly [rate: number, durationNs: number, expected: number][] = [
    [1000, 0, 0],
    [1000, 1, 1],
    [1000, 1e6, 1],
    [1000, 1e6 + 1, 2],
    [1000, 10e9, 10_000],
    [25_000, 10e9, 250_000],
    [0.1, 5e9, 1],
    [0.1, 10e9, 1],
    [0.1, 20e9, 2],
    [1e6, 3600e9, 3_600_000_000],
    [3, 1e9, 3],
    [7, 10e9, 70],
    [0.3, 10e9, 3],
    [1 / 3, 9e9, 3],
  ];
  for (const [rate, durationNs, expected] of table) {
    t.equal(new ConstantRate(rate).countBefore(durationNs), expected, `${rate}/s for ${durationNs} ns`);
  }
});

t.test('countBefore agrees with dueNs for any rate and duration', async (t) => {
  fc.assert(
    fc.property(ratePerSec, durationNs, (rate, duration) => {
      const schedule = new ConstantRate(rate);
      const count = schedule.countBefore(duration);
      if (!Number.isInteger(count) || count < 0) return false;
      return (count === 0 || schedule.dueNs(count - 1) < duration) && schedule.dueNs(count) >= duration;
    }),
  );
  t.pass('held in every run');
});

t.test('the moment an attempt is due does not count as before it', async (t) => {
  fc.assert(
    fc.property(ratePerSec, index, (rate, n) => {
      const schedule = new ConstantRate(rate);
      return schedule.countBefore(schedule.dueNs(n)) === n;
    }),
  );
  t.pass('held in every run');
});

t.test('warm-up and round follow each other without a gap or a double', async (t) => {
  fc.assert(
    fc.property(ratePerSec, durationNs, durationNs, (rate, warmupNs, roundNs) => {
      const schedule = new ConstantRate(rate);
      const first = schedule.countBefore(warmupNs);
      const end = schedule.countBefore(warmupNs + roundNs);
      // Attempt `first` is the first one of the round, if the round has any.
      return end >= first && (end === first || schedule.dueNs(first) >= warmupNs);
    }),
  );
  t.pass('held in every run');
});

t.test('the workers together take every attempt once', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 3_000_000_000 }),
      (workers, rate, durationNs) => {
        const schedule = new ConstantRate(rate);
        const count = schedule.countBefore(durationNs);
        const takenBy = new Uint8Array(count);
        for (let worker = 0; worker < workers; worker++) {
          for (let n = worker; schedule.dueNs(n) < durationNs; n += workers) takenBy[n]!++;
        }
        return takenBy.every((times) => times === 1);
      },
    ),
    { numRuns: 30 },
  );
  t.pass('held in every run');
});

const rampEnd = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0.1, max: 1e5, noNaN: true }),
  fc.integer({ min: 1, max: 100_000 }),
);
const ramps = fc
  .record({
    fromPerSec: rampEnd,
    toPerSec: rampEnd,
    startNs: fc.integer({ min: 0, max: 60_000_000_000 }),
    durationNs: fc.integer({ min: 1_000_000, max: 600_000_000_000 }),
  })
  .filter(({ fromPerSec, toPerSec }) => fromPerSec !== toPerSec);

t.test('a ramp starts attempt n where the area under its rate is n', async (t) => {
  const up = new LinearRamp({ fromPerSec: 0, toPerSec: 100, startNs: 0, durationNs: 10e9 });
  // 5 t² attempts in t seconds.
  for (const sec of [0, 1, 2, 5, 10]) t.equal(up.dueNs(5 * sec * sec), sec * 1e9, `${sec} s`);
  t.equal(up.countBefore(10e9), 500);
  t.equal(up.dueNs(600), 11e9, 'behind it the last rate goes on');
  const down = new LinearRamp({ fromPerSec: 100, toPerSec: 0, startNs: 1e9, durationNs: 10e9 });
  t.equal(down.dueNs(50), 0.5e9, 'before it the first rate stands');
  t.equal(down.dueNs(100), 1e9);
  t.equal(down.dueNs(100 + 95), 2e9);
  t.equal(down.dueNs(600), Infinity, 'nothing is due after a ramp to 0');
  t.equal(down.countBefore(11e9), 600);
});

t.test('a ramp that hardly rises is a constant rate', async (t) => {
  const ramp = new LinearRamp({ fromPerSec: 1000, toPerSec: 1000.0001, startNs: 0, durationNs: 100e9 });
  const constant = new ConstantRate(1000);
  for (const n of [0, 1, 777, 50_000, 99_999]) {
    t.ok(Math.abs(ramp.dueNs(n) - constant.dueNs(n)) < 1e4, `attempt ${n}`);
  }
});

t.test('on any ramp due times never decrease, and countBefore is their exact inverse', async (t) => {
  fc.assert(
    fc.property(ramps, fc.double({ min: 0, max: 1.2, noNaN: true }), (options, share) => {
      const ramp = new LinearRamp(options);
      const end = (options.startNs + options.durationNs) * share;
      const count = ramp.countBefore(end);
      if (!Number.isInteger(count) || count < 0) return false;
      if (count > 0 && ramp.dueNs(count - 1) >= end) return false;
      if (ramp.dueNs(count) < end) return false;
      return ramp.dueNs(count) <= ramp.dueNs(count + 1);
    }),
    { numRuns: 2000 },
  );
  t.pass('held in every run');
});

t.test('a ramp has as many attempts as its mean rate has', async (t) => {
  fc.assert(
    fc.property(ramps, ({ fromPerSec, toPerSec, durationNs }) => {
      const ramp = new LinearRamp({ fromPerSec, toPerSec, startNs: 0, durationNs });
      const mean = (((fromPerSec + toPerSec) / 2) * durationNs) / 1e9;
      return Math.abs(ramp.countBefore(durationNs) - mean) <= 1 + mean * 1e-9;
    }),
  );
  t.pass('held in every run');
});

t.test('a rate that rises, stands and falls', async (t) => {
  const schedule = new RampedRate({ ratePerSec: 100, upNs: 2e9, steadyNs: 3e9, downNs: 2e9 });
  const counts = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((sec) => schedule.countBefore(sec * 1e9));
  t.same(
    counts.map((count, at) => (at === 0 ? count : count - counts[at - 1]!)),
    [0, 25, 75, 100, 100, 100, 75, 25, 0],
  );
  const due = Array.from({ length: 500 }, (_, n) => schedule.dueNs(n));
  t.ok(due.every((ns, n) => n === 0 || ns >= due[n - 1]!));
  t.ok(due[499]! <= 7e9);
  t.equal(schedule.dueNs(500), Infinity);
});

t.test('with one side only, or none', async (t) => {
  const up = new RampedRate({ ratePerSec: 10, upNs: 1e9, steadyNs: 1e9, downNs: 0 });
  t.equal(up.countBefore(9e9), 15);
  const down = new RampedRate({ ratePerSec: 10, upNs: 0, steadyNs: 1e9, downNs: 1e9 });
  t.same([down.dueNs(1), down.countBefore(1e9), down.countBefore(9e9)], [0.1e9, 10, 15]);
  fc.assert(
    fc.property(
      ratePerSec,
      fc.integer({ min: 0, max: 5e9 }),
      fc.integer({ min: 0, max: 9e9 }),
      (rate, rampNs, atNs) => {
        const schedule = new RampedRate({ ratePerSec: rate, upNs: rampNs, steadyNs: 1e9, downNs: rampNs });
        const count = schedule.countBefore(atNs);
        return (count === 0 || schedule.dueNs(count - 1) < atNs) && schedule.dueNs(count) >= atNs;
      },
    ),
    { numRuns: 200 },
  );
});

/** A rate as the command line gives it: a whole number of millionths. */
const parsedRate = fc
  .oneof(
    fc.integer({ min: 1, max: 10_000 }).map((perSec) => perSec * 1_000_000),
    fc.integer({ min: 1000, max: 1e9 }),
  )
  .map((millionths) => millionths / 1e6);

/** The area under a ramp in attempts, times 2 × 10^15, by exact arithmetic. */
function exactArea(fromPerSec: number, toPerSec: number, durationNs: number): bigint {
  const millionths = (perSec: number): bigint => BigInt(Math.round(perSec * 1e6));
  return (millionths(fromPerSec) + millionths(toPerSec)) * BigInt(durationNs);
}
const AREA_ONE = 2_000_000_000_000_000n;

/** How many attempts an area has: the first is due where it begins. */
function attemptsIn(area: bigint): number {
  return Number((area + AREA_ONE - 1n) / AREA_ONE);
}

t.test('a rate that rises, stands and falls has exactly as many attempts as the area under it', async (t) => {
  const rounds = fc.record({
    ratePerSec: parsedRate,
    upNs: fc.integer({ min: 0, max: 20_000 }).map((ms) => ms * 1e6),
    steadyNs: fc.integer({ min: 1, max: 60_000 }).map((ms) => ms * 1e6),
    downNs: fc.integer({ min: 0, max: 20_000 }).map((ms) => ms * 1e6),
  });
  fc.assert(
    fc.property(rounds, (options) => {
      const { ratePerSec, upNs, steadyNs, downNs } = options;
      const schedule = new RampedRate(options);
      const upTo = [exactArea(0, ratePerSec, upNs)];
      upTo.push(upTo[0]! + exactArea(ratePerSec, ratePerSec, steadyNs));
      upTo.push(upTo[1]! + exactArea(ratePerSec, 0, downNs));
      const ends = [upNs, upNs + steadyNs, upNs + steadyNs + downNs];
      return ends.every((endNs, at) => schedule.countBefore(endNs) === attemptsIn(upTo[at]!));
    }),
    { numRuns: 5000 },
  );
  const seconds = new RampedRate({ ratePerSec: 500, upNs: 300e6, steadyNs: 1e9, downNs: 0 });
  t.equal(seconds.countBefore(300e6), 75);
  t.equal(seconds.countBefore(1300e6), 575, 'not 576');
  t.equal(seconds.dueNs(574), 1298e6);
});

t.test('a ramp between two rates has exactly as many attempts as the area under it', async (t) => {
  const options = fc
    .record({ fromPerSec: parsedRate, toPerSec: parsedRate, ms: fc.integer({ min: 1, max: 600_000 }) })
    .filter(({ fromPerSec, toPerSec }) => fromPerSec !== toPerSec);
  fc.assert(
    fc.property(options, ({ fromPerSec, toPerSec, ms }) => {
      const ramp = new LinearRamp({ fromPerSec, toPerSec, startNs: 0, durationNs: ms * 1e6 });
      return ramp.countBefore(ms * 1e6) === attemptsIn(exactArea(fromPerSec, toPerSec, ms * 1e6));
    }),
    { numRuns: 5000 },
  );
  t.pass('held in every run');
});

t.test('a whole rate has exactly rate × seconds attempts, up to the longest round', async (t) => {
  const sec = fc.integer({ min: 1, max: 30 * 86_400 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), sec, (rate, seconds) => {
      return new ConstantRate(rate).countBefore(seconds * 1e9) === rate * seconds;
    }),
    { numRuns: 20_000 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1000, max: 10_000 }), fc.integer({ min: 1, max: 2592 }), (thousandths, thousands) => {
      return new ConstantRate(thousandths / 1000).countBefore(thousands * 1e12) === thousandths * thousands;
    }),
    { numRuns: 5000 },
  );
  t.pass('held in every run');
});
