import t from 'tap';
import type { RunEvent } from '../../../../src/run/events.ts';
import { roundResult } from '../../../support/results.ts';
import { criterion, health, livePlan, runOf, second, STARTED } from '../../../support/live.ts';

t.test('seconds add up to the round, and the last 60 of them are kept', (t) => {
  const seconds = Array.from({ length: 70 }, (_, at) => second(at, { ok: 990, failed: 10, outcomes: { refused: 10 } }));
  const run = runOf(livePlan(), [...STARTED, ...seconds]);
  t.equal(run.history.length, 60);
  t.match(run.history.at(-1), { startedPerSec: 1000, completedPerSec: 990, failedPerSec: 10 });
  t.match(run.whole, { seconds: 70, started: 70_000, ok: 69_300, failed: 700, outcomes: { refused: 700 } });
  t.equal(run.whole.latency['total']?.count, 70_000, 'percentiles of all seconds together');
  t.equal(run.lastLatency['total']?.count, 1000);
  t.end();
});

t.test('a warm-up counts for itself; the rest of a second is no second', (t) => {
  const warmup: RunEvent = { ...second(-1, { missed: 5 }), warmup: true } as RunEvent;
  const run = runOf(livePlan({ warmupSec: 1 }), [...STARTED, warmup]);
  t.ok(run.isWarmup);
  t.equal(run.whole.missed, 5);
  run.on(second(0));
  t.notOk(run.isWarmup);
  t.match(run.whole, { missed: 0, seconds: 1 });
  run.on(second(1, { length_sec: 0.001, started: 1 }));
  t.equal(run.whole.started, 1001, 'counted');
  t.equal(run.history.length, 2, 'and not drawn');
  t.end();
});

t.test('thresholds by what is known so far', (t) => {
  const thresholds = ['p99(total)>20ms', 'p99(total)>500us', 'loss>0.1%', 'p99(probe)>1ms', 'cpu>100us'].map(criterion);
  const run = runOf(livePlan({ thresholds }), STARTED);
  t.same(
    run.thresholds.map(({ status }) => status),
    ['none', 'none', 'none', 'none', 'none'],
  );
  run.on(second(0, { in_flight: 200, ok: 800 }));
  run.on(health());
  t.same(
    run.thresholds.map(({ status }) => status),
    ['ok', 'fails', 'ok', 'none', 'fails'],
    'what is still open is no loss; what is not measured is neither',
  );
  t.equal(run.thresholds[4]?.value, 250_000);
  t.end();
});

t.test('free source ports: those of the last minute rest', (t) => {
  const run = runOf(livePlan(), [...STARTED, ...Array.from({ length: 10 }, (_, at) => second(at, { in_flight: 7 }))]);
  t.equal(run.freePorts, 28_000 - 10_000 - 7);
  const quick = runOf(livePlan({ ports: { total: 28_000, restSec: 1 } }), [...STARTED, second(0), second(1)]);
  t.equal(quick.freePorts, 28_000 - 1000 - 3);
  const without = runOf(livePlan({ ports: { total: 28_000, restSec: 0 } }), [...STARTED, second(0)]);
  t.equal(without.freePorts, 28_000 - 3);
  t.equal(runOf(livePlan({ ports: null }), [...STARTED, second(0)]).freePorts, null);
  t.end();
});

t.test('the kernel and the collector', (t) => {
  const run = runOf(livePlan(), [
    ...STARTED,
    second(0),
    health({ added: { retransmits: 3 } }),
    health({ added: { retransmits: 2 } }),
  ]);
  t.match(run.whole.kernel, { retransmits: 5 });
  t.equal(run.collector, null);
  const workers = [
    { started: 1, missed: 0, gc_pauses: 2, gc_longest_usec: 900 },
    { started: 1, missed: 0, gc_pauses: 1, gc_longest_usec: 1400 },
  ];
  run.on({ type: 'round-ended', round: 0, result: roundResult({ workers }), latency: {} });
  t.same(run.collector, { pauses: 3, longestUsec: 1400 });
  t.equal(run.place, null);
  t.end();
});

t.test('the time left goes on between estimates', (t) => {
  let nowSec = 100;
  const run = runOf(livePlan(), [{ type: 'estimate', totalSec: 60, leftSec: 50, isUpperBound: false }], () => nowSec);
  nowSec = 110;
  t.equal(run.leftSec, 40);
  nowSec = 1000;
  t.equal(run.leftSec, 0);
  t.end();
});
