import t from 'tap';
import type { RunEvent } from '../../../../src/run/events.ts';
import { LAB_DESCRIPTIONS } from '../../../../src/document/labs.ts';
import { ASCII_GLYPHS, BLOCKS } from '../../../../src/view/live/tui/bars.ts';
import { frameLines, type FrameSetup } from '../../../../src/view/live/tui/frame.ts';
import type { LiveRun } from '../../../../src/view/live/tui/live-run.ts';
import { lineWidth, textOf } from '../../../../src/view/live/tui/spans.ts';
import { pingSecond, runStarted } from '../../../support/events.ts';
import { histogramOf } from '../../../support/histograms.ts';
import { criterion, health, livePlan, runOf, second, STARTED, trial } from '../../../support/live.ts';
import { clientResult, latency, roundResult } from '../../../support/results.ts';

function frame(run: LiveRun, changes: Partial<FrameSetup> = {}): string[] {
  const setup = { glyphs: BLOCKS, isLog: false, isPaused: false, isHelp: false, hasKeys: true };
  const { columns = 79, rows = 23 } = changes;
  const lines = frameLines({ run, ...setup, ...changes, columns, rows });
  t.ok(lines.length <= rows, `${lines.length} lines on ${rows} rows`);
  for (const line of lines) t.ok(lineWidth(line) <= columns, `${lineWidth(line)} cells of ${columns}: ${textOf(line)}`);
  return lines.map(textOf);
}

const CLIENT: readonly RunEvent[] = [
  ...STARTED,
  { type: 'estimate', totalSec: 60, leftSec: 45, isUpperBound: false },
  second(0),
  second(1, { ok: 970, failed: 30, outcomes: { refused: 20, connect_timeout: 10 }, missed: 4 }),
  health({ added: { retransmits: 6, listen_drops: 2 } }),
];

const LOUD = 'evil\u001b[2J\u202e.example:80';

/** A run of each command, with names that a terminal must not obey. */
function runs(): Record<string, LiveRun> {
  const description = LAB_DESCRIPTIONS[0]!;
  const cell = { cell: LOUD, axes: {}, started_at: '', took_sec: 1 };
  const step = {
    rate_per_sec: 300,
    p90_ns: 1e6,
    failures: 0,
    goal: { value: 0, unit: 'percent' as const, met: true },
    verdict: { status: 'valid' as const, reasons: [] },
    repeat: false,
    result: roundResult(),
  };
  const counts = {
    ...{ start_sec: 0, length_sec: 1, in_flight: 1, rtt_ns: latency(1), corrected_rtt_ns: latency(1) },
    ...{ schedule_lag_ns: latency(1), scheduled: 500, sent: 500, received: 499, lost: 1, missed: 0, aborted: 0 },
    ...{ out_of_order: 0, late: 0, duplicates: 0 },
  };
  const pings = { rtt: histogramOf([[50_000, 499]]), schedule_lag: histogramOf([[9000, 500]]) };
  return {
    client: runOf(livePlan({ thresholds: ['p99(total)>500us', 'failures>5%'].map(criterion) }), [
      runStarted({ target: LOUD }),
      ...CLIENT.slice(1),
    ]),
    search: runOf(livePlan({ command: 'search', roundsSec: [], target: LOUD }), [
      ...CLIENT,
      { type: 'trial-ended', trial: 0, result: trial(1000, true), reason: null },
      { type: 'trial-ended', trial: 1, result: trial(4000, false), reason: null },
      { type: 'trial-ended', trial: 2, result: trial(2000, null), reason: LOUD },
    ]),
    saturate: runOf(livePlan({ command: 'saturate', roundsSec: [] }), [
      ...CLIENT,
      { type: 'step-ended', trial: 0, result: step, note: '' },
      { type: 'step-ended', trial: 1, result: { ...step, p90_ns: null, repeat: true }, note: LOUD },
    ]),
    rtt: runOf(livePlan({ command: 'rtt', ports: null }), [...STARTED, pingSecond(counts, { latency: pings })]),
    lab: runOf(livePlan({ command: 'lab', ports: null, lab: { description, total: 9, before: 2 } }), [
      runStarted({ command: 'lab', engine: null, target: 'a lab' }),
      { type: 'cell-ended', index: 0, result: { ...cell, status: 'failed', error: LOUD } },
      { type: 'cell-started', index: 1, cell: LOUD },
    ]),
    nothing: runOf(livePlan(), []),
  };
}

