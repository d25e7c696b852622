/** Rounds in stages: all are opened, then there is an exchange on each, then all are closed. */
import t from 'tap';
import { ECONNRESET } from '../../src/kernel/errno.ts';
import { leaseStarts } from '../../src/runtime/round-control.ts';
import { ESTABLISHED } from '../support/fake-engine.ts';
import { BASE_NS, MS, RoundBench, SEC, type BenchOptions } from './round-bench.ts';

/** Ten connections in 10 ms; an exchange every 2 ms. */
function tenInStages(changes: BenchOptions = {}): RoundBench {
  return new RoundBench({
    durationNs: 10 * MS,
    exchangePerSec: 500,
    finish: { kind: 'echo' },
    payloadBytes: 8,
    close: 'rst',
    ...changes,
  });
}

/** Takes every connection at once. */
function connectAll({ engine }: RoundBench): void {
  engine.onOpen = (slot) => engine.connect(slot);
}

const times = (entries: readonly { readonly atNs: number }[]): number[] =>
  entries.map(({ atNs }) => (atNs - BASE_NS) / MS);

t.test('no exchange before all are open, no close before all exchanges are done', async (t) => {
  const bench = tenInStages();
  const { engine } = bench;
  engine.onOpen = (slot) => {
    if (slot !== bench.engine.opens[9]?.slot) engine.connect(slot);
  };
  bench.runTo(30 * MS);
  t.equal(engine.opens.length, 10);
  t.equal(engine.sendings.length, 0, 'one is still connecting');
  t.equal(bench.attempts.open, 10);
  engine.connect(engine.opens[9]!.slot);
  engine.onSending = (slot) => {
    if (engine.sendings.length < 10) engine.receive(slot, 8);
  };
  bench.runTo(60 * MS);
  t.same(times(engine.sendings), [30, 32, 34, 36, 38, 40, 42, 44, 46, 48]);
  t.equal(engine.closes.length, 0, 'the last has had no answer');
  engine.receive(engine.sendings[9]!.slot, 8);
  bench.runOut();
  t.same(times(engine.closes), [60, 62, 64, 66, 68, 70, 72, 74, 76, 78]);
  t.same(bench.outcomes, { ok: 10 });
  t.equal(bench.merger.inFlightPeak, 10);
  t.same(bench.latencyCounts, { schedule_lag: 10, connect: 10, first_byte: 10, total: 10, corrected_total: 10 });
  t.equal(bench.latency('total').max, 12 * MS, 'the clocks of an exchange begin with it');
  t.equal(bench.total.heldLost, 0);
});

t.test('what fails before its exchange has failed, and the others go on', async (t) => {
  const bench = tenInStages({ timeoutNs: 40 * MS });
  const { engine } = bench;
  engine.onOpen = (slot) => {
    if (engine.opens.length > 1) engine.connect(slot);
  };
  engine.onSending = (slot) => engine.receive(slot, 8);
  bench.runTo(15 * MS);
  const [waiting, other] = engine.slots(ESTABLISHED) as [number, number];
  engine.end(waiting);
  engine.fail(other, ECONNRESET);
  bench.runOut();
  t.same(bench.outcomes, { ok: 7, connect_timeout: 1, short_response: 1, reset: 1 });
  t.equal(engine.sendings.length, 7);
  t.equal(times(engine.sendings)[0], 40, 'when the one without an answer had timed out');
});

t.test('the timeout of an exchange is its own', async (t) => {
  const bench = tenInStages({ timeoutNs: 20 * MS, durationNs: MS });
  connectAll(bench);
  bench.runOut();
  t.same(bench.outcomes, { exchange_timeout: 1 });
  t.equal(bench.latency('total').max, 20 * MS);
});

t.test('one that is lost while the others have their exchange is counted', async (t) => {
  const bench = tenInStages();
  connectAll(bench);
  bench.engine.onSending = (slot) => bench.engine.receive(slot, 8);
  bench.runTo(15 * MS);
  bench.engine.fail(bench.engine.sendings[0]!.slot, ECONNRESET);
  bench.runOut();
  t.same(bench.outcomes, { ok: 10 });
  t.equal(bench.total.heldLost, 1);
});

t.test('tear-down: a half-close on each at the rate of exchanges, and each is closed at its own end', async (t) => {
  const bench = tenInStages({ finish: { kind: 'half-close' }, payloadBytes: 0, close: 'fin' });
  connectAll(bench);
  bench.engine.onSending = (slot) => bench.engine.end(slot);
  bench.runOut();
  t.same(bench.outcomes, { ok: 10 });
  t.same(times(bench.engine.closes), times(bench.engine.sendings));
});

t.test('held together after the exchanges', async (t) => {
  const bench = tenInStages({ holdNs: 100 * MS, durationNs: MS });
  connectAll(bench);
  bench.engine.onSending = (slot) => bench.engine.receive(slot, 8);
  bench.runOut();
  t.ok(times(bench.engine.closes)[0]! >= 100);
});

t.test('exchanges that begin late are counted', async (t) => {
  const bench = tenInStages();
  connectAll(bench);
  bench.engine.onSending = (slot) => bench.engine.receive(slot, 8);
  bench.runTo(11 * MS);
  bench.jumpTo(25 * MS);
  bench.runOut();
  t.ok(bench.total.exchangesLate > 0 && bench.total.exchangesLate < 10, `${bench.total.exchangesLate}`);
  t.ok(bench.latency('corrected_total').max > bench.latency('total').max);
});

t.test('a stop ends what waits, what is connecting and what is held', async (t) => {
  const bench = tenInStages({ durationNs: SEC, timeoutNs: 9 * SEC });
  const { engine } = bench;
  engine.onOpen = (slot) => {
    if (engine.opens.length % 2 === 0) engine.connect(slot);
  };
  bench.runTo(5.5 * MS);
  bench.stop();
  bench.step();
  t.equal(engine.slots(ESTABLISHED).length, 0);
  engine.connect(engine.opens[0]!.slot);
  bench.runOut();
  t.same(bench.outcomes, { aborted: 6 });
});

t.test('no exchange begins after a lease', async (t) => {
  const bench = tenInStages();
  connectAll(bench);
  const { engine } = bench;
  engine.onSending = (slot) => engine.receive(slot, 8);
  leaseStarts(bench.control, BASE_NS + 15 * MS);
  bench.runTo(500 * MS);
  t.ok(engine.sendings.length > 0 && engine.sendings.every(({ atNs }) => atNs < BASE_NS + 15 * MS));
  leaseStarts(bench.control, BASE_NS + SEC);
  bench.runOut();
  t.same(bench.outcomes, { ok: 10 });
});
