import t from 'tap';
import { errnoNumber } from '../../src/kernel/errno.ts';
import { CONNECTING, ESTABLISHED } from '../support/fake-engine.ts';
import { BASE_NS, MS, RoundBench, SEC, benchOfOne } from './round-bench.ts';

t.test('a connect times out at its deadline and not before', async (t) => {
  const { bench, engine } = benchOfOne({ timeoutNs: 30 * MS });
  t.equal(bench.step(), BASE_NS + 30 * MS, 'the step asks to be called then');
  bench.jumpTo(30 * MS - 1);
  bench.step();
  t.equal(engine.closes.length, 0);
  bench.jumpTo(30 * MS);
  t.ok(bench.step() <= bench.clock.atNs, 'first it looks for what has come');
  t.equal(engine.closes.length, 0);
  bench.step();
  t.equal(engine.closes.length, 1);
  bench.runOut();
  t.same(bench.outcomes, { connect_timeout: 1 });
  t.same(bench.total.errnoCounts(), {});
  t.same(bench.latencyCounts, { schedule_lag: 1, connect: 0, first_byte: 0, total: 1, corrected_total: 1 });
  t.equal(bench.latency('total').max, 30 * MS, 'with the time it took');
});

t.test('an exchange times out at the same deadline: from its start', async (t) => {
  const { bench, slot, engine } = benchOfOne({ timeoutNs: 30 * MS, finish: { kind: 'echo' }, payloadBytes: 9 });
  bench.jumpTo(20 * MS);
  engine.connect(slot);
  engine.receive(slot, 8);
  bench.jumpTo(30 * MS - 1);
  bench.step();
  t.equal(engine.closes.length, 0);
  bench.jumpTo(30 * MS);
  t.ok(bench.step() <= bench.clock.atNs, 'first it looks for what has come');
  t.equal(engine.closes.length, 0);
  bench.step();
  t.equal(engine.closes.length, 1);
  bench.runOut();
  t.same(bench.outcomes, { exchange_timeout: 1 });
  t.same(bench.latencyCounts, { schedule_lag: 1, connect: 1, first_byte: 1, total: 1, corrected_total: 1 });
});

t.test('the timeout is from the actual start, corrected_total from the intended one', async (t) => {
  const bench = new RoundBench({ durationNs: MS, timeoutNs: 30 * MS });
  bench.jumpTo(12 * MS);
  bench.step();
  bench.jumpTo(42 * MS - 1);
  bench.step();
  t.equal(bench.engine.closes.length, 0);
  bench.jumpTo(42 * MS);
  bench.runOut();
  t.equal(bench.latency('total').max, 30 * MS);
  t.equal(bench.latency('corrected_total').max, 42 * MS);
});

t.test('a timeout that is noticed late counts with the time it took', async (t) => {
  const { bench } = benchOfOne({ timeoutNs: 30 * MS });
  bench.jumpTo(37 * MS);
  bench.runOut();
  t.equal(bench.latency('total').max, 37 * MS);
});

t.test('a thread that was stopped reads what has come before it judges timeouts', async (t) => {
  const { bench, slot, engine } = benchOfOne({ timeoutNs: 30 * MS, finish: { kind: 'echo' }, payloadBytes: 9 });
  engine.connect(slot);
  bench.jumpTo(3 * SEC);
  bench.step();
  engine.receive(slot, 9);
  bench.runOut();
  t.same(bench.outcomes, { ok: 1 });
  t.equal(bench.latency('total').max, 3 * SEC, 'with the time until it was read');
});

t.test('a request that was kept waiting with its thread has time for its answer', async (t) => {
  const finish = { kind: 'echo' } as const;
  for (const answers of [true, false]) {
    const { bench, slot, engine } = benchOfOne({ timeoutNs: 30 * MS, finish, payloadBytes: 9 });
    bench.jumpTo(3 * SEC);
    bench.step();
    engine.connect(slot);
    bench.jumpTo(3 * SEC + 5 * MS);
    bench.step();
    bench.step();
    t.same(bench.outcomes, {}, 'it is not judged yet');
    if (answers) engine.receive(slot, 9);
    bench.runOut();
    t.same(bench.outcomes, answers ? { ok: 1 } : { exchange_timeout: 1 });
  }
});

