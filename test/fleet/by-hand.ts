/**
 * Adds up the results that agents kept of their own parts, with arithmetic of its own, and holds the fleet's result against the sums.
 * Nothing of what conngen adds up with is used here.
 */
import { inflateSync } from 'node:zlib';
import type { Test } from 'tap';
import { CLOCKS, type IntervalResult, type ProbeResult, type RoundResult } from '../../src/document/client.ts';
import type { EncodedHistograms, LatencySummary } from '../../src/document/common.ts';
import type { RttInterval, RttRound } from '../../src/document/rtt.ts';

type Counts = Readonly<Record<string, number>>;

/** Adds counts by name. A name that is missing somewhere counts 0 there. */
function added(parts: readonly (Counts | undefined)[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part ?? {})) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

/** The counts of a V2 compressed HdrHistogram by bucket index, read as its specification has it: zigzag LEB128, a negative number a run of zeros. */
function bucketsOf(base64: string): Map<number, number> {
  const envelope = Buffer.from(base64, 'base64');
  const payload = inflateSync(envelope.subarray(8, 8 + envelope.readInt32BE(4)));
  const counts = new Map<number, number>();
  const end = 40 + payload.readInt32BE(4);
  let index = 0;
  for (let at = 40; at < end;) {
    let word = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = payload[at++]!;
      word |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const value = Number((word >> 1n) ^ -(word & 1n));
    if (value < 0) index -= value;
    else {
      if (value > 0) counts.set(index, value);
      index++;
    }
  }
  return counts;
}

function addedBuckets(parts: readonly ReadonlyMap<number, number>[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const part of parts) for (const [index, count] of part) sums.set(index, (sums.get(index) ?? 0) + count);
  return new Map([...sums].sort(([a], [b]) => a - b));
}

/** The bounds of a bucket: 2048 of 1 ns, then 1024 for each doubling. */
function boundsOf(index: number): readonly [number, number] {
  if (index < 2048) return [index, index];
  const shift = Math.floor(index / 1024) - 1;
  const width = 2 ** shift;
  const low = (1024 + (index % 1024)) * width;
  return [low, low + width - 1];
}

const PERCENTILES = [
  ['p50', 500n],
  ['p75', 750n],
  ['p90', 900n],
  ['p95', 950n],
  ['p99', 990n],
  ['p99_9', 999n],
] as const;

/** The whole's percentile is the highest value of the bucket with that rank, within the smallest and the largest value. */
function percentilesOf(buckets: ReadonlyMap<number, number>, min: number, max: number): Counts {
  const total = [...buckets.values()].reduce((sum, count) => sum + count, 0);
  const entries = [...buckets].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    PERCENTILES.map(([name, thousandths]) => {
      const rank = Number((thousandths * BigInt(total) + 999n) / 1000n);
      let seen = 0;
      const found = entries.find(([, count]) => (seen += count) >= rank);
      return [name, found === undefined ? 0 : Math.max(min, Math.min(max, boundsOf(found[0])[1]))];
    }),
  );
}

/** Checks one clock of the whole against those of the parts. */
function checkClock(
  t: Test,
  name: string,
  whole: readonly [LatencySummary, string | undefined],
  parts: readonly (readonly [LatencySummary, string | undefined])[],
): void {
  const [summary, encoded] = whole;
  const filled = parts.map(([each]) => each).filter(({ count }) => count > 0);
  const count = filled.reduce((sum, each) => sum + each.count, 0);
  const min = count === 0 ? 0 : Math.min(...filled.map((each) => each.min));
  const max = count === 0 ? 0 : Math.max(...filled.map((each) => each.max));
  const exact = { count: summary.count, min: summary.min, max: summary.max };
  t.strictSame(exact, { count, min, max }, `${name}: count, minimum and maximum`);
  const mean = count === 0 ? 0 : filled.reduce((sum, each) => sum + each.mean * each.count, 0) / count;
  t.ok(Math.abs(summary.mean - mean) <= 1, `${name}: the mean`, { whole: summary.mean, byHand: mean });
  if (encoded === undefined) return;
  const sum = addedBuckets(parts.map(([, text]) => bucketsOf(text!)));
  t.strictSame(addedBuckets([bucketsOf(encoded)]), sum, `${name}: every bucket of the histogram`);
  const { p50, p75, p90, p95, p99, p99_9 } = summary;
  t.strictSame({ p50, p75, p90, p95, p99, p99_9 }, percentilesOf(sum, min, max), `${name}: percentiles`);
}

function histogramOf(histograms: EncodedHistograms | undefined, clock: string): string | undefined {
  return histograms?.[clock];
}

function checkProbe(
  t: Test,
  name: string,
  whole: RoundResult | IntervalResult,
  parts: readonly (RoundResult | IntervalResult)[],
): void {
  const probes = parts.flatMap(({ probe }) => (probe === undefined ? [] : [probe]));
  if (probes.length === 0 && whole.probe === undefined) return;
  const countsOf = ({ sent, received, lost }: ProbeResult): Counts => ({ sent, received, lost });
  t.strictSame(countsOf(whole.probe!), added(probes.map(countsOf)), `${name}: pings of the probe`);
  checkClock(
    t,
    `${name}: probe`,
    [whole.probe!.rtt_ns, histogramOf(whole.histograms, 'probe')],
    parts.map((part) => [part.probe!.rtt_ns, histogramOf(part.histograms, 'probe')]),
  );
}

function loadCounts(interval: IntervalResult): Counts {
  const { scheduled, started, missed, established, ok, failed, in_flight, held, bytes, empty_responses = 0 } = interval;
  const failures = Object.entries(interval.outcomes ?? {}).map(([outcome, count]) => [`outcome ${outcome}`, count]);
  return {
    ...{ scheduled, started, missed, established, ok, failed, in_flight, held, empty_responses },
    ...{ sent: bytes.sent, received: bytes.received },
    ...(Object.fromEntries(failures) as Counts),
  };
}

