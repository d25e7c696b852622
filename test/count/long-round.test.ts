/** Rounds of days, second by second: every second is told, memory stays flat, and what comes of it can be reported. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import t from 'tap';
import { evaluateCriterion, parseCriterion } from '../../src/judge/criterion.ts';
import { encodeHistogram, percentileTable } from '../../src/count/hdr-histogram.ts';
import { bucketOf, BUCKETS, STATS } from '../../src/count/histogram.ts';
import { OK, OUTCOMES } from '../../src/document/outcome.ts';
import { PING_BANK, PingRound, PINGS_DUE, PINGS_RECEIVED, PINGS_SENT, RTT } from '../../src/count/ping.ts';
import { LOAD_BANK, ESTABLISHED, LoadRound, SCHEDULED, STARTED, TOTAL } from '../../src/count/load.ts';
import { END_NS, ERRNOS, IN_FLIGHT, START_NS } from '../../src/count/bank.ts';
import type { Bank } from '../../src/count/bank.ts';
import { CLOCKS } from '../../src/document/client.ts';
import { clientText } from '../../src/view/text/client.ts';
import { clientResult, outcomes, roundResult } from '../support/results.ts';

const WARMUP_SEC = 5;
const FLAT_BYTES = 8e6;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function usedBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function emptyBank(counters: number, clocks: number): Bank {
  return {
    counters: new Float64Array(counters),
    outcomes: new Float64Array(OUTCOMES.length),
    errnos: new Float64Array(ERRNOS),
    responses: new Float64Array(0),
    stats: Array.from({ length: clocks }, () => new Float64Array(STATS)),
    counts: Array.from({ length: clocks }, () => new Uint32Array(BUCKETS)),
  };
}

function setLatency(bank: Bank, clock: number, valueNs: number, count: number): void {
  bank.counts[clock]!.fill(0);
  bank.counts[clock]![bucketOf(valueNs)] = count;
  bank.stats[clock]!.set([count, valueNs, valueNs, valueNs * count]);
}

function setSecond(bank: Bank, second: number): void {
  bank.counters[START_NS] = (WARMUP_SEC + second) * 1e9;
  bank.counters[END_NS] = (WARMUP_SEC + second + 1) * 1e9;
}

/** Every other second: many quick connections, then few slow ones. */
function clientBanks(): readonly [Bank, Bank] {
  const banks = [emptyBank(LOAD_BANK.counters, CLOCKS.length), emptyBank(LOAD_BANK.counters, CLOCKS.length)] as const;
  for (const [bank, count, totalNs] of [
    [banks[0], 49_500, 20_000],
    [banks[1], 500, 3_000_000],
  ] as const) {
    for (const counter of [SCHEDULED, STARTED, ESTABLISHED]) bank.counters[counter] = count;
    bank.outcomes[OK] = count;
    bank.counters[IN_FLIGHT] = count;
    setLatency(bank, TOTAL, totalNs, count);
  }
  return banks;
}

t.test('a client round of 73 hours', async (t) => {
  const seconds = 73 * 3600;
  const banks = clientBanks();
  let told = 0;
  let areInOrder = true;
  const merger = new LoadRound(1, WARMUP_SEC * 1e9, (interval, _warmup, detail) => {
    areInOrder &&= interval.start_sec === told && interval.length_sec === 1;
    told++;
    detail.release();
  });
  let usedAfterDay = 0;
  for (let second = 0; second < seconds; second++) {
    const bank = banks[second % 2]!;
    setSecond(bank, second);
    merger.add(bank);
    if (second === 24 * 3600) usedAfterDay = usedBytes();
  }
  merger.finish();
  const grownBytes = usedBytes() - usedAfterDay;
  t.ok(grownBytes < FLAT_BYTES, `49 hours more take ${Math.round(grownBytes / 1e3)} kB`);
  t.equal(told, seconds);
  t.ok(areInOrder, 'each second is told by itself, for files and the live view');

  const { intervals, total } = merger;
  t.ok(intervals.length < 6000, `${intervals.length} intervals`);
  let nextSec = 0;
  for (const interval of intervals) {
    if (interval.start_sec !== nextSec) t.fail(`second ${interval.start_sec} follows ${nextSec - 1}`);
    nextSec += interval.length_sec;
  }
  t.equal(nextSec, seconds, 'they cover the round');
  t.equal(
    intervals.reduce((sum, { started }) => sum + started, 0),
    total.started,
  );
  t.equal(total.started, 50_000 * (seconds / 2), 'more than 2^32');
  const { p50, p90, p99_9, count } = intervals.at(-2)!.latency_ns.total;
  t.equal(count, 50_000 * 128);
  t.same(
    [p50, p90, p99_9].map((ns) => Math.round(ns / 1e4) * 1e4),
    [20_000, 20_000, 3_000_000],
    'not means of percentiles',
  );
  t.equal(intervals.at(-2)?.in_flight, 500, 'at its end');

  const latency = total.latency[TOTAL]!;
  const decoded = decodeFromCompressedBase64(encodeHistogram(latency), 64, false);
  t.equal(decoded.totalCount, total.started, 'a bucket of a histogram file holds more than 2^32');
  t.match(percentileTable(latency), new RegExp(`Total count *= *${total.started}`));

  const round = roundResult({
    ramp: { from_per_sec: 1, to_per_sec: 50_000 },
    duration_sec: seconds,
    attempts: { scheduled: total.scheduled, started: total.started, missed: 0, in_flight_max: merger.inFlightPeak },
    outcomes: outcomes({ ok: total.ok }),
    latency_ns: total.latencySummaries(),
    intervals,
  });
  const json = JSON.stringify(clientResult({ rounds: [round] }));
  t.ok(json.length < 10e6, `JSON of ${json.length} characters`);
  const text = clientText(clientResult({ rounds: [round] }));
  t.match(text, /\nOne interval in \d+ is shown; the JSON has all\./);
  t.match(text, /\n0 +49,500\/s /, 'the first second');
  t.match(text, / 25,000\/s /, 'rates are a second, however long the interval');
  const parsed = parseCriterion('p99.9(total)>20ms');
  t.ok(parsed.ok && evaluateCriterion(parsed.value, round).value === round.latency_ns.total.p99_9);
});

t.test('round trips of 73 hours', async (t) => {
  const seconds = 73 * 3600;
  const bank = emptyBank(PING_BANK.counters, PING_BANK.clocks.length);
  for (const counter of [PINGS_DUE, PINGS_SENT, PINGS_RECEIVED]) bank.counters[counter] = 1000;
  let told = 0;
  const round = new PingRound(WARMUP_SEC * 1e9, () => told++);
  let usedAfterHour = 0;
  for (let second = 0; second < seconds; second++) {
    setSecond(bank, second);
    setLatency(bank, RTT, second % 100 === 0 ? 3_000_000 : 20_000, 1000);
    round.add(bank);
    if (second === 3600) usedAfterHour = usedBytes();
  }
  round.finish();
  t.ok(usedBytes() - usedAfterHour < FLAT_BYTES);
  t.equal(told, seconds);
  const { intervals, total } = round;
  t.ok(intervals.length < 6000, `${intervals.length} intervals`);
  t.equal(
    intervals.reduce((sum, { received }) => sum + received, 0),
    total.get(PINGS_RECEIVED),
  );
  const last = intervals.at(-1)!;
  t.equal(last.start_sec + last.length_sec, seconds);
  t.equal(last.rtt_ns.count, last.received);
});