t.test('every command fits any terminal, and no name gets through', (t) => {
  for (const [name, run] of Object.entries(runs())) {
    for (const [columns, rows] of [
      [79, 23],
      [199, 59],
      [39, 9],
      [300, 100],
      [20, 3],
      [1, 1],
    ] as const) {
      for (const changes of [{}, { isHelp: true }, { hasKeys: false }, { isPaused: true, glyphs: ASCII_GLYPHS }]) {
        const text = frame(run, { columns, rows, ...changes }).join('\n');
        t.notMatch(text, /[\u001b\u202e\r]/, `${name} ${columns} × ${rows}`);
      }
    }
  }
  t.end();
});

t.test('client: all panels on 80 × 24', (t) => {
  const lines = frame(runs()['client']!);
  const text = lines.join('\n');
  t.match(lines[1], /about 45 s left/);
  t.match(text, /offered 1,000\/s, open 3/);
  t.match(text, /failed +30\/s.*▁|█/);
  t.match(text, /total +1\.00 ms/);
  t.match(text, /target +20 refused \(1 %\)/);
  t.match(text, /network +10 connect_timeout/);
  t.match(text, /this machine +4 missed \(0\.2 %\)/);
  t.match(text, /schedule lag +p50 20\.0 µs, p99 20\.0 µs/);
  t.match(text, /load threads +20 % of a core, wait 0\.1 %/);
  t.match(text, /! starts were skipped/);
  t.match(text, /FAILS p99\(total\)>500us +1\.00 ms/);
  t.match(text, /ok +failures>5% +1\.5 %/);
  t.match(text, /source ports +about 26,027 of 28,000 free/);
  t.match(text, /TIME_WAIT +1,200/);
  t.match(text, /retransmits +6 \(\+6\)/);
  t.match(text, /accept queue +2 dropped/);
  t.match(text, /q end early/);
  t.notMatch(frame(runs()['client']!, { hasKeys: false }).join('\n'), /q end early/);
  t.end();
});

t.test('what is wrong with this machine is said in words', (t) => {
  const late = { schedule_lag: histogramOf([[80e6, 100]]) };
  const run = runOf(livePlan(), [
    ...STARTED,
    { ...second(0), latency: late } as RunEvent,
    health({ threads: [{ cpu_usec: 100_000, run_queue_wait_usec: 600_000, elapsed_usec: 1_000_000 }] }),
  ]);
  t.match(frame(run).join('\n'), /! this machine is late: p99 above 10\.0 ms; load threads wait for a core/);
  const busy = { cpu_usec: 950_000, run_queue_wait_usec: 0, elapsed_usec: 1_000_000 };
  t.match(
    frame(runOf(livePlan(), [...STARTED, second(0), health({ threads: [busy] })])).join('\n'),
    /! a load thread has no time left/,
  );
  t.notMatch(frame(runOf(livePlan(), [...STARTED, second(0), health()])).join('\n'), / ! /);
  t.end();
});

t.test('the last frame says how the run ended, and what the last round is worth', (t) => {
  const reasons = [{ code: 'schedule_lag', message: 'starts were late' }];
  const limited = roundResult({ verdict: { status: 'generator_limited', reasons } });
  const ended = (interrupted: boolean): string => {
    const result = clientResult({ rounds: [limited], ...(interrupted ? { interrupted } : {}) });
    return frame(
      runOf(livePlan(), [
        ...STARTED,
        second(0),
        { type: 'round-ended', round: 0, result: limited, latency: {} },
        { type: 'run-ended', result },
      ]),
    ).join('\n');
  };
  t.match(ended(false), /done\n/);
  t.match(ended(true), /ended early\n/);
  t.match(ended(true), / ! last round: limited by this machine \(schedule_lag\)/);
  t.end();
});

