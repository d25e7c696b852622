import fc from 'fast-check';
import t from 'tap';
import { Pacer } from '../../src/schedule/pacer.ts';
import type { PacerOptions } from '../../src/schedule/pacer.ts';
import { ConstantRate, RampedRate } from '../../src/schedule/schedule.ts';
import { Turns, type TurnsOptions } from '../../src/schedule/turns.ts';

const BASE_NS = 50e9;
const SEC = 1e9;

type Typed = Partial<PacerOptions & TurnsOptions>;

function pacerOf(ratePerSec: number | null, options: Typed = {}): Pacer {
  const { worker = 0, workers = 1 } = options;
  return new Pacer({
    schedule: ratePerSec === null ? null : new ConstantRate(ratePerSec),
    turns: new Turns({ worker, workers }),
    baseNs: BASE_NS,
    warmupNs: 0,
    durationNs: SEC,
    batchNs: 0,
    ...options,
  });
}

/** Takes all that is left; the due times by index. */
function takeAll(pacer: Pacer): Map<number, number> {
  const due = new Map<number, number>();
  while (!pacer.isDone) {
    const { dueNs } = pacer;
    due.set(pacer.take(), dueNs);
  }
  return due;
}

t.test('attempts are due from the base on, at n / rate, until the end', async (t) => {
  const pacer = pacerOf(4);
  t.same(
    [...takeAll(pacer)],
    [
      [0, BASE_NS],
      [1, BASE_NS + 0.25 * SEC],
      [2, BASE_NS + 0.5 * SEC],
      [3, BASE_NS + 0.75 * SEC],
    ],
  );
  t.equal(pacer.dueNs, Infinity);
  t.equal(pacer.wakeNs, Infinity, 'nothing to wake for');
});

t.test('a number of attempts is met whatever rounding makes of the times', async (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 1e6, noNaN: true }),
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 5 }),
      (ratePerSec, count, warmupNs, tailNs, workers) => {
        const durationNs = (count * 1e9) / ratePerSec;
        const steadyNs = warmupNs + durationNs + 0.5e9 / ratePerSec;
        const schedule =
          tailNs > 0 ? new RampedRate({ ratePerSec, upNs: 0, steadyNs, downNs: tailNs }) : new ConstantRate(ratePerSec);
        let measured = 0;
        for (let worker = 0; worker < workers; worker++) {
          const pacer = pacerOf(1, { schedule, worker, workers, warmupNs, durationNs, tailNs, count });
          for (const n of takeAll(pacer).keys()) if (pacer.measures(n)) measured++;
        }
        return measured === count;
      },
    ),
  );
  t.pass('held in every run');
});

t.test('closed loop ends with the last start that is counted', async (t) => {
  const pacer = pacerOf(null, { count: 2, durationNs: 1e15 });
  pacer.take();
  t.notOk(pacer.isDone, 'a start of the warm-up is not counted');
  pacer.countStart();
  t.notOk(pacer.isDone);
  pacer.countStart();
  t.ok(pacer.isDone);
  t.ok(pacerOf(null, { count: 0, durationNs: 1e15 }).isDone, 'a worker whose share is none');
  const timed = pacerOf(null);
  timed.countStart();
  t.notOk(timed.isDone);
});

t.test('the index of the next attempt can be seen before it is taken', async (t) => {
  const pacer = pacerOf(10, { worker: 1, workers: 3 });
  t.equal(pacer.nextIndex, 1);
  t.equal(pacer.take(), 1);
  t.equal(pacer.nextIndex, 4);
});

t.test('the warm-up comes first at the same rate, and what is due at its end is measured', async (t) => {
  const pacer = pacerOf(4, { warmupNs: 0.5 * SEC, durationNs: SEC });
  t.same([pacer.measureNs, pacer.endNs], [BASE_NS + 0.5 * SEC, BASE_NS + 1.5 * SEC]);
  const measured = [...takeAll(pacer)].map(([n]) => pacer.measures(n));
  t.same(measured, [false, false, true, true, true, true]);
});

t.test('an attempt of the warm-up that starts late is not measured, one of the round is', async (t) => {
  const pacer = pacerOf(4, { warmupNs: 0.5 * SEC });
  t.equal(pacer.measures(1), false);
  t.equal(pacer.measures(2), true);
});

t.test('a wake-up may serve several starts', async (t) => {
  t.equal(pacerOf(1000).wakeNs, BASE_NS);
  t.equal(pacerOf(1000, { batchNs: 200e3 }).wakeNs, BASE_NS + 200e3);
});