t.test('what ends in time is not timed out later', async (t) => {
  const { bench, slot, engine } = benchOfOne({ timeoutNs: 30 * MS, finish: { kind: 'connect' } });
  bench.jumpTo(30 * MS - 1);
  engine.connect(slot);
  bench.jumpTo(90 * MS);
  bench.runOut();
  t.same(bench.outcomes, { ok: 1 });
});

t.test('attempts time out one by one, each at its own deadline', async (t) => {
  const bench = new RoundBench({ durationNs: 5 * MS, timeoutNs: 30 * MS, finish: { kind: 'connect' } });
  bench.runTo(20 * MS);
  // The first and one in the middle succeed: the others keep their order.
  bench.engine.connect(bench.engine.opens[0]!.slot);
  bench.engine.connect(bench.engine.opens[2]!.slot);
  bench.runOut();
  t.same(
    bench.engine.closes.map(({ atNs }) => (atNs - BASE_NS) / MS),
    [20, 20, 31, 33, 34],
  );
  t.same(bench.outcomes, { ok: 2, connect_timeout: 3 });
});

t.test('a connection is held after its exchange, and the hold is in no latency', async (t) => {
  const { bench, slot, engine } = benchOfOne({ finish: { kind: 'connect' }, holdNs: 40 * MS, timeoutNs: 30 * MS });
  bench.jumpTo(10 * MS);
  engine.connect(slot);
  bench.jumpTo(50 * MS - 1);
  bench.step();
  t.equal(engine.closes.length, 0, 'longer than the timeout');
  bench.jumpTo(50 * MS);
  bench.step();
  t.same(engine.closes, [{ slot, reset: false, atNs: BASE_NS + 50 * MS }]);
  bench.runOut();
  t.same(bench.outcomes, { ok: 1 });
  t.equal(bench.latency('total').max, 10 * MS);
  t.equal(bench.total.heldLost, 0);
});

t.test('the end of a hold is asked for', async (t) => {
  const { bench, slot, engine } = benchOfOne({ finish: { kind: 'connect' }, holdNs: 20 * MS });
  engine.connect(slot);
  t.equal(bench.step(), BASE_NS + 20 * MS);
});

t.test('held connections end in the order in which their holds began', async (t) => {
  const bench = new RoundBench({ durationNs: 3 * MS, finish: { kind: 'connect' }, holdNs: 40 * MS });
  bench.runTo(10 * MS);
  const [a, b, c] = bench.engine.opens.map(({ slot }) => slot);
  bench.engine.connect(c!);
  bench.runTo(15 * MS);
  bench.engine.connect(a!);
  bench.runTo(22 * MS);
  bench.engine.connect(b!);
  bench.runOut();
  t.same(
    bench.engine.closes.map(({ slot, atNs }) => [slot, (atNs - BASE_NS) / MS]),
    [
      [c, 50],
      [a, 55],
      [b, 62],
    ],
  );
});

t.test('a held connection that the peer ends is lost, not failed', async (t) => {
  const bench = new RoundBench({ durationNs: 3 * MS, finish: { kind: 'connect' }, holdNs: 400 * MS });
  bench.runTo(5 * MS);
  for (const slot of bench.engine.slots(CONNECTING)) bench.engine.connect(slot);
  const [ended, failed, kept] = bench.engine.slots(ESTABLISHED);
  bench.engine.receive(kept!, 11);
  bench.engine.end(ended!);
  bench.engine.fail(failed!, errnoNumber('ECONNRESET'));
  t.equal(bench.engine.closes.length, 2, 'both are closed');
  bench.runOut();
  t.same(bench.outcomes, { ok: 3 });
  t.same(bench.total.errnoCounts(), {});
  t.equal(bench.total.heldLost, 2);
  t.equal(bench.total.bytesReceived, 11);
  t.equal(bench.latency('first_byte').count, 0, 'what comes in a hold is no response');
  t.equal(bench.clock.atNs, BASE_NS + 405 * MS);
});

