import { once } from 'node:events';
import fc from 'fast-check';
import t from 'tap';
import { bucketOf, STAT_COUNT, STAT_MAX, STAT_MIN, STAT_SUM } from '../../src/count/histogram.ts';
import { OK, OTHER, OUTCOMES, REFUSED } from '../../src/document/outcome.ts';
import {
  BYTES_RECEIVED,
  CONNECT,
  CORRECTED_TOTAL,
  SCHEDULE_LAG,
  SCHEDULED,
  STARTED,
  TOTAL,
  LOAD_BANK,
} from '../../src/count/load.ts';
import {
  createRecorderMemory,
  END_NS,
  HELD,
  IN_FLIGHT,
  IN_FLIGHT_PEAK,
  START_NS,
  WARMUP,
} from '../../src/count/bank.ts';
import { Recorder, RecorderReader } from '../../src/count/recorder.ts';
import type { Bank } from '../../src/count/bank.ts';
import { CLOCKS } from '../../src/document/client.ts';
import { startThread } from '../../src/runtime/thread.ts';
import { moduleUrl } from '../support/modules.ts';
import type { ReaderInit, ReaderReport } from './recorder-reader.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** How many intervals a worker can be ahead: one bank stays with it. */
const AHEAD = 3;

interface Pair {
  readonly memory: SharedArrayBuffer;
  readonly recorder: Recorder;
  readonly reader: RecorderReader;
}

function newPair(): Pair {
  const memory = createRecorderMemory(LOAD_BANK);
  return {
    memory,
    recorder: new Recorder(memory, new ManualClock(), LOAD_BANK),
    reader: new RecorderReader(memory, LOAD_BANK),
  };
}

/** A bank's figures by value: the bank itself is cleared after `use`. */
function copyOf(bank: Bank): Bank {
  return {
    counters: bank.counters.slice(),
    outcomes: bank.outcomes.slice(),
    errnos: bank.errnos.slice(),
    responses: bank.responses.slice(),
    stats: bank.stats.map((row) => row.slice()),
    counts: bank.counts.map((row) => row.slice()),
  };
}

function drained(reader: RecorderReader): Bank[] {
  const banks: Bank[] = [];
  reader.drain((bank) => banks.push(copyOf(bank)));
  return banks;
}

t.test('an interval arrives as it was counted', async (t) => {
  const { recorder, reader } = newPair();
  recorder.begin(1000, true);
  recorder.count(SCHEDULED, 3);
  recorder.count(STARTED, 2);
  recorder.count(STARTED, 1);
  recorder.count(BYTES_RECEIVED, 4096);
  recorder.outcome(OK, 0);
  recorder.outcome(REFUSED, 111);
  recorder.outcome(OTHER, 255);
  recorder.inFlight(7);
  recorder.inFlight(2);
  recorder.record(CONNECT, 300);
  recorder.record(CONNECT, 100_000);
  recorder.record(CORRECTED_TOTAL, 5e9);
  t.same(drained(reader), [], 'nothing before it is handed over');
  recorder.handOver(2000, 5, 1, false);

  const [bank, ...rest] = drained(reader);
  t.equal(rest.length, 0);
  if (bank === undefined) return t.fail('no bank');
  const { counters, outcomes, errnos, stats, counts } = bank;
  t.same([counters[START_NS], counters[END_NS], counters[WARMUP]], [1000, 2000, 1]);
  t.same([counters[SCHEDULED], counters[STARTED], counters[BYTES_RECEIVED]], [3, 3, 4096]);
  t.same([counters[IN_FLIGHT], counters[HELD], counters[IN_FLIGHT_PEAK]], [5, 1, 7]);
  t.same([outcomes[OK], outcomes[REFUSED], outcomes[OTHER]], [1, 1, 1]);
  t.same([errnos[111], errnos[255], errnos[0]], [1, 1, 0], 'errno 0 is none');
  const connect = stats[CONNECT]!;
  t.same([connect[STAT_COUNT], connect[STAT_MIN], connect[STAT_MAX], connect[STAT_SUM]], [2, 300, 100_000, 100_300]);
  t.same(
    [counts[CONNECT]![300], counts[CONNECT]![bucketOf(100_000)], counts[CORRECTED_TOTAL]![bucketOf(5e9)]],
    [1, 1, 1],
  );
  t.equal(stats[TOTAL]![STAT_COUNT], 0, 'no other clock ran');
});

