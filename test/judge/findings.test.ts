import t from 'tap';
import type { EarlierRound, RoundFacts } from '../../src/judge/facts.ts';
import { findingsOf, serverFindingsOf } from '../../src/judge/findings.ts';
import { CONNECT_TIMEOUT, OK } from '../../src/document/outcome.ts';
import { CONNECT, ESTABLISHED, HELD_LOST, SCHEDULED, STARTED, TOTAL } from '../../src/count/load.ts';
import { loadTally, type TimesMs } from '../support/load-tally.ts';
import type { Finding, VerdictStatus } from '../../src/document/common.ts';
import type { IntervalResult } from '../../src/document/client.ts';
import { interval, latency } from '../support/results.ts';
import { roundFacts } from '../support/round-facts.ts';

/** A round of established connections with these connect and total times. */
function factsOf(connectMs: TimesMs, totalMs: TimesMs, more: Partial<RoundFacts> = {}): RoundFacts {
  const established = connectMs.reduce((sum, [, count]) => sum + count, 0);
  const counters = [SCHEDULED, STARTED, ESTABLISHED].map((counter) => [counter, established] as const);
  const latencies = new Map([
    [CONNECT, connectMs],
    [TOTAL, totalMs],
  ]);
  const tally = loadTally(new Map(counters), latencies);
  tally.outcomes[OK] = established;
  return roundFacts(tally, more);
}

const find = (facts: RoundFacts, status: VerdictStatus = 'valid'): Finding[] =>
  findingsOf(facts, { status, reasons: [] });
const codes = (facts: RoundFacts, status: VerdictStatus = 'valid'): string[] =>
  find(facts, status).map(({ code }) => code);

const QUICK: TimesMs = [[0.2, 10_000]];

t.test('connect times near 1 s, 2 s, 3 s with SYNs sent again', async (t) => {
  const times: TimesMs = [
    [0.2, 9000],
    [1010, 800],
    [3040, 100],
    [2020, 100],
  ];
  const [finding, ...more] = find(factsOf(times, [], { kernel: { syn_retransmits: 1234 } }));
  t.same(more, []);
  t.match(finding, {
    code: 'syn_drops_suspected',
    message: /1,000 connections took about 1, 2, 3 s .*1,234 SYNs again/,
    evidence: { near_retry: 1000, near_1_sec: 800, near_3_sec: 100, near_7_sec: 0, syn_retransmits: 1234 },
  });
  t.same(codes(factsOf(times, [])), ['syn_drops_suspected'], 'also where the kernel does not tell');
  t.same(codes(factsOf(times, [], { kernel: { syn_retransmits: 0 } })), [], 'but not where it says no SYN went again');
  t.same(codes(factsOf(times, []), 'generator_limited'), ['syn_drops_suspected'], 'whoever was the limit');
});

t.test('a hold of connections that are closed by then', async (t) => {
  const held = (finish: 'eof' | 'half-close' | 'echo', isHeld: boolean): string[] => {
    const { ports } = factsOf([], []);
    const answer = { finish, payloadBytes: 100, isExpected: false };
    return codes(factsOf(QUICK, [], { answer, ports: { ...ports, isHeld } }));
  };
  t.same([held('half-close', true), held('eof', true)], [['nothing_held'], ['nothing_held']]);
  t.same([held('half-close', false), held('echo', true)], [[], []]);
});

t.test('connections that end while they are kept open', async (t) => {
  const lost = (heldLost: number, isHeld = true) => {
    const counters = [[STARTED, 10_000] as const, [HELD_LOST, heldLost] as const];
    const facts = roundFacts(loadTally(new Map(counters)));
    return codes({ ...facts, ports: { ...facts.ports, isHeld } }).filter((code) => code === 'held_lost');
  };
  t.same(lost(1000), ['held_lost']);
  t.same(lost(1), [], 'one of many');
  t.same(lost(1000, false), [], 'none was kept open');
});

t.test('slow is not dropped', async (t) => {
  const spread: TimesMs = Array.from({ length: 60 }, (_, i) => [500 + i * 50, 20]);
  t.same(codes(factsOf(spread, [], { kernel: { syn_retransmits: 500 } })), [], 'times all over');
  t.same(codes(factsOf([...QUICK, [1010, 2]], [])), [], 'two of them');
  t.same(
    codes(
      factsOf(
        [
          [0.2, 1e5],
          [1010, 5],
        ],
        [],
      ),
    ),
    [],
    'five in a hundred thousand',
  );
});

t.test('nothing answers, and the kernel sent SYNs again', async (t) => {
  const facts = factsOf(QUICK, [], { kernel: { syn_retransmits: 300 } });
  facts.tally.outcomes[CONNECT_TIMEOUT] = 100;
  t.match(find(facts), [{ code: 'syn_drops_suspected', message: /100 got no answer at all/ }]);
  t.same(codes({ ...facts, kernel: { syn_retransmits: 0 } }), [], 'none went again: cut off before');
  t.same(codes({ ...facts, timeoutNs: 0.5e9 }), [], 'a timeout before the first of them could go');
});

t.test('an accept queue that overflowed, where this kernel is the one that the target uses', async (t) => {
  const kernel = { listen_overflows: 12, listen_drops: 14 };
  t.same(codes(factsOf(QUICK, [], { kernel })), [], 'the target is elsewhere');
  const local = factsOf(QUICK, [], { kernel, target: { label: '127.0.0.1:80', isLocal: true } });
  t.match(find(local), [{ code: 'listen_queue_overflow', evidence: { listen_overflows: 12, listen_drops: 14 } }]);
  t.match(serverFindingsOf(kernel, 0), [{ code: 'listen_queue_overflow', message: /12 times/ }]);
  t.same(serverFindingsOf({ listen_overflows: 0, listen_drops: 3 }, 0), []);
  t.same(serverFindingsOf(undefined, 0), []);
});

