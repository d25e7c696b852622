import t from 'tap';
import { errnoNumber } from '../../src/kernel/errno.ts';
import { leaseStarts, shiftRound } from '../../src/runtime/round-control.ts';
import { CLOSING, CONNECTING, ESTABLISHED } from '../support/fake-engine.ts';
import { BASE_NS, MS, RoundBench, SEC } from './round-bench.ts';

/** Connections are established at once and, with `--finish connect`, closed. */
function establishAll(bench: RoundBench): void {
  for (const slot of bench.engine.slots(CONNECTING)) bench.engine.connect(slot);
}

t.test('every attempt starts when it is due', async (t) => {
  const bench = new RoundBench({ ratePerSec: 100, durationNs: 50 * MS, finish: { kind: 'connect' } });
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.same(bench.openTimesNs, [0, 10 * MS, 20 * MS, 30 * MS, 40 * MS]);
  t.same(bench.counts, { scheduled: 5, started: 5, missed: 0, established: 5 });
  t.match(bench.latency('schedule_lag'), { count: 5, max: 0 });
});

t.test('nothing starts before the base', async (t) => {
  const bench = new RoundBench({ durationNs: 2 * MS, leadNs: 10 * MS });
  const deadlineNs = bench.step();
  t.equal(bench.engine.opens.length, 0);
  t.equal(deadlineNs, BASE_NS);
  bench.runTo(0);
  t.same(bench.openTimesNs, [0]);
});

t.test('worker k starts its share only', async (t) => {
  const bench = new RoundBench({
    ratePerSec: 100,
    durationNs: 100 * MS,
    worker: 1,
    workers: 3,
    finish: { kind: 'connect' },
  });
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.same(bench.openTimesNs, [10 * MS, 40 * MS, 70 * MS]);
});

t.test('a machine that shares the schedule starts its turns, and its sources take turns too', async (t) => {
  const bench = new RoundBench({
    ratePerSec: 100,
    durationNs: 120 * MS,
    share: { turns: [0, 2, 3], of: 6 },
    sources: 2,
    finish: { kind: 'connect' },
  });
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.same(bench.openTimesNs, [0, 20 * MS, 30 * MS, 60 * MS, 80 * MS, 90 * MS]);
  t.same(
    bench.engine.opens.map(({ source }) => source),
    [0, 1, 0, 1, 0, 1],
  );
});

const SHORT = { ratePerSec: 1000, durationNs: 100 * MS, finish: { kind: 'connect' } } as const;

t.test('nothing starts after a lease, and a stop then counts all that was due as missed', async (t) => {
  const bench = new RoundBench(SHORT);
  bench.peer = () => establishAll(bench);
  leaseStarts(bench.control, BASE_NS + 10 * MS);
  bench.runTo(9 * MS);
  t.equal(bench.engine.opens.length, 10);
  // As a process that was stopped, whose threads wake before anything else does.
  bench.jumpTo(60 * MS);
  t.ok(bench.step() > bench.clock.atNs, 'it waits, and does not spin');
  bench.runTo(80 * MS);
  t.equal(bench.engine.opens.length, 10);
  bench.stop();
  bench.runOut();
  t.same(bench.counts, { scheduled: 80, started: 10, missed: 70, established: 10 });
});

t.test('a lease that is renewed lets start what was due meanwhile', async (t) => {
  const bench = new RoundBench(SHORT);
  bench.peer = () => establishAll(bench);
  leaseStarts(bench.control, BASE_NS + 10 * MS);
  bench.runTo(60 * MS);
  t.equal(bench.engine.opens.length, 10);
  leaseStarts(bench.control, BASE_NS + 3 * SEC);
  bench.runOut();
  t.same(bench.counts, { scheduled: 100, started: 100, missed: 0, established: 100 });
  t.ok(bench.latency('schedule_lag').max >= 50 * MS, 'late, and it says so');
});

t.test('a lease that was not renewed by the end of the round leaves the rest missed', async (t) => {
  const bench = new RoundBench(SHORT);
  bench.peer = () => establishAll(bench);
  leaseStarts(bench.control, BASE_NS + 10 * MS);
  bench.runOut();
  t.same(bench.counts, { scheduled: 100, started: 10, missed: 90, established: 10 });
});

