import t from 'tap';
import type { RttInterval, RttResult, RttRound } from '../../../src/document/rtt.ts';
import { rttText } from '../../../src/view/text/rtt.ts';
import { rttLiveLine } from '../../../src/view/live/second-lines.ts';
import { latency, rttConfig } from '../../support/results.ts';

const COUNTS = {
  scheduled: 1000,
  sent: 1000,
  received: 999,
  lost: 1,
  missed: 0,
  aborted: 0,
  out_of_order: 0,
  late: 0,
  duplicates: 0,
};
const LATENCIES = { rtt_ns: latency(52_000), corrected_rtt_ns: latency(60_000), schedule_lag_ns: latency(8000) };

function interval(changes: Partial<RttInterval> = {}): RttInterval {
  return { start_sec: 0, length_sec: 1, in_flight: 0, ...COUNTS, ...LATENCIES, ...changes };
}

function round(changes: Partial<RttRound> = {}): RttRound {
  return {
    offered_rate_per_sec: 1000,
    achieved_rate_per_sec: 1000,
    duration_sec: 1,
    in_flight_max: 1,
    connections: { established: 1, failed: 0, lost: 0 },
    errno: {},
    bytes: { sent: 64_000, received: 64_000 },
    cpu: { user_usec: 4000, system_usec: 6000, usec_per_ping: 10 },
    intervals: [],
    verdict: { status: 'valid', reasons: [] },
    ...COUNTS,
    ...LATENCIES,
    ...changes,
  };
}

function result(rounds: readonly RttRound[], changes: Partial<RttResult> = {}): RttResult {
  return {
    schema: 'conngen.rtt/1',
    conngen: '0.1.0',
    started_at: '2026-01-01T00:00:00.000Z',
    system: { kernel: '6.18.0', node: 'v20.20.2', cpus: 2, engine: 'uring' },
    config: rttConfig(),
    rounds,
    ...changes,
  };
}

t.test('a live line', (t) => {
  t.equal(rttLiveLine('', 1, interval()), '   1 s    1,000/s  lost 1  p50 52.0 µs  p99 520 µs');
  t.match(rttLiveLine('warm-up ', 1, interval({ start_sec: -2, missed: 5 })), /^warm-up +1 s .* lost 1 {2}missed 5/);
  t.match(rttLiveLine('warm-up ', 0.5, interval({ start_sec: -1, length_sec: 0.5 })), /^warm-up +0\.5 s +2,000\/s/);
  t.match(rttLiveLine('', 1, interval({ rtt_ns: latency(0, 0) })), /p50 - {2}p99 -$/);
  t.end();
});

t.test('a round: counts, clocks, and only what happened', (t) => {
  const text = rttText(result([round()]));
  t.match(text, /^conngen rtt \[::1\]:2345\nUDP, engine uring, 1 connection, messages of 64 B\n/);
  t.match(text, / achieved +1,000\/s\n +pings +1,000 sent, 999 received, 1 lost \(0\.1 %\)\n/);
  t.match(text, /\n {2}round trip +26\.0 µs +52\.0 µs +104 µs +208 µs +520 µs +2\.08 ms +5\.20 ms\n/);
  t.match(text, / verdict +valid\n$/);
  t.notMatch(text, /\b(Round 1|errors|missed|late|repeated|failed)\b/);
  const odd = { missed: 2, out_of_order: 3, late: 4, duplicates: 5, errno: { ECONNREFUSED: 6 } };
  const broken = rttText(result([round({ ...odd, connections: { established: 1, failed: 1, lost: 1 } })]));
  t.match(broken, /2 missed, 3 out of\s+order, 4 late, 5 repeated; 2 connections failed/);
  t.match(broken, / errors +ECONNREFUSED 6\n/);
  t.end();
});

t.test('several rounds end with one table; what went wrong comes last', (t) => {
  const rounds = [round(), round({ offered_rate_per_sec: null, achieved_rate_per_sec: 19_000 })];
  const text = rttText(
    result(rounds, { interrupted: true, error: { code: 'worker_exited', message: 'the thread ended' } }),
  );
  t.match(text, /Round 2 of 2\n {2}offered +back to back for 1 s/);
  t.match(
    text,
    /\nround +offered +achieved +lost +p50 +p99 rtt +verdict\n1 +1,000\/s .*\n2 +max +19,000\/s .* valid\n/,
  );
  t.match(text, /Stopped early.*\n\nFailed: the thread ended \(worker_exited\)\n$/s);
  t.ok(text.split('\n').every((line) => line.length <= 80));
  t.match(rttText(result([])), /No round was run\./);
  t.end();
});
