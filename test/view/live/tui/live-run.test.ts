import t from 'tap';
import type { RunEvent } from '../../../../src/run/events.ts';
import { runStarted } from '../../../support/events.ts';
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

t.test('what is shorter than half a second is no rate', (t) => {
  const run = runOf(livePlan(), [
    ...STARTED,
    second(0),
    second(1, { length_sec: 0.4, started: 1, ok: 488, in_flight: 1 }),
  ]);
  t.match(run.lastPoint, { startedPerSec: 1000, completedPerSec: 1000 });
  t.equal(run.last?.in_flight, 3);
  t.equal(run.inFlight, 1, 'what is open is known');
  t.equal(run.whole.ok, 1488, 'and all of it is counted');
  run.on(second(2, { length_sec: 0.5, started: 250, ok: 250 }));
  t.match(run.lastPoint, { startedPerSec: 500, completedPerSec: 500, released: 738 });
  t.end();
});

t.test('the figures of a round stay, with its name, until the first second of the next is over', (t) => {
  const start = (round: number, offeredRatePerSec: number): RunEvent => ({
    type: 'round-started',
    round,
    offeredRatePerSec,
  });
  const workers = [{ started: 1, missed: 0, cpu_usec: 300_000, elapsed_usec: 1_000_000 }];
  const end = (round: number): RunEvent => ({
    type: 'round-ended',
    round,
    result: roundResult({ workers }),
    latency: {},
  });
  const run = runOf(livePlan({ roundsSec: [1, 1, 1] }), [runStarted({ rounds: 3 }), start(0, 50)]);
  t.equal(run.figuresName, 'round 1');
  run.on(health());
  t.equal(run.health, null, 'a reading that comes before the second waits for it');
  run.on(second(0, { started: 50, ok: 50 }));
  t.equal(run.whole.cpuUsec, 250_000);
  run.on(end(0));
  run.on(start(1, 100));
  t.match(run, { figuresName: 'round 1', offeredPerSec: 50, lastPoint: { startedPerSec: 50 } });
  t.equal(run.threads[0]?.cpu_usec, 200_000);
  t.ok(run.lastLatency['total'] !== undefined && run.whole.latency['total'] !== undefined);
  run.on(second(0, { started: 100 }));
  t.match(run, { figuresName: 'round 2', offeredPerSec: 100, lastPoint: { startedPerSec: 100 } });
  t.equal(run.whole.started, 100);
  t.same(run.threads, []);
  run.on(end(1));
  t.equal(run.threads[0]?.cpu_usec, 300_000, 'without a reading: those of the round');
  t.end();
});

t.test('a rate that changes: what was offered in the last second', (t) => {
  const plan = livePlan({ ramp: { fromPerSec: 10, toPerSec: 500 } });
  const start: RunEvent[] = [STARTED[0]!, { type: 'round-started', round: 0, offeredRatePerSec: 255 }];
  const run = runOf(plan, start);
  t.equal(run.offeredPerSec, null, 'none yet');
  run.on(second(0, { scheduled: 51, started: 50 }));
  t.equal(run.offeredPerSec, 51);
  const rising = runOf(livePlan({ warmupSec: 2, rampUpSec: 1 }), STARTED);
  rising.on({ ...second(-2, { scheduled: 500 }), warmup: true } as RunEvent);
  t.equal(rising.offeredPerSec, 500);
  rising.on(second(0, { scheduled: 999 }));
  t.equal(rising.offeredPerSec, 1000, 'then the rate of the round');
  t.end();
});

t.test('trials, steps and rounds have their own names', (t) => {
  const names = (['search', 'saturate', 'client'] as const).map((command) => {
    const trial = command === 'client' ? {} : { trial: 2 };
    const place: RunEvent = { type: 'round-started', round: 0, ...trial, offeredRatePerSec: 9 };
    return runOf(livePlan({ command }), [runStarted({ rounds: command === 'client' ? 2 : null }), place]).figuresName;
  });
  t.same(names, ['trial 3', 'step 3', 'round 1']);
  t.end();
});
