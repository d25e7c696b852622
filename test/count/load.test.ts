import fc from 'fast-check';
import t from 'tap';
import { OK, REFUSED, RESET } from '../../src/document/outcome.ts';
import {
  BYTES_RECEIVED,
  BYTES_SENT,
  CONNECT,
  ESTABLISHED,
  HELD_LOST,
  MISSED,
  LoadRound,
  SCHEDULED,
  STARTED,
  LOAD_BANK,
} from '../../src/count/load.ts';
import { Recorder, RecorderReader } from '../../src/count/recorder.ts';
import { createRecorderMemory } from '../../src/count/bank.ts';
import type { IntervalResult } from '../../src/document/client.ts';
import { ManualClock } from '../support/manual-clock.ts';

const BASE_NS = 7e9;

interface Told {
  readonly interval: IntervalResult;
  readonly warmup: boolean;
}

/** Some workers with real recorders, and the merger that their banks go to. */
class Workers {
  readonly told: Told[] = [];
  readonly merger: LoadRound;
  readonly recorders: readonly Recorder[];
  readonly #readers: readonly RecorderReader[];

  constructor(count: number, warmup = false, measureNs = BASE_NS) {
    const memories = Array.from({ length: count }, () => createRecorderMemory(LOAD_BANK));
    this.recorders = memories.map((memory) => new Recorder(memory, new ManualClock(), LOAD_BANK));
    this.#readers = memories.map((memory) => new RecorderReader(memory, LOAD_BANK));
    this.merger = new LoadRound(count, measureNs, (interval, isWarmup) =>
      this.told.push({ interval, warmup: isWarmup }),
    );
    for (const recorder of this.recorders) recorder.begin(BASE_NS, warmup);
  }

  /** Gives what worker k has handed over to the merger. */
  collect(worker: number): void {
    this.#readers[worker]!.drain((bank) => this.merger.add(bank, worker));
  }

  /** Hands over at this time after the base, and has it merged. */
  second(worker: number, endSec: number, options: { inFlight?: number; held?: number; warmup?: boolean } = {}): void {
    const { inFlight = 0, held = 0, warmup = false } = options;
    this.recorders[worker]!.handOver(BASE_NS + endSec * 1e9, inFlight, held, warmup);
    this.collect(worker);
  }

  starts(worker: number, count: number): void {
    this.recorders[worker]!.count(SCHEDULED, count);
    this.recorders[worker]!.count(STARTED, count);
  }

  get seconds(): number[] {
    return this.told.map(({ interval }) => interval.start_sec);
  }
}

t.test('a second is told when every worker has reported past it, with the sum of all', async (t) => {
  const workers = new Workers(2);
  workers.starts(0, 10);
  workers.second(0, 1.0001, { inFlight: 3, held: 1 });
  workers.starts(0, 20);
  workers.second(0, 2.0001, { inFlight: 4 });
  t.same(workers.seconds, [], 'worker 1 has not reported');
  workers.starts(1, 5);
  workers.second(1, 1.0002, { inFlight: 2, held: 2 });
  t.same(workers.seconds, [0]);
  const [first] = workers.told;
  t.equal(first?.interval.started, 15);
  t.equal(first?.interval.in_flight, 5);
  t.equal(first?.interval.held, 3);
  t.equal(first?.interval.length_sec, 1);
  workers.second(1, 2.0001);
  t.same(workers.seconds, [0, 1]);
  workers.merger.finish();
  t.same(workers.seconds, [0, 1], 'nothing is left to tell');
});

t.test('what is left is told at the end', async (t) => {
  const workers = new Workers(2);
  workers.starts(0, 10);
  workers.second(0, 1);
  workers.starts(0, 4);
  workers.second(0, 1.25);
  t.same(workers.seconds, []);
  workers.merger.finish();
  t.same(workers.seconds, [0, 1]);
  t.same(
    workers.merger.intervals.map(({ started, length_sec }) => [started, length_sec]),
    [
      [10, 1],
      [4, 0.25],
    ],
  );
});

t.test('a sliver in which nothing happened is not a second', async (t) => {
  const workers = new Workers(1);
  workers.starts(0, 10);
  workers.second(0, 1);
  workers.second(0, 1.00002);
  workers.merger.finish();
  t.same(workers.seconds, [0]);

  const late = new Workers(1);
  late.second(0, 1);
  late.recorders[0]!.outcome(OK, 0);
  late.second(0, 1.00002);
  late.merger.finish();
  t.same(late.seconds, [0, 1], 'but one in which the last attempt ended is');
});