t.test('held connections take up room', async (t) => {
  const bench = new RoundBench({ durationNs: 10 * MS, capacity: 4, finish: { kind: 'connect' }, holdNs: SEC });
  bench.peer = () => {
    for (const slot of bench.engine.slots(CONNECTING)) bench.engine.connect(slot);
  };
  bench.runOut();
  t.same(bench.counts, { scheduled: 10, started: 4, missed: 6, established: 4 });
});

t.test('a stop starts nothing more and ends as soon as nothing is open', async (t) => {
  const bench = new RoundBench({ durationNs: SEC, finish: { kind: 'connect' } });
  bench.peer = () => {
    for (const slot of bench.engine.slots(CONNECTING)) bench.engine.connect(slot);
  };
  bench.runTo(500 * MS);
  bench.stop();
  bench.runOut();
  t.equal(bench.clock.atNs, BASE_NS + 500 * MS);
  t.equal(bench.engine.opens.length, 501);
  t.same(bench.counts, { scheduled: 501, started: 501, missed: 0, established: 501 });
});

t.test('what was due before a stop and had not started is missed', async (t) => {
  const bench = new RoundBench({ durationNs: SEC, finish: { kind: 'connect' } });
  bench.runTo(100 * MS);
  bench.jumpTo(150.5 * MS);
  bench.stop();
  bench.step();
  t.equal(bench.engine.opens.length, 100, 'as many as there is room for');
  bench.runOut();
  // Due at 0 … 140 ms; at 100 ms there was no room any more. Those of the last 10 ms would have been started now.
  t.same(bench.counts, { scheduled: 141, started: 100, missed: 41, established: 0 });
});

t.test('a stop between two starts misses none', async (t) => {
  const bench = new RoundBench({ durationNs: SEC, finish: { kind: 'connect' } });
  bench.peer = () => {
    for (const slot of bench.engine.slots(CONNECTING)) bench.engine.connect(slot);
  };
  bench.runTo(100 * MS);
  bench.jumpTo(103 * MS);
  bench.stop();
  bench.runOut();
  t.same(bench.counts, { scheduled: 101, started: 101, missed: 0, established: 101 });
});

t.test('after a stop what is open may end by itself', async (t) => {
  const bench = new RoundBench({ durationNs: 4 * MS, timeoutNs: 60 * SEC, finish: { kind: 'connect' } });
  bench.runTo(3 * MS);
  bench.stop();
  bench.runTo(2 * SEC);
  const [a, b] = bench.engine.slots(CONNECTING);
  bench.engine.connect(a!);
  bench.engine.fail(b!, errnoNumber('ECONNREFUSED'));
  bench.jumpTo(3 * MS + 5 * SEC - 1);
  bench.step();
  t.equal(bench.engine.slots(CONNECTING).length, 2);
  bench.jumpTo(3 * MS + 5 * SEC);
  bench.step();
  bench.step();
  t.equal(bench.engine.slots(CONNECTING).length, 0, 'five seconds later the rest is closed');
  bench.runOut();
  t.same(bench.outcomes, { ok: 1, refused: 1, aborted: 2 });
  t.match(bench.latencyCounts, { schedule_lag: 4, connect: 1, total: 1 });
});

t.test('the end of the drain is asked for', async (t) => {
  const { bench } = benchOfOne({ timeoutNs: 60 * SEC });
  bench.stop();
  bench.runTo(5 * SEC - 20 * MS);
  t.equal(bench.step(), BASE_NS + 5 * SEC);
});

t.test('an attempt whose time is up during the drain is timed out, not aborted', async (t) => {
  const { bench, slot, engine } = benchOfOne({ timeoutNs: SEC });
  engine.connect(slot);
  bench.stop();
  bench.runOut();
  t.same(bench.outcomes, { exchange_timeout: 1 });
  t.equal(bench.clock.atNs, BASE_NS + SEC);
});

t.test('after a stop held connections are closed at once and no new hold begins', async (t) => {
  const bench = new RoundBench({ durationNs: 3 * MS, holdNs: 100 * SEC, finish: { kind: 'connect' } });
  bench.runTo(2 * MS);
  const [a, b, c] = bench.engine.slots(CONNECTING);
  bench.engine.connect(a!);
  bench.engine.connect(b!);
  bench.runTo(10 * MS);
  t.equal(bench.engine.closes.length, 0);
  bench.stop();
  bench.step();
  t.equal(bench.engine.closes.length, 2);
  bench.engine.connect(c!);
  t.equal(bench.engine.closes.length, 3);
  bench.runOut();
  t.same(bench.outcomes, { ok: 3 });
  t.equal(bench.total.heldLost, 0);
});