t.test('a time that comes out below zero counts as zero', async (t) => {
  const { recorder, reader } = newPair();
  recorder.begin(0, false);
  recorder.record(SCHEDULE_LAG, -60);
  recorder.record(SCHEDULE_LAG, 0);
  recorder.record(SCHEDULE_LAG, 10);
  recorder.handOverAndWait(1, 0, 0, false);
  const stats = drained(reader)[0]!.stats[SCHEDULE_LAG]!;
  t.same([stats[STAT_COUNT], stats[STAT_MIN], stats[STAT_MAX], stats[STAT_SUM]], [3, 0, 10, 10]);
});

t.test('the next interval begins where the last one ended', async (t) => {
  const { recorder, reader } = newPair();
  recorder.begin(0, true);
  recorder.handOverAndWait(1e9, 1, 0, false);
  recorder.handOverAndWait(2e9, 2, 0, false);
  const spans = drained(reader).map(({ counters }) => [counters[START_NS], counters[END_NS], counters[WARMUP]]);
  t.same(spans, [
    [0, 1e9, 1],
    [1e9, 2e9, 0],
  ]);
});

t.test('with a reader that does not come, the interval goes on and nothing is lost', async (t) => {
  const { recorder, reader } = newPair();
  recorder.begin(0, false);
  for (let second = 1; second <= 10; second++) {
    recorder.count(STARTED, second);
    recorder.record(TOTAL, second);
    recorder.handOver(second * 1e9, 0, 0, false);
  }
  const early = drained(reader);
  t.same(
    early.map(({ counters }) => [counters[START_NS], counters[END_NS], counters[STARTED]]),
    [
      [0, 1e9, 1],
      [1e9, 2e9, 2],
      [2e9, 3e9, 3],
    ],
    `${AHEAD} seconds ahead`,
  );
  recorder.handOver(11e9, 0, 0, false);
  const [late, ...rest] = drained(reader);
  t.equal(rest.length, 0);
  t.same([late?.counters[START_NS], late?.counters[END_NS]], [3e9, 11e9], 'one long interval');
  t.equal(late?.counters[STARTED], 4 + 5 + 6 + 7 + 8 + 9 + 10);
  t.equal(late?.stats[TOTAL]![STAT_COUNT], 7);
});

t.test('nothing is lost or doubled over thousands of random hand-overs', async (t) => {
  const { recorder, reader } = newPair();
  const kept = { started: 0, refused: 0, latencies: 0, latencyNs: 0, banks: 0, buckets: 0, reachedNs: 0, gaps: 0 };
  const given = { started: 0, refused: 0, latencies: 0, latencyNs: 0 };
  const take = (bank: Bank): void => {
    kept.banks++;
    kept.started += bank.counters[STARTED]!;
    kept.refused += bank.outcomes[REFUSED]!;
    kept.latencies += bank.stats[CONNECT]![STAT_COUNT]!;
    kept.latencyNs += bank.stats[CONNECT]![STAT_SUM]!;
    if (bank.counters[START_NS] !== kept.reachedNs) kept.gaps++;
    kept.reachedNs = bank.counters[END_NS]!;
    for (let bucket = 0; bucket < 2048; bucket++) kept.buckets += bank.counts[CONNECT]![bucket]!;
  };
  recorder.begin(0, false);
  let nowNs = 0;
  const step = fc.record({ events: fc.nat(20), valueNs: fc.nat(2047), drains: fc.boolean(), slow: fc.boolean() });
  for (const { events, valueNs, drains, slow } of fc.sample(step, { numRuns: 5000, seed: 20_260_101 })) {
    for (let i = 0; i < events; i++) {
      recorder.count(STARTED, 1);
      recorder.outcome(REFUSED, 111);
      recorder.record(CONNECT, valueNs);
    }
    given.started += events;
    given.refused += events;
    given.latencies += events;
    given.latencyNs += events * valueNs;
    recorder.handOver((nowNs += 1e9), 0, 0, false);
    if (drains && !slow) reader.drain(take);
  }
  reader.drain(take);
  recorder.handOverAndWait(nowNs + 1, 0, 0, false);
  reader.drain(take);
  const { started, refused, latencies, latencyNs, buckets, gaps, banks, reachedNs } = kept;
  t.same({ started, refused, latencies, latencyNs }, given);
  t.equal(buckets, given.latencies);
  t.equal(gaps, 0, 'every interval begins where the one before had ended');
  t.equal(reachedNs, nowNs + 1);
  t.ok(banks > 1000 && banks < 5000, `${banks} banks: the reader was sometimes slow`);
});