t.test('every figure of a bank is in the interval and in the total', async (t) => {
  const workers = new Workers(1);
  const recorder = workers.recorders[0]!;
  const counts = [SCHEDULED, STARTED, MISSED, ESTABLISHED, BYTES_SENT, BYTES_RECEIVED, HELD_LOST];
  for (const [i, counter] of counts.entries()) recorder.count(counter, i + 11);
  recorder.outcome(OK, 0);
  recorder.outcome(OK, 0);
  recorder.outcome(REFUSED, 111);
  recorder.outcome(RESET, 104);
  recorder.outcome(RESET, 32);
  recorder.record(CONNECT, 500);
  recorder.record(CONNECT, 1500);
  workers.second(0, 1, { inFlight: 6, held: 2 });
  const { total } = workers.merger;
  const { interval, warmup } = workers.told[0]!;
  t.equal(warmup, false);
  const { latency_ns, ...figures } = interval;
  t.same(figures, {
    start_sec: 0,
    length_sec: 1,
    scheduled: 11,
    started: 12,
    missed: 13,
    established: 14,
    bytes: { sent: 15, received: 16 },
    ok: 2,
    failed: 3,
    outcomes: { refused: 1, reset: 2 },
    in_flight: 6,
    held: 2,
  });
  const { count, min, mean, max } = latency_ns.connect;
  t.same({ count, min, mean, max }, { count: 2, min: 500, mean: 1000, max: 1500 });
  t.equal(latency_ns.total.count, 0);
  t.equal(total.heldLost, 17);
  t.same([total.scheduled, total.started, total.missed, total.established], [11, 12, 13, 14]);
  t.same([total.bytesSent, total.bytesReceived, total.ok, total.failed], [15, 16, 2, 3]);
  t.same(total.errnoCounts(), { ECONNREFUSED: 1, ECONNRESET: 1, EPIPE: 1 });
  t.match(total.outcomeCounts(), { ok: 2, refused: 1, reset: 2, other: 0 });
  t.same(total.latencySummaries().connect, latency_ns.connect);
});

t.test('the warm-up is told but not counted', async (t) => {
  const measureNs = BASE_NS + 1.5e9;
  const workers = new Workers(1, true, measureNs);
  workers.starts(0, 50);
  workers.recorders[0]!.inFlight(40);
  workers.second(0, 0.5, { warmup: true });
  workers.starts(0, 100);
  workers.second(0, 1.5);
  workers.starts(0, 7);
  workers.recorders[0]!.inFlight(3);
  workers.second(0, 2.5);
  workers.merger.finish();
  t.same(
    workers.told.map(({ interval, warmup }) => [interval.start_sec, interval.length_sec, interval.started, warmup]),
    [
      [-2, 0.5, 50, true],
      [-1, 1, 100, true],
      [0, 1, 7, false],
    ],
  );
  t.same(
    workers.merger.intervals.map(({ started }) => started),
    [7],
  );
  t.equal(workers.merger.total.started, 7);
  t.equal(workers.merger.inFlightPeak, 3);
});

t.test('in_flight_max is the highest second, its workers added', async (t) => {
  const workers = new Workers(2);
  workers.recorders[0]!.inFlight(10);
  workers.recorders[1]!.inFlight(1);
  workers.second(0, 1);
  workers.recorders[0]!.inFlight(6);
  workers.second(0, 2);
  workers.second(1, 1);
  workers.recorders[1]!.inFlight(7);
  workers.second(1, 2);
  t.equal(workers.merger.inFlightPeak, 13);
});

t.test('in_flight_max is not below what was open at once', async (t) => {
  // Worker 0 opened ten in second 0 and keeps them; worker 1 opens ten in second 1. Twenty were open.
  const workers = new Workers(2);
  workers.starts(0, 10);
  workers.recorders[0]!.inFlight(10);
  workers.second(0, 1, { inFlight: 10, held: 10 });
  workers.second(1, 1);
  workers.second(0, 2, { inFlight: 10, held: 10 });
  workers.starts(1, 10);
  workers.recorders[1]!.inFlight(10);
  workers.second(1, 2, { inFlight: 10, held: 10 });
  t.equal(workers.told[1]?.interval.in_flight, 20);
  t.equal(workers.merger.inFlightPeak, 20);
});