t.test('seconds count from the end of the warm-up', async (t) => {
  const pacer = pacerOf(4, { warmupNs: 0.3 * SEC });
  t.equal(pacer.intervalEndNs, pacer.measureNs, 'the first one is short');
  pacer.nextInterval(pacer.measureNs);
  t.equal(pacer.intervalEndNs, pacer.measureNs + SEC);
  pacer.nextInterval(pacer.measureNs + SEC + 5);
  t.equal(pacer.intervalEndNs, pacer.measureNs + 2 * SEC);
  pacer.nextInterval(pacer.measureNs + 4.7 * SEC);
  t.equal(pacer.intervalEndNs, pacer.measureNs + 5 * SEC, 'none is made up for');
  t.equal(pacerOf(4).intervalEndNs, BASE_NS + SEC, 'without a warm-up');
});

t.test('the interval always ends after now, at a whole second', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5e9 }), fc.integer({ min: 0, max: 60e9 }), (warmupNs, afterNs) => {
      const pacer = pacerOf(4, { warmupNs });
      const nowNs = BASE_NS + afterNs;
      pacer.nextInterval(nowNs);
      const { intervalEndNs, measureNs } = pacer;
      return intervalEndNs > nowNs && intervalEndNs <= nowNs + SEC && Math.abs((intervalEndNs - measureNs) % SEC) === 0;
    }),
  );
  t.pass('held in every run');
});

t.test('the round is overdue a moment after its end', async (t) => {
  const pacer = pacerOf(10);
  t.ok(pacer.overdueNs > pacer.endNs, 'what is due may be a little late');
  t.ok(pacer.overdueNs <= pacer.endNs + SEC);
  const closed = pacerOf(null);
  t.ok(closed.overdueNs > closed.endNs - 1);
  t.ok(closed.overdueNs <= closed.endNs, 'closed loop owes nothing');
});

t.test('closed loop has no due times and goes on to the end', async (t) => {
  const pacer = pacerOf(null, { warmupNs: 0.5 * SEC });
  t.same([pacer.isClosedLoop, pacer.dueNs, pacer.isDone], [true, Infinity, false]);
  t.same([pacer.take(), pacer.take(), pacer.take()], [0, 1, 2]);
  t.equal(pacer.wakeNs, pacer.endNs);
  t.equal(pacer.giveUp(pacer.endNs), 0);
  t.same([pacer.isDone, pacer.wakeNs], [true, Infinity]);
});

t.test('closed loop: worker k takes every W-th index', async (t) => {
  const pacer = pacerOf(null, { worker: 2, workers: 3 });
  t.same([pacer.take(), pacer.take()], [2, 5]);
});

t.test('nothing more is due once the rest is given up', async (t) => {
  const pacer = pacerOf(10);
  pacer.take();
  t.equal(pacer.giveUp(BASE_NS + 0.35 * SEC), 3, 'attempts 1, 2 and 3 were due');
  t.same([pacer.isDone, pacer.dueNs, pacer.wakeNs], [true, Infinity, Infinity]);
});

const plans = fc.record({
  ratePerSec: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0.1, max: 3000, noNaN: true })),
  workers: fc.integer({ min: 1, max: 8 }),
  warmupNs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2e9 })),
  durationNs: fc.integer({ min: 1, max: 2e9 }),
});

function workersOf(plan: typeof plans extends fc.Arbitrary<infer T> ? T : never): Pacer[] {
  const { ratePerSec, workers, warmupNs, durationNs } = plan;
  return Array.from({ length: workers }, (_, worker) => pacerOf(ratePerSec, { worker, workers, warmupNs, durationNs }));
}

t.test('the workers together take the whole schedule, each attempt once and at its time', async (t) => {
  fc.assert(
    fc.property(plans, (plan) => {
      const schedule = new ConstantRate(plan.ratePerSec);
      const count = schedule.countBefore(plan.warmupNs + plan.durationNs);
      const all = workersOf(plan).flatMap((pacer) => [...takeAll(pacer)]);
      const indices = all.map(([n]) => n).sort((a, b) => a - b);
      return (
        indices.length === count &&
        indices.every((n, i) => n === i) &&
        all.every(([n, dueNs]) => dueNs === BASE_NS + schedule.dueNs(n))
      );
    }),
    { numRuns: 60 },
  );
  t.pass('held in every run');
});

t.test('what is measured is exactly what is due from the end of the warm-up on', async (t) => {
  fc.assert(
    fc.property(plans, (plan) =>
      workersOf(plan).every((pacer) =>
        [...takeAll(pacer)].every(([n, dueNs]) => pacer.measures(n) === dueNs >= pacer.measureNs),
      ),
    ),
    { numRuns: 60 },
  );
  t.pass('held in every run');
});

