/** A bank survives the way through a message; what is no bank is refused. */
import fc from 'fast-check';
import t from 'tap';
import { createRecorderMemory, END_NS, START_NS, type Bank, type BankLayout } from '../../src/count/bank.ts';
import { LOAD_BANK, LoadRound, SCHEDULE_LAG, SCHEDULED, STARTED, TOTAL } from '../../src/count/load.ts';
import { PING_BANK, RTT } from '../../src/count/ping.ts';
import { Recorder, RecorderReader } from '../../src/count/recorder.ts';
import { OK, OUTCOMES } from '../../src/document/outcome.ts';
import { decodeBank, encodeBank, makeBank, makeReceivedBank } from '../../src/fleet/bank-code.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { holds } from '../support/property.ts';

const MEASURE_NS = 3e9;

/** What a recorder of the layout counts, as its main thread sees it. */
function counted(layout: BankLayout, count: (recorder: Recorder) => void, use: (bank: Bank) => void): void {
  const memory = createRecorderMemory(layout);
  const recorder = new Recorder(memory, new ManualClock(), layout);
  recorder.begin(MEASURE_NS + 1e9, false);
  count(recorder);
  recorder.handOver(MEASURE_NS + 2e9, 3, 1, false);
  new RecorderReader(memory, layout).drain(use);
}

/** The bank as the controller of a fleet must have it: the times since the end of the warm-up. */
function relative(bank: Bank): Bank {
  const counters = bank.counters.slice();
  counters[START_NS]! -= MEASURE_NS;
  counters[END_NS]! -= MEASURE_NS;
  return { ...bank, counters };
}

function listsOf(bank: Bank): readonly (Float64Array | Uint32Array)[] {
  return [bank.counters, bank.outcomes, bank.errnos, bank.responses, ...bank.stats, ...bank.counts];
}

/** By list and index, what is not 0. */
function plain(bank: Bank): unknown {
  return listsOf(bank).map((list) => {
    const filled: number[] = [];
    for (let index = 0; index < list.length; index++) if (list[index] !== 0) filled.push(index, list[index]!);
    return filled;
  });
}

function isEmpty(bank: Bank): boolean {
  for (const list of listsOf(bank)) for (let at = 0; at < list.length; at++) if (list[at] !== 0) return false;
  return true;
}

interface Event {
  readonly clock: number;
  readonly valueNs: number;
  readonly outcome: number;
  readonly errno: number;
  readonly response: number;
}

const anyEvent: fc.Arbitrary<Event> = fc.record({
  clock: fc.nat(LOAD_BANK.clocks.length - 1),
  valueNs: fc.oneof(
    fc.nat(1e9),
    fc.double({ min: 0, max: 1e14, noNaN: true }),
    fc.constant(0),
    fc.constant(Number.MAX_SAFE_INTEGER),
  ),
  outcome: fc.nat(OUTCOMES.length - 1),
  errno: fc.nat(255),
  response: fc.nat(LOAD_BANK.responses - 1),
});

t.test('every figure is the same behind the message, whatever the bank held before', (t) => {
  const into = makeReceivedBank(LOAD_BANK);
  holds(
    t,
    fc.property(fc.array(anyEvent, { maxLength: 40 }), fc.nat(2 ** 31), (events, started) => {
      let isSame = false;
      counted(
        LOAD_BANK,
        (recorder) => {
          recorder.count(STARTED, started);
          for (const { clock, valueNs, outcome, errno, response } of events) {
            recorder.record(clock, valueNs);
            recorder.outcome(outcome, errno);
            recorder.response(response);
          }
        },
        (bank) => {
          const data = encodeBank(bank, MEASURE_NS);
          const isRead = decodeBank(data, LOAD_BANK, into);
          isSame = isRead && JSON.stringify(plain(into)) === JSON.stringify(plain(relative(bank)));
        },
      );
      return isSame;
    }),
    { numRuns: 100 },
  );
  t.end();
});

t.test('a bank of pings', (t) => {
  const into = makeReceivedBank(PING_BANK);
  counted(
    PING_BANK,
    (recorder) => {
      recorder.record(RTT, 120_000.5);
      recorder.record(RTT, 80_000);
    },
    (bank) => {
      t.ok(decodeBank(encodeBank(bank, MEASURE_NS), PING_BANK, into));
      t.strictSame(plain(into), plain(relative(bank)));
    },
  );
  t.end();
});

t.test('the sum of a round is the same from banks as from their messages', (t) => {
  const direct = new LoadRound(1, 0, () => undefined);
  const told = new LoadRound(1, 0, () => undefined);
  const into = makeReceivedBank(LOAD_BANK);
  counted(
    LOAD_BANK,
    (recorder) => {
      for (let index = 0; index < 1000; index++) {
        recorder.record(TOTAL, 200_000 + index * 777.25);
        recorder.outcome(OK, 0);
      }
      recorder.count(SCHEDULED, 1000);
      recorder.count(STARTED, 1000);
    },
    (bank) => {
      direct.add(relative(bank));
      t.ok(decodeBank(encodeBank(bank, MEASURE_NS), LOAD_BANK, into));
      told.add(into);
    },
  );
  direct.finish();
  told.finish();
  t.strictSame(told.intervals, direct.intervals);
  t.strictSame(told.total.latencySummaries(), direct.total.latencySummaries());
  t.end();
});

t.test('what is no bank is refused, and leaves an empty one', (t) => {
  let good: Uint8Array = new Uint8Array(0);
  counted(
    LOAD_BANK,
    (recorder) => {
      for (let index = 0; index < 300; index++) recorder.record(index % 5, index * 1e6 + 0.5);
      recorder.outcome(OK, 0);
    },
    (bank) => {
      good = encodeBank(bank, MEASURE_NS);
    },
  );
  const into = makeReceivedBank(LOAD_BANK);
  const isRefusedOrWhole = (data: Uint8Array): boolean => decodeBank(data, LOAD_BANK, into) || isEmpty(into);
  holds(t, fc.property(fc.uint8Array({ maxLength: 400 }), isRefusedOrWhole), { numRuns: 1000 });
  const anyChange = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
  holds(
    t,
    fc.property(fc.array(anyChange, { minLength: 1, maxLength: 4 }), fc.nat(good.length), (changes, length) => {
      const data = good.slice();
      for (const [at, byte] of changes) data[at] = byte;
      return isRefusedOrWhole(data) && isRefusedOrWhole(data.subarray(0, length));
    }),
    { numRuns: 1000 },
  );
  for (let length = 0; length < good.length; length++) {
    if (decodeBank(good.subarray(0, length), LOAD_BANK, into)) t.fail(`a bank that ends after ${length} bytes`);
  }
  t.notOk(decodeBank(good, PING_BANK, makeBank(PING_BANK)), 'a bank of another layout');
  t.ok(decodeBank(good, LOAD_BANK, into));
  t.end();
});

t.test('the size of a second at 1 000/s', (t) => {
  counted(
    LOAD_BANK,
    (recorder) => {
      for (let index = 0; index < 1000; index++) {
        // The worst case: no two latencies share a bucket.
        const spread = 10 ** (index / 1000);
        for (let clock = SCHEDULE_LAG; clock <= TOTAL + 1; clock++)
          recorder.record(clock, (clock + 1) * 20_000 * spread);
        recorder.outcome(OK, 0);
      }
    },
    (bank) => {
      const { length } = encodeBank(bank, MEASURE_NS);
      t.ok(length < 11_000, `${length} bytes`);
    },
  );
  t.end();
});