t.test('a worker that ends while another one is late into the same second', async (t) => {
  const workers = new Workers(2);
  workers.second(0, 10.0004);
  workers.second(1, 10.0001);
  workers.recorders[1]!.outcome(OK, 0);
  workers.second(1, 10.0003);
  // Worker 0 came to its hand-over later than worker 1 ended; what it has left belongs to the same second.
  workers.recorders[0]!.outcome(OK, 0);
  workers.second(0, 10.002);
  workers.merger.finish();
  t.same(workers.seconds, [0, 10], 'second 10 is told once');
  t.equal(workers.merger.intervals.at(-1)?.ok, 2);
});

/** A round of some workers: for each its hand-overs, late by a random time, and the order in which all of it happens. */
const rounds = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  seconds: fc.integer({ min: 1, max: 6 }),
  warmupSeconds: fc.integer({ min: 0, max: 2 }),
  /** How late each hand-over is, in 1/1000 of the lateness below. */
  late: fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }),
  latenessNs: fc.constantFrom(0, 2e5, 3e8, 2.5e9),
  /** Which worker acts next, and whether it goes on or its banks are fetched. */
  order: fc.array(fc.record({ worker: fc.nat(3), fetch: fc.boolean() }), {
    minLength: 20,
    maxLength: 150,
    size: 'max',
  }),
});

type Round = typeof rounds extends fc.Arbitrary<infer T> ? T : never;

/** Plays the round and returns what was told; `counted` is what the workers had counted in the measured phase. */
function play(round: Round): { workers: Workers; counted: number; counting: number } {
  const measureNs = BASE_NS + round.warmupSeconds * 1e9;
  const workers = new Workers(round.workers, round.warmupSeconds > 0, measureNs);
  const nowNs = new Array<number>(round.workers).fill(BASE_NS);
  const steps = new Array<number>(round.workers).fill(0);
  const endNs = measureNs + round.seconds * 1e9;
  let counted = 0;
  let counting = 1;
  const goOn = (worker: number): boolean => {
    const hereNs = nowNs[worker]!;
    if (hereNs === Infinity) return false;
    const recorder = workers.recorders[worker]!;
    const isWarmup = hereNs < measureNs;
    const amount = counting++;
    workers.starts(worker, amount);
    recorder.record(CONNECT, amount);
    if (!isWarmup) counted += amount;
    const lateNs = (round.late[(worker * 10 + steps[worker]!++) % 40]! * round.latenessNs) / 1000;
    const secondNs = BASE_NS + (Math.floor((hereNs - BASE_NS) / 1e9) + 1) * 1e9;
    const isLast = hereNs >= endNs;
    const nextNs = isLast ? hereNs + 1 + lateNs : secondNs + lateNs;
    const phaseEnds = isWarmup && nextNs >= measureNs;
    // The worker may wait for its banks between phases; here the reader comes at once.
    if (isLast || phaseEnds) workers.collect(worker);
    if (isLast || phaseEnds) recorder.handOverAndWait(nextNs, 0, 0, nextNs < measureNs);
    else recorder.handOver(nextNs, 0, 0, nextNs < measureNs);
    nowNs[worker] = isLast ? Infinity : nextNs;
    return true;
  };
  for (const { worker, fetch } of round.order) {
    if (worker >= round.workers) continue;
    if (fetch) workers.collect(worker);
    else goOn(worker);
  }
  for (let worker = 0; worker < round.workers; worker++) {
    do workers.collect(worker);
    while (goOn(worker));
    workers.collect(worker);
  }
  workers.merger.finish();
  return { workers, counted, counting };
}

t.test('totals hold whatever the order, and the intervals add up to them', async (t) => {
  fc.assert(
    fc.property(rounds, (round) => {
      const { workers, counted, counting } = play(round);
      const { total, intervals } = workers.merger;
      const sum = (pick: (interval: IntervalResult) => number): number =>
        intervals.reduce((n, each) => n + pick(each), 0);
      const warmup = workers.told.filter((told) => told.warmup).reduce((n, { interval }) => n + interval.started, 0);
      return (
        total.started === counted &&
        total.scheduled === counted &&
        sum(({ started }) => started) === counted &&
        sum(({ scheduled }) => scheduled) === counted &&
        sum(({ latency_ns }) => latency_ns.connect.count) === total.latencySummaries().connect.count &&
        // Nothing of the warm-up is lost from the live view either.
        warmup + counted === (counting * (counting - 1)) / 2
      );
    }),
  );
  t.pass('held in every run');
});

t.test('each second is told once, in order', async (t) => {
  fc.assert(
    fc.property(rounds, (round) => {
      const { seconds } = play(round).workers;
      return seconds.every((second, i) => i === 0 || second > seconds[i - 1]!);
    }),
  );
  t.pass('held in every run');
});