/** Counts that are not there are 0: a kind of failure that did not occur is left out. */
function filled(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

interface Interval {
  readonly start_sec: number;
  readonly length_sec: number;
}

/** Checks that the whole has the intervals of its parts, and calls `check` for each with those of the parts. */
function forIntervals<T extends Interval>(
  t: Test,
  whole: readonly T[],
  parts: readonly (readonly T[])[],
  check: (name: string, whole: T, parts: readonly T[]) => void,
): void {
  const starts = [...new Set(parts.flatMap((part) => part.map(({ start_sec: start }) => start)))].sort((a, b) => a - b);
  t.strictSame(
    whole.map(({ start_sec: start }) => start),
    starts,
    'the intervals of the parts',
  );
  for (const interval of whole) {
    const own = parts.flatMap((part) => part.filter(({ start_sec: start }) => start === interval.start_sec));
    check(`second ${interval.start_sec}`, interval, own);
  }
}

/** Asserts that a round of a fleet is the sum of the rounds that its agents kept. */
export function checkRoundByHand(t: Test, whole: RoundResult, parts: readonly RoundResult[]): void {
  const attempts = ({ attempts: { scheduled, started, missed } }: RoundResult): Counts => ({
    scheduled,
    started,
    missed,
  });
  t.strictSame(attempts(whole), added(parts.map(attempts)), 'attempts');
  t.strictSame(whole.outcomes, added(parts.map(({ outcomes }) => outcomes)), 'outcomes');
  t.strictSame(whole.owners, added(parts.map(({ owners }) => ({ ...owners }))), 'owners');
  t.strictSame(whole.errno, added(parts.map(({ errno }) => errno)), 'error numbers');
  t.strictSame(whole.bytes, added(parts.map(({ bytes }) => ({ ...bytes }))), 'bytes');
  t.equal(
    whole.empty_responses ?? 0,
    parts.reduce((sum, part) => sum + (part.empty_responses ?? 0), 0),
    'empty responses',
  );
  t.strictSame(
    filled(whole.responses ?? {}),
    filled(added(parts.map(({ responses }) => responses))),
    'responses by status',
  );
  t.equal(
    whole.held?.lost ?? 0,
    parts.reduce((sum, { held }) => sum + (held?.lost ?? 0), 0),
    'held connections that were lost',
  );
  for (const clock of CLOCKS) {
    checkClock(
      t,
      clock,
      [whole.latency_ns[clock], histogramOf(whole.histograms, clock)],
      parts.map((part) => [part.latency_ns[clock], histogramOf(part.histograms, clock)]),
    );
  }
  checkProbe(t, 'round', whole, parts);
  t.equal(
    whole.workers.length,
    parts.reduce((sum, { workers }) => sum + workers.length, 0),
    'all pacing threads',
  );
  const inFlight = parts.map((part) => part.attempts.in_flight_max);
  const most = inFlight.reduce((sum, each) => sum + each, 0);
  const { in_flight_max: wholeInFlight } = whole.attempts;
  t.ok(wholeInFlight >= Math.max(...inFlight) && wholeInFlight <= most, 'most in flight', { wholeInFlight, inFlight });
  forIntervals(
    t,
    whole.intervals,
    parts.map(({ intervals }) => intervals),
    (name, interval, own) => {
      t.strictSame(filled(loadCounts(interval)), filled(added(own.map(loadCounts))), `${name}: counts`);
      for (const clock of CLOCKS) {
        checkClock(
          t,
          `${name}: ${clock}`,
          [interval.latency_ns[clock], histogramOf(interval.histograms, clock)],
          own.map((part) => [part.latency_ns[clock], histogramOf(part.histograms, clock)]),
        );
      }
      checkProbe(t, name, interval, own);
    },
  );
}

const PING_CLOCKS = ['rtt', 'corrected_rtt', 'schedule_lag'] as const;

function pingCounts(part: RttRound | RttInterval): Counts {
  const { scheduled, sent, received, lost, missed, aborted, out_of_order, late, duplicates } = part;
  return { scheduled, sent, received, lost, missed, aborted, out_of_order, late, duplicates };
}

function checkPings(
  t: Test,
  name: string,
  whole: RttRound | RttInterval,
  parts: readonly (RttRound | RttInterval)[],
): void {
  t.strictSame(pingCounts(whole), added(parts.map(pingCounts)), `${name}: pings`);
  for (const clock of PING_CLOCKS) {
    checkClock(
      t,
      `${name}: ${clock}`,
      [whole[`${clock}_ns`], histogramOf(whole.histograms, clock)],
      parts.map((part) => [part[`${clock}_ns`], histogramOf(part.histograms, clock)]),
    );
  }
}

/** Asserts the same of a round of pings. */
export function checkPingsByHand(t: Test, whole: RttRound, parts: readonly RttRound[]): void {
  checkPings(t, 'round', whole, parts);
  t.strictSame({ ...whole.connections }, added(parts.map(({ connections }) => ({ ...connections }))), 'connections');
  t.strictSame(whole.errno, added(parts.map(({ errno }) => errno)), 'error numbers');
  t.strictSame(whole.bytes, added(parts.map(({ bytes }) => ({ ...bytes }))), 'bytes');
  forIntervals(
    t,
    whole.intervals,
    parts.map(({ intervals }) => intervals),
    (name, interval, own) => {
      checkPings(t, name, interval, own);
      t.equal(
        interval.in_flight,
        own.reduce((sum, { in_flight: each }) => sum + each, 0),
        `${name}: under way`,
      );
    },
  );
}