t.test('a drained bank is clear, down to the last bucket', async (t) => {
  const { memory, recorder, reader } = newPair();
  recorder.begin(1, true);
  for (let second = 1; second <= 25; second++) {
    for (let clock = 0; clock < CLOCKS.length; clock++) {
      for (const value of [0, second, 2047, 2 ** 30 + second, 2 ** 31 - 1, 2 ** 32 + second, 3.6e12, 1e15]) {
        recorder.record(clock, value);
      }
    }
    for (let counter = SCHEDULED; counter <= BYTES_RECEIVED; counter++) recorder.count(counter, second);
    for (let outcome = 0; outcome < OUTCOMES.length; outcome++) recorder.outcome(outcome, outcome + 90);
    recorder.inFlight(second);
    recorder.handOver(second * 1e9, second === 25 ? 0 : 1, 0, true);
    if (second % 2 === 0) reader.drain(() => undefined);
  }
  reader.drain(() => undefined);
  // What is left is the interval that has begun: its start and the mark of the warm-up.
  const left = new Uint32Array(memory).reduce((count, word) => count + (word === 0 ? 0 : 1), 0);
  const expected = new Uint32Array(new Float64Array([25e9, 1]).buffer).filter((word) => word !== 0).length;
  t.equal(left, expected);
});

t.test('clearing covers only what was recorded, and that is enough for a bank of one value', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 4e12, noNaN: true }), { minLength: 1, maxLength: 20, size: 'max' }),
      (values) => {
        const { recorder, reader } = newPair();
        recorder.begin(0, false);
        for (const value of values) recorder.record(TOTAL, value);
        recorder.handOver(1, 0, 0, false);
        let cleared: Bank | undefined;
        reader.drain((bank) => (cleared = bank));
        return (
          cleared !== undefined &&
          cleared.counts[TOTAL]!.every((n) => n === 0) &&
          cleared.stats[TOTAL]!.every((n) => n === 0)
        );
      },
    ),
    { numRuns: 30 },
  );
  t.pass('held in every run');
});

t.test('a writer that must hand over waits for the reader on another thread', async (t) => {
  const { memory, recorder } = newPair();
  const done = new SharedArrayBuffer(4);
  const workerData: ReaderInit = { memory, done };
  const thread = startThread(moduleUrl('test/count/recorder-reader.ts'), { workerData });
  await once(thread, 'message');
  const handOvers = 3000;
  let latencySumNs = 0;
  recorder.begin(0, false);
  for (let n = 1; n <= handOvers; n++) {
    recorder.count(SCHEDULED, n);
    recorder.outcome(OK, 0);
    recorder.record(SCHEDULE_LAG, n % 2048);
    latencySumNs += n % 2048;
    recorder.handOverAndWait(n, 0, 0, false);
  }
  Atomics.store(new Int32Array(done), 0, 1);
  const [report] = (await once(thread, 'message')) as [ReaderReport];
  t.same(report, {
    banks: handOvers,
    scheduled: (handOvers * (handOvers + 1)) / 2,
    ok: handOvers,
    latencyCount: handOvers,
    latencySumNs,
    bucketCount: handOvers,
    gaps: 0,
  } satisfies ReaderReport);
});

t.test('what is recorded since a time is how long ago that was at the last reading', async (t) => {
  const memory = createRecorderMemory(LOAD_BANK);
  const clock = new ManualClock();
  const recorder = new Recorder(memory, clock, LOAD_BANK);
  const reader = new RecorderReader(memory, LOAD_BANK);
  recorder.begin(0, false);
  const timesNs = Float64Array.of(1e9, 1.5e9);
  clock.advanceTo(1.75e9);
  clock.tick();
  recorder.recordSince(CONNECT, timesNs, 0);
  recorder.recordSince(CONNECT, timesNs, 1);
  recorder.handOverAndWait(2e9, 0, 0, false);
  const [bank] = drained(reader);
  t.same([...bank!.stats[CONNECT]!], [2, 0.25e9, 0.75e9, 1e9]);
});

t.test('without a reader nothing waits for a bank', (t) => {
  const recorder = new Recorder(createRecorderMemory(LOAD_BANK), { nowNs: 0 }, LOAD_BANK, false);
  recorder.begin(0, false);
  for (let second = 1; second <= 10; second++) recorder.handOverAndWait(second * 1e9, 0, 0, false);
  t.pass('ten intervals, and four banks');
  t.end();
});