t.test('rounds of a second: the figures of the round before, with its name', (t) => {
  const run = runOf(livePlan({ roundsSec: [1, 1] }), [
    runStarted({ rounds: 2 }),
    { type: 'round-started', round: 0, offeredRatePerSec: 1000 },
    second(0),
    health(),
    { type: 'round-ended', round: 0, result: roundResult(), latency: {} },
    { type: 'round-started', round: 1, offeredRatePerSec: 2000 },
  ]);
  const text = frame(run).join('\n');
  t.match(text, /round 2 of 2/);
  t.match(text, /round 1: offered 1,000\/s, open 3/);
  t.match(text, /last 1 s p50 .* round 1 p50/);
  t.match(text, /this machine, last second of round 1/);
  t.match(text, /load threads +20 % of a core/);
  const step: RunEvent = { type: 'round-started', round: 0, trial: 0, offeredRatePerSec: 1000 };
  const ended: RunEvent = { type: 'round-ended', round: 0, trial: 0, result: roundResult(), latency: {} };
  const saturate = runOf(livePlan({ command: 'saturate', roundsSec: [] }), [
    runStarted({ engine: 'uring', rounds: null }),
    ...[step, second(0), ended],
  ]);
  const steps = frame(saturate).join('\n');
  t.match(steps, /between steps/);
  t.match(steps, /step 1 p50/);
  t.notMatch(steps, /trial|round/);
  t.end();
});

t.test('a ramp: from where to where, then what is offered now', (t) => {
  const run = runOf(livePlan({ ramp: { fromPerSec: 10, toPerSec: 500 } }), STARTED);
  t.match(frame(run).join('\n'), /offered 10\/s to 500\/s/);
  run.on(second(0, { scheduled: 377, started: 376 }));
  t.match(frame(run).join('\n'), /offered 377\/s, open 3/);
  t.end();
});

t.test('search: trials on an axis, with what is known so far', (t) => {
  const text = frame(runs()['search']!).join('\n');
  t.match(text, /1,000\/s o─+\?─+x 4,000\/s/);
  t.match(text, /loss<=0\.1% +met up to 1,000\/s, not met from 4,000\/s/);
  t.match(text, /inconclusive: evil\\u001b/);
  t.end();
});

t.test('saturate, rtt and lab have their own panels', (t) => {
  const all = runs();
  t.match(frame(all['saturate']!).join('\n'), /300\/s +1\.00 ms █+/);
  t.match(frame(all['rtt']!).join('\n'), /round trip +50\.0 µs/);
  t.match(frame(all['rtt']!).join('\n'), /lost +1 \(0\.2 %\)/);
  t.match(frame(all['lab']!).join('\n'), /3 of 9 cells[^]*cell 3\/9 .*failed[^]*cell 4\/9/);
  t.end();
});

t.test('on a low terminal the most important panels stay', (t) => {
  const lines = frame(runs()['client']!, { columns: 39, rows: 9 });
  t.match(lines[0], /conngen client/);
  t.match(lines.join('\n'), /started/);
  t.end();
});

t.test('with the packet engine the panel has its packets in place of the counters of sockets', async (t) => {
  const packet = { sent: 4000, received: 3000, 'retransmits.syn': 7, 'resets.closing': 9, 'ring.rx_ring_full': 12 };
  const run = runOf(livePlan(), [...STARTED, second(0), health({ packet }), health({ packet: { sent: 6000 } })]);
  const text = frame(run, { columns: 120, rows: 40 }).join('\n');
  t.match(text, /sent +6,000\/s/);
  t.match(text, /sent again +7\s/);
  t.match(text, /resets +0\s/);
  t.match(text, /lost here +12\s/);
  t.notMatch(text, /TIME_WAIT/);
});