t.test('in closed loop nothing starts after a lease either', async (t) => {
  const bench = new RoundBench({ ratePerSec: null, durationNs: 100 * MS, capacity: 1, finish: { kind: 'connect' } });
  bench.peer = () => {
    bench.jumpTo(bench.clock.atNs - BASE_NS + MS);
    establishAll(bench);
  };
  leaseStarts(bench.control, BASE_NS + 10 * MS);
  bench.runOut();
  t.ok(bench.openTimesNs.length > 0 && bench.openTimesNs.every((atNs) => atNs < 10 * MS));
});

t.test('a shift is read once a second, moves what is due, and moves nothing that is counted', async (t) => {
  const bench = new RoundBench({ ratePerSec: 10, durationNs: 3 * SEC, finish: { kind: 'connect' } });
  bench.peer = () => establishAll(bench);
  bench.runTo(0.5 * SEC);
  shiftRound(bench.control, -5e3);
  bench.runTo(1.5 * SEC);
  shiftRound(bench.control, 7e3);
  bench.runOut();
  const [first, second, third] = [0, 1, 2].map((sec) => bench.openTimesNs.slice(10 * sec, 10 * (sec + 1)));
  t.same(first!.at(-1), 0.9 * SEC, 'in the second in which it came');
  t.same(
    second!.slice(1),
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => (1 + n / 10) * SEC - 5e3),
  );
  t.same(third![0], 2 * SEC - 5e3, 'due before the second ends');
  t.same(
    third!.slice(1),
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => (2 + n / 10) * SEC + 7e3),
  );
  t.same(bench.counts, { scheduled: 30, started: 30, missed: 0, established: 30 });
  t.equal(bench.told.length, 3, 'no second more');
});

t.test('with batches one wake-up serves several starts, and their lag shows', async (t) => {
  const bench = new RoundBench({ ratePerSec: 10_000, durationNs: 0.4 * MS, batchNs: 200e3 });
  bench.runTo(MS);
  t.same(bench.openTimesNs, [0, 0.3 * MS, 0.3 * MS, 0.3 * MS]);
  bench.stop();
  bench.runOut();
  t.match(bench.latency('schedule_lag'), { count: 4, min: 0, max: 0.2 * MS });
});

t.test('a generator that was stopped past the end of its round starts nothing then', async (t) => {
  const bench = new RoundBench({ durationNs: SEC, capacity: 1000, finish: { kind: 'connect' } });
  bench.peer = () => establishAll(bench);
  bench.runTo(299.5 * MS);
  bench.jumpTo(5 * SEC);
  bench.runOut();
  t.same(bench.counts, { scheduled: 1000, started: 300, missed: 700, established: 300 });
  t.equal(bench.engine.opens.length, 300);
});

t.test('when time was lost every attempt still starts, late from its own slot on', async (t) => {
  const bench = new RoundBench({ durationNs: SEC, capacity: 1000, finish: { kind: 'connect' } });
  bench.step();
  bench.jumpTo(300 * MS);
  bench.runTo(300 * MS);
  t.equal(bench.engine.opens.length, 301);
  bench.clock.advance(5 * MS);
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.same(bench.counts, { scheduled: 1000, started: 1000, missed: 0, established: 1000 });
  const lag = bench.latency('schedule_lag');
  // Due at 1, 2 … 300 ms and started at 300 ms: lags of 299 … 0 ms. The others, from 306 ms on, started in time; those due at
  // 301 … 305 ms were up to 4 ms late.
  const lateMs = (299 * 300) / 2 + (4 + 3 + 2 + 1);
  t.equal(lag.max, 299 * MS);
  t.equal(lag.mean, (lateMs * MS) / 1000);
  t.equal(bench.latency('total').max, 305 * MS, 'the first one was answered when all were');
  t.equal(bench.latency('corrected_total').max, 305 * MS);
  t.equal(
    bench.latency('corrected_total').mean,
    bench.latency('total').mean + lag.mean,
    'the lag is in corrected_total only',
  );
});

t.test('starts that pile up let the engine look at its events in between', async (t) => {
  const bench = new RoundBench({ capacity: 1000 });
  bench.jumpTo(300 * MS);
  const deadlineNs = bench.step();
  t.ok(bench.engine.opens.length >= 1 && bench.engine.opens.length < 301, `${bench.engine.opens.length} starts`);
  t.ok(deadlineNs <= bench.clock.atNs && deadlineNs >= 0, 'called again at once');
});

