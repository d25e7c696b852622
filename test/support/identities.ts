/** What is true of every result, whatever happened; see "Always true" in the contract of the results. */
import type { Test } from 'tap';
import { CLOCKS } from '../../src/document/client.ts';
import type { LoadConfig } from '../../src/document/config.ts';
import type { ClientResult, IntervalResult, RoundResult } from '../../src/document/client.ts';

/**
 * Asserts the accounting of every round of a client's result: attempts, outcomes, latencies, and that the intervals add up
 * to the totals. `t` is the test or a subtest of it.
 */
export function checkIdentities(t: Test, result: ClientResult): void {
  t.equal(result.schema, 'conngen.client/1');
  checkRounds(t, result.config, result.rounds);
}

/** Asserts the same of rounds, whatever they are part of. */
export function checkRounds(t: Test, config: LoadConfig, rounds: readonly RoundResult[]): void {
  for (const [index, round] of rounds.entries()) {
    const name = (text: string): string => (rounds.length > 1 ? `round ${index}: ${text}` : text);
    checkAttempts(t, round, name);
    // What a warm-up has opened is still open when the round begins.
    const { warmup_sec: warmup, ramp_up_sec: rampUp } = config;
    if (warmup === 0 && rampUp === 0)
      t.ok(round.attempts.in_flight_max <= round.attempts.started, name('in_flight_max <= started'));
    checkLatencies(t, round, name);
    checkIntervals(t, round, name);
  }
}

type Namer = (text: string) => string;

function checkAttempts(t: Test, round: RoundResult, name: Namer): void {
  const { scheduled, started, missed, in_flight_max: inFlightMax } = round.attempts;
  t.equal(scheduled, started + missed, name('scheduled = started + missed'));
  t.equal(started, sum(Object.values(round.outcomes)), name('started = sum of outcomes'));
  const { generator, network, target, unattributed } = round.owners;
  const accounted = round.outcomes.ok + generator + network + target + unattributed;
  t.equal(scheduled, accounted, name('scheduled = ok + failures by owner'));
  t.ok(round.outcomes.ok <= established(round), name('ok <= established'));
  if (round.responses !== undefined)
    t.equal(sum(Object.values(round.responses)), established(round), name('established = sum of responses'));
  const whole = [
    scheduled,
    started,
    missed,
    inFlightMax,
    ...Object.values(round.outcomes),
    ...Object.values(round.errno),
    ...Object.values(round.responses ?? {}),
  ];
  t.ok(
    whole.every((count) => Number.isSafeInteger(count) && count >= 0),
    name('counts are whole numbers'),
  );
}

function checkLatencies(t: Test, round: RoundResult, name: Namer): void {
  const { ok, connect_timeout: connectTimeout, exchange_timeout: exchangeTimeout } = round.outcomes;
  const { schedule_lag: lag, connect, first_byte: firstByte, total, corrected_total: corrected } = round.latency_ns;
  t.equal(lag.count, round.attempts.started, name('schedule_lag counts the started'));
  t.equal(connect.count, established(round), name('connect counts the established'));
  t.ok(firstByte.count <= connect.count, name('first_byte counts no more than the established'));
  t.equal(total.count, ok + connectTimeout + exchangeTimeout, name('total counts ok and the timed-out'));
  t.equal(corrected.count, total.count, name('corrected_total counts the same'));
  // Means, as the percentiles are rounded to a bucket each.
  t.ok(corrected.mean >= total.mean * 0.999, name('corrected_total is not below total'));
  for (const clock of CLOCKS) {
    const { min, p50, p75, p90, p95, p99, p99_9, max } = round.latency_ns[clock];
    const values = [min, p50, p75, p90, p95, p99, p99_9, max];
    t.ok(
      values.every((value, i) => i === 0 || value >= values[i - 1]!),
      name(`${clock} rises from min to max`),
      { output: values.join(' ') },
    );
  }
}

function checkIntervals(t: Test, round: RoundResult, name: Namer): void {
  const total = (pick: (interval: IntervalResult) => number): number => sum(round.intervals.map(pick));
  const counted = {
    scheduled: total((interval) => interval.scheduled),
    started: total((interval) => interval.started),
    missed: total((interval) => interval.missed),
    ok: total((interval) => interval.ok),
    failed: total((interval) => interval.failed),
    empty: total((interval) => interval.empty_responses ?? 0),
    sent: total((interval) => interval.bytes.sent),
    received: total((interval) => interval.bytes.received),
    latency: Object.fromEntries(CLOCKS.map((clock) => [clock, total((interval) => interval.latency_ns[clock].count)])),
  };
  const { scheduled, started, missed } = round.attempts;
  const expected = {
    scheduled,
    started,
    missed,
    ok: round.outcomes.ok,
    failed: started - round.outcomes.ok,
    empty: round.empty_responses ?? 0,
    ...round.bytes,
    latency: Object.fromEntries(CLOCKS.map((clock) => [clock, round.latency_ns[clock].count])),
  };
  t.strictSame(counted, expected, name('intervals add up to the round'));
  t.strictSame(failuresOf(round.intervals), failuresOf([round]), name('failures by outcome add up to the round'));
}

/** The failures of all together by outcome; outcomes that did not occur are left out. */
function failuresOf(parts: readonly Pick<IntervalResult, 'outcomes'>[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { outcomes = {} } of parts) {
    for (const [outcome, count] of Object.entries(outcomes)) {
      if (outcome !== 'ok' && count > 0) sums[outcome] = (sums[outcome] ?? 0) + count;
    }
  }
  return sums;
}

/** How many connections were established. A round gives it as a rate only; its intervals count it. */
export function established(round: RoundResult): number {
  return sum(round.intervals.map((interval) => interval.established));
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