/** When all is given up, from the base to after the end, and how many of the due ones each worker left untaken. */
const endings = fc.record({
  at: fc.double({ min: 0, max: 1.2, noNaN: true }),
  untaken: fc.array(fc.nat(20), { minLength: 8, maxLength: 8 }),
});

t.test('given up is what was measured, due before now and not taken, over all workers', async (t) => {
  fc.assert(
    fc.property(plans, endings, (plan, { at, untaken }) => {
      const lengthNs = plan.warmupNs + plan.durationNs;
      const nowNs = BASE_NS + Math.floor(at * lengthNs);
      const schedule = new ConstantRate(plan.ratePerSec);
      const first = schedule.countBefore(plan.warmupNs);
      const due = at <= 0 ? 0 : Math.min(schedule.countBefore(nowNs - BASE_NS), schedule.countBefore(lengthNs));
      const expected = Math.max(0, due - first);
      let taken = 0;
      let givenUp = 0;
      for (const [worker, pacer] of workersOf(plan).entries()) {
        // Taken as the generator takes them: those due by now, up to some that it did not come to.
        const mine = Math.max(0, Math.ceil((due - worker) / plan.workers) - untaken[worker]!);
        for (let i = 0; i < mine; i++) {
          if (pacer.measures(pacer.take())) taken++;
        }
        givenUp += pacer.giveUp(nowNs);
      }
      return taken + givenUp === expected;
    }),
    { numRuns: 300 },
  );
  t.pass('held in every run');
});

t.test('given up before the base, with a warm-up to come, is nothing', async (t) => {
  t.equal(pacerOf(1000, { warmupNs: SEC }).giveUp(BASE_NS - 10e6), 0);
});

t.test('an attempt taken at the very moment it is due is not given up as well', async (t) => {
  for (const warmupNs of [0, SEC]) {
    const pacer = pacerOf(1000, { warmupNs });
    const { dueNs } = pacer;
    pacer.take();
    t.equal(pacer.giveUp(dueNs), 0, `warm-up ${warmupNs} ns`);
  }
});

t.test('what comes behind the measured part is started and not measured', async (t) => {
  const schedule = new RampedRate({ ratePerSec: 4, upNs: SEC, steadyNs: SEC, downNs: SEC });
  const pacer = pacerOf(4, { schedule, warmupNs: SEC, tailNs: SEC });
  const indices = [...takeAll(pacer).keys()];
  t.same(
    indices.map((index) => pacer.measures(index)),
    [false, false, true, true, true, true, false, false],
  );
  t.ok(pacerOf(4, { schedule, warmupNs: SEC, tailNs: SEC }).overdueNs > BASE_NS + 2.9 * SEC);
  const late = pacerOf(4, { schedule, warmupNs: SEC, tailNs: SEC });
  t.equal(late.giveUp(BASE_NS + 9 * SEC), 4, 'only what would have been measured is missed');
});

t.test('a shift moves due times and the end, counts from the begin, and moves nothing of the counts', async (t) => {
  const pacer = pacerOf(4, { durationNs: 2 * SEC });
  const { overdueNs } = pacer;
  pacer.take();
  pacer.shift(1000);
  t.equal(pacer.dueNs, BASE_NS + 0.25 * SEC + 1000);
  t.same([pacer.endNs, pacer.overdueNs], [BASE_NS + 2 * SEC + 1000, overdueNs + 1000]);
  pacer.shift(-1000);
  t.equal(pacer.dueNs, BASE_NS + 0.25 * SEC - 1000, 'not since the shift before');
  t.same([pacer.measureNs, pacer.intervalEndNs], [BASE_NS, BASE_NS + SEC], 'seconds stay');
  t.equal(pacer.giveUp(BASE_NS + 0.5 * SEC - 500), 2, 'due 1 µs before the time without a shift');
  pacer.shift(0);
  t.ok(pacer.isDone, 'what is given up stays so');
});

t.test('what is measured is not due in the warm-up, whatever the shift', async (t) => {
  const pacer = pacerOf(1000, { warmupNs: SEC, durationNs: SEC });
  pacer.shift(-3e6);
  const due = [...takeAll(pacer)];
  t.equal(due.filter(([n]) => pacer.measures(n)).length, 1000);
  t.ok(due.every(([n, dueNs]) => !pacer.measures(n) || dueNs >= pacer.measureNs));
});

t.test('the end of closed loop can be shifted', async (t) => {
  const pacer = pacerOf(null);
  pacer.shift(5e3);
  t.same([pacer.wakeNs, pacer.endNs], [BASE_NS + SEC + 5e3, BASE_NS + SEC + 5e3]);
});