t.test('what is due beyond max-in-flight is missed, not queued', async (t) => {
  const bench = new RoundBench({ durationNs: 20 * MS, capacity: 5, finish: { kind: 'connect' } });
  bench.runTo(9 * MS);
  t.equal(bench.engine.opens.length, 5);
  establishAll(bench);
  bench.runTo(9.5 * MS);
  t.equal(bench.engine.opens.length, 5, 'room does not bring the missed ones back');
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.same(bench.counts, { scheduled: 20, started: 15, missed: 5, established: 15 });
  t.equal(bench.merger.inFlightPeak, 5);
  t.match(bench.latency('schedule_lag'), { count: 15, max: 0 });
});

t.test('no room at all: everything is missed and the round ends', async (t) => {
  const bench = new RoundBench({ durationNs: 20 * MS, capacity: 0 });
  bench.runOut();
  t.same(bench.counts, { scheduled: 20, started: 0, missed: 20, established: 0 });
});

t.test('in_flight_max counts what is open, until it is released', async (t) => {
  const bench = new RoundBench({ durationNs: 4 * MS, finish: { kind: 'connect' } });
  bench.engine.releasesAtOnce = false;
  bench.runTo(MS);
  establishAll(bench);
  t.equal(bench.engine.slots(CLOSING).length, 2);
  bench.runTo(2 * MS);
  for (const slot of bench.engine.slots(CLOSING)) bench.engine.release(slot);
  bench.runTo(3 * MS);
  establishAll(bench);
  for (const slot of bench.engine.slots(CLOSING)) bench.engine.release(slot);
  bench.runOut();
  t.equal(bench.merger.inFlightPeak, 3);
});

t.test('a little late at the end all is started', async (t) => {
  const bench = new RoundBench({ durationNs: 200 * MS, capacity: 1000 });
  bench.jumpTo(250 * MS);
  bench.runTo(250 * MS);
  t.equal(bench.engine.opens.length, 200);
  bench.stop();
  bench.runOut();
  t.same(bench.counts, { scheduled: 200, started: 200, missed: 0, established: 0 });
});

t.test('far too late at the end the rest is given up as missed', async (t) => {
  const bench = new RoundBench({ durationNs: 200 * MS, capacity: 1000, finish: { kind: 'connect' } });
  bench.peer = () => establishAll(bench);
  bench.runTo(49 * MS);
  bench.jumpTo(700 * MS);
  bench.runOut();
  const { scheduled, started, missed } = bench.counts;
  t.equal(scheduled, 200);
  t.equal(started + missed, 200);
  t.ok(started >= 50 && missed > 0, `${missed} missed`);
  t.equal(bench.total.ok, started);
});

t.test('warm-up attempts are told, but not part of the result', async (t) => {
  const bench = new RoundBench({
    ratePerSec: 100,
    warmupNs: 100 * MS,
    durationNs: 50 * MS,
    finish: { kind: 'connect' },
  });
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.equal(bench.engine.opens.length, 15);
  t.same(bench.counts, { scheduled: 5, started: 5, missed: 0, established: 5 });
  t.same(bench.outcomes, { ok: 5 });
  t.same(
    bench.told.map(({ interval, warmup }) => [interval.started, interval.ok, warmup]),
    [
      [10, 10, true],
      [5, 5, false],
    ],
  );
});

t.test('warm-up attempts that end after the warm-up are not counted, nor are their bytes', async (t) => {
  const options = { ratePerSec: 100, warmupNs: 100 * MS, durationNs: 50 * MS, holdNs: 20 * MS, payloadBytes: 4 };
  const bench = new RoundBench({ ...options, finish: { kind: 'echo' } });
  const { engine } = bench;
  bench.runTo(60 * MS);
  const [first, second, ...rest] = engine.slots(CONNECTING);
  engine.connect(first!);
  engine.connect(second!);
  bench.runTo(99 * MS);
  engine.receive(second!, 4);
  bench.runTo(100 * MS);
  t.equal(engine.slots(CONNECTING).length, rest.length + 3 + 1);
  engine.send(first!, 4);
  engine.receive(first!, 4);
  engine.fail(second!, errnoNumber('ECONNRESET'));
  engine.fail(rest[0]!, errnoNumber('ECONNREFUSED'));
  engine.connect(rest[1]!);
  engine.fail(rest[1]!, errnoNumber('ECONNRESET'));
  bench.runOut();
  t.same(bench.counts, { scheduled: 5, started: 5, missed: 0, established: 0 });
  t.same(bench.outcomes, { connect_timeout: 5 });
  t.same([bench.total.bytesSent, bench.total.bytesReceived, bench.total.heldLost], [0, 0, 0]);
  t.same(bench.total.errnoCounts(), {});
  t.same(bench.latencyCounts, { schedule_lag: 5, connect: 0, first_byte: 0, total: 5, corrected_total: 5 });
});