t.test('ICMP that rejects', async (t) => {
  t.match(find(factsOf(QUICK, [], { kernel: { icmp_unreachable_received: 5 } })), [{ code: 'icmp_rejects' }]);
});

const earlierRound = (offeredRatePerSec: number | null, p50Ms: number, isValid = true): EarlierRound => ({
  offeredRatePerSec,
  totalP50Ns: p50Ms * 1e6,
  ok: 1000,
  isValid,
});

t.test('the knee over rounds', async (t) => {
  const earlier = [earlierRound(100, 0.5), earlierRound(200, 0.6), earlierRound(400, 0.9)];
  const knee = (p50Ms: number, changes: Partial<RoundFacts> = {}): Finding[] =>
    find(factsOf(QUICK, [[p50Ms, 1000]], { offeredRatePerSec: 800, earlier, ...changes }));
  t.match(knee(4), [
    { code: 'latency_knee', message: /between 400\/s and 800\/s/, evidence: { below_per_sec: 400, at_per_sec: 800 } },
  ]);
  t.same(knee(1.4), [], 'not three times the floor');
  t.same(knee(4, { offeredRatePerSec: 100 }), [], 'not at a lower rate');
  t.same(knee(4, { earlier: [] }), []);
  t.same(knee(4, { earlier: [earlierRound(100, 0.5, false)] }), [], 'a floor of a limited generator is none');
  t.same(knee(4, { earlier: [earlierRound(null, 0.5)] }), [], 'nor one of closed loop');
  t.same(codes(factsOf(QUICK, [[4, 1000]], { offeredRatePerSec: 800, earlier }), 'generator_limited'), []);
});

/** A second each, with these median and p99 totals. */
function seconds(totalsMs: readonly (readonly [p50Ms: number, p99Ms: number])[], lagP99Ms = 0.1): IntervalResult[] {
  return totalsMs.map(([p50, p99], sec) => {
    const usual = interval().latency_ns;
    const total = { ...latency(p50 * 1e6, 1000), p99: p99 * 1e6 };
    const lag = { ...usual.schedule_lag, p99: lagP99Ms * 1e6 };
    return interval({ start_sec: sec, latency_ns: { ...usual, total, schedule_lag: lag } });
  });
}

const steady = (count: number, p50 = 0.5): (readonly [number, number])[] =>
  Array.from({ length: count }, (_, i) => [p50 + (i % 3) * 0.05, 2] as const);

const series = (totalsMs: readonly (readonly [number, number])[], lagP99Ms?: number): Finding[] =>
  find(factsOf(QUICK, [[1, 1000]], { intervals: seconds(totalsMs, lagP99Ms) }));

t.test('the knee over seconds', async (t) => {
  t.same(series(steady(20)), []);
  t.match(series([...steady(10), ...steady(5, 9)]), [{ code: 'latency_knee', evidence: { at_sec: 10 } }]);
  t.same(series([...steady(10), ...steady(2, 9)]), [], 'two seconds at the end are no trend');
  t.same(series([...steady(10), ...steady(5, 9), ...steady(3)]), [], 'it came back');
  t.same(series([[9, 9], ...steady(10)]), [], 'a slow first second');
  t.same(series([...steady(10, 0.01), ...steady(5, 0.1)]), [], 'too little to be a queue');
});

t.test('stalls at equal distances', async (t) => {
  const stalling = (at: readonly number[], length = 40): (readonly [number, number])[] =>
    steady(length).map((value, sec) => (at.includes(sec) ? [value[0], 80] : value));
  t.match(series(stalling([5, 15, 25, 35])), [
    { code: 'periodic_stalls', message: /every 10 s/, evidence: { period_sec: 10, at_sec: [5, 15, 25, 35] } },
  ]);
  t.match(
    series(stalling([5, 6, 15, 25, 26, 35])),
    [{ code: 'periodic_stalls' }],
    'one that reaches into the next second',
  );
  t.match(
    series(stalling([2, 7, 13, 18, 24, 29, 34])),
    [{ code: 'periodic_stalls' }],
    'a period of five seconds and a bit',
  );
  t.same(series(stalling([5, 15, 25])), [], 'three are a coincidence');
  t.same(series(stalling([3, 7, 22, 37])), [], 'no period');
  t.same(series(stalling([2, 5, 8, 11])), [], 'for a part of the round only');
  t.same(series(stalling([1, 3, 5, 7, 9, 11, 13, 15, 17, 19], 20)), [], 'every other second is noise');
  t.same(series(stalling([5, 15, 25, 35]), 60), [], 'the generator stalled itself');
});

t.test('periodic stalls of a round whose later intervals have several seconds', async (t) => {
  const early = seconds(Array.from({ length: 1200 }, (_, sec) => [0.2, sec % 60 === 30 ? 90 : 1] as const));
  const [wide] = seconds([[0.2, 80]]);
  const later = Array.from({ length: 600 }, (_, at) => ({ ...wide!, start_sec: 1200 + 2 * at, length_sec: 2 }));
  const [finding, ...more] = find(factsOf(QUICK, [], { intervals: [...early, ...later] }));
  t.match(finding, {
    code: 'periodic_stalls',
    message: /^About every 60 s in the first 20 minutes connections stalled/,
    evidence: { period_sec: 60, usual_p99_ns: 1e6 },
  });
  t.same(more, []);
});