t.test('a stop before the base ends the round with nothing in it', async (t) => {
  for (const warmupNs of [0, SEC]) {
    const bench = new RoundBench({ leadNs: 10 * MS, warmupNs });
    bench.step();
    bench.stop();
    bench.runOut();
    t.equal(bench.clock.atNs, BASE_NS - 10 * MS);
    t.same(bench.counts, { scheduled: 0, started: 0, missed: 0, established: 0 });
  }
});

t.test('a stop in the warm-up leaves a result with nothing in it', async (t) => {
  const bench = new RoundBench({ warmupNs: SEC, timeoutNs: 10 * SEC });
  bench.runTo(90 * MS);
  bench.stop();
  bench.runOut();
  t.equal(bench.clock.atNs, BASE_NS + 90 * MS + 5 * SEC);
  t.same(bench.counts, { scheduled: 0, started: 0, missed: 0, established: 0 });
  t.same(bench.outcomes, {});
});

t.test('a stop ends closed loop as well', async (t) => {
  const bench = new RoundBench({ ratePerSec: null, durationNs: 10 * SEC, capacity: 3, finish: { kind: 'connect' } });
  bench.runTo(10 * MS);
  bench.stop();
  bench.step();
  for (const slot of bench.engine.slots(CONNECTING)) bench.engine.connect(slot);
  bench.runOut();
  t.equal(bench.clock.atNs, BASE_NS + 10 * MS);
  t.same(bench.counts, { scheduled: 3, started: 3, missed: 0, established: 3 });
});

t.test('at the end of the round what is open keeps its time', async (t) => {
  const { bench, slot, engine } = benchOfOne({ timeoutNs: 10 * SEC, holdNs: 2 * SEC, finish: { kind: 'connect' } });
  bench.runTo(9 * SEC);
  engine.connect(slot);
  bench.runOut();
  t.equal(bench.clock.atNs, BASE_NS + 11 * SEC);
  t.same(bench.outcomes, { ok: 1 });
});

t.test('without a first byte in time an attempt ends before its timeout, and is counted as such', async (t) => {
  const { bench, slot, engine } = benchOfOne({ timeoutNs: 300 * MS, firstByteTimeoutNs: 30 * MS });
  t.equal(bench.step(), BASE_NS + 30 * MS, 'the step asks to be called then');
  engine.connect(slot);
  bench.jumpTo(30 * MS - 1);
  bench.step();
  t.equal(engine.closes.length, 0);
  bench.jumpTo(30 * MS);
  t.ok(bench.step() <= bench.clock.atNs, 'first it looks for what has come');
  t.equal(engine.closes.length, 0);
  bench.step();
  t.equal(engine.closes.length, 1);
  bench.runOut();
  t.same(bench.outcomes, { exchange_timeout: 1 });
  t.equal(bench.total.firstByteTimeouts, 1);
  t.equal(bench.latency('total').max, 30 * MS, 'with the time it took');
});

t.test('after the first byte only the timeout counts', async (t) => {
  const { bench, slot, engine } = benchOfOne({ timeoutNs: 300 * MS, firstByteTimeoutNs: 30 * MS });
  engine.connect(slot);
  engine.receive(slot, 1);
  bench.jumpTo(300 * MS - 1);
  bench.step();
  t.equal(engine.closes.length, 0);
  bench.jumpTo(300 * MS);
  bench.runOut();
  t.same(bench.outcomes, { exchange_timeout: 1 });
  t.equal(bench.total.firstByteTimeouts, 0);
});

t.test('a connection that is not established by then is a connect timeout', async (t) => {
  const { bench } = benchOfOne({ timeoutNs: 300 * MS, firstByteTimeoutNs: 30 * MS });
  bench.jumpTo(30 * MS);
  bench.runOut();
  t.same(bench.outcomes, { connect_timeout: 1 });
  t.equal(bench.total.firstByteTimeouts, 0);
});