t.test('a jump over the end of the warm-up counts what was due after it only', async (t) => {
  const bench = new RoundBench({
    warmupNs: 100 * MS,
    durationNs: 100 * MS,
    capacity: 1000,
    finish: { kind: 'connect' },
  });
  bench.runTo(40 * MS);
  bench.jumpTo(150 * MS);
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.equal(bench.engine.opens.length, 200);
  t.same(bench.counts, { scheduled: 100, started: 100, missed: 0, established: 100 });
  t.equal(bench.latency('schedule_lag').max, 50 * MS, 'the lateness of the warm-up is not in it');
});

t.test('missed in the warm-up is not missed in the result', async (t) => {
  const bench = new RoundBench({ warmupNs: 100 * MS, durationNs: 10 * MS, capacity: 1, finish: { kind: 'connect' } });
  bench.runTo(100 * MS - 1);
  bench.peer = () => establishAll(bench);
  establishAll(bench);
  bench.runOut();
  t.same(bench.counts, { scheduled: 10, started: 10, missed: 0, established: 10 });
});

t.test('intervals end with their second, and the warm-up is one of its own', async (t) => {
  const bench = new RoundBench({
    ratePerSec: 10,
    warmupNs: 0.5 * SEC,
    durationNs: 2 * SEC,
    finish: { kind: 'connect' },
  });
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.same(
    bench.told.map(({ interval, warmup }) => [interval.start_sec, interval.length_sec, interval.started, warmup]),
    [
      [-1, 0.5, 5, true],
      [0, 1, 10, false],
      // Nothing was left to do after the last attempt.
      [1, 0.9, 10, false],
    ],
  );
});

t.test('a bank is waited for where a phase ends, and nowhere else', async (t) => {
  const bench = new RoundBench({
    ratePerSec: 10,
    warmupNs: 1.5 * SEC,
    durationNs: 1.5 * SEC,
    finish: { kind: 'connect' },
  });
  bench.peer = () => establishAll(bench);
  bench.runOut();
  t.same(bench.handOvers, [
    { atNs: 0.5 * SEC, warmup: true, waits: false },
    { atNs: 1.5 * SEC, warmup: false, waits: true },
    { atNs: 2.5 * SEC, warmup: false, waits: false },
    { atNs: 2.9 * SEC, warmup: false, waits: true },
  ]);
});

t.test('an interval tells what is open and held at its end', async (t) => {
  const bench = new RoundBench({
    ratePerSec: 10,
    durationNs: 2 * SEC,
    holdNs: 0.25 * SEC,
    finish: { kind: 'connect' },
  });
  bench.runTo(SEC - 1);
  establishAll(bench);
  t.equal(bench.engine.slots(ESTABLISHED).length, 10);
  bench.runTo(SEC);
  t.match(bench.told[0]?.interval, { in_flight: 10, held: 10 });
  bench.runOut();
  t.match(bench.told[1]?.interval, { in_flight: 10, held: 0 });
});

t.test('between events a worker looks at its stop flag at least every 50 ms', async (t) => {
  const bench = new RoundBench({ ratePerSec: 0.1, durationNs: 10 * SEC });
  t.ok(bench.step() - bench.clock.atNs <= 50 * MS);
});

t.test('what is later than a trial allows is missed for its lateness, not for want of room', async (t) => {
  const bench = new RoundBench({
    ratePerSec: 1000,
    durationNs: 10 * MS,
    maxLagNs: 2 * MS,
    finish: { kind: 'connect' },
  });
  bench.peer = () => establishAll(bench);
  bench.step();
  // Nobody looks for 6 ms: of the six starts that came due, the last three are late by 2 ms at most.
  bench.clock.advance(6 * MS);
  bench.runOut();
  t.same(bench.counts, { scheduled: 10, started: 7, missed: 3, established: 7 });
  t.equal(bench.merger.total.missedFull, 0);
});
