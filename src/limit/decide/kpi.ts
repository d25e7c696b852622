/** Key performance indicators of a trial, as RFC 9411 section 7.2 has them. Pure. */
import type { KpiResult } from '../../document/limit.ts';
import type { IntervalResult, RoundResult } from '../../document/client.ts';
import type { LatencySummary } from '../../document/common.ts';

/** Seconds of one sample; more where the interval has more, in a round of more than 20 minutes. */
const SAMPLE_SEC = 2;
/** The fewest connections of a second; with fewer, one more or less is a deviation already. */
const OPEN_MIN = 20;

export function kpiOf(round: RoundResult): KpiResult {
  const { duration_sec: durationSec, bytes, latency_ns: latency, rate_per_sec: rate } = round;
  const samples = samplesOf(round);
  const rates = samples.map((each) => perSec(each, (interval) => interval.established));
  const open = samples.map((each) => each.at(-1)!.in_flight);
  return {
    connections_per_sec: rate.established,
    throughput_bits_per_sec: durationSec > 0 ? Math.round(((bytes.sent + bytes.received) * 8) / durationSec) : 0,
    time_to_first_byte_ns: rangeOf(latency.first_byte),
    time_to_last_byte_ns: rangeOf(latency.total),
    rate_deviation_percent: deviationOf(rates),
    concurrency_deviation_percent: meanOf(open) < OPEN_MIN ? null : deviationOf(open),
  };
}

/** Whole samples while the load was on. */
function samplesOf(round: RoundResult): IntervalResult[][] {
  const steady = round.intervals.filter((each) => each.start_sec + each.length_sec <= round.duration_sec + 0.05);
  const samples: IntervalResult[][] = [];
  let sample: IntervalResult[] = [];
  let sec = 0;
  for (const interval of steady) {
    sample.push(interval);
    sec += Math.round(interval.length_sec);
    if (sec < SAMPLE_SEC) continue;
    samples.push(sample);
    sample = [];
    sec = 0;
  }
  return samples;
}

function perSec(intervals: readonly IntervalResult[], countOf: (interval: IntervalResult) => number): number {
  const sec = intervals.reduce((sum, { length_sec: length }) => sum + length, 0);
  return intervals.reduce((sum, interval) => sum + countOf(interval), 0) / sec;
}

/** The furthest that a sample is from the mean of all, as a percentage of it. */
function deviationOf(values: readonly number[]): number | null {
  const mean = meanOf(values);
  if (values.length < 2 || mean === 0) return null;
  const furthest = Math.max(...values.map((value) => Math.abs(value - mean)));
  return Math.round((furthest / mean) * 1e4) / 100;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rangeOf({ count, min, mean, max }: LatencySummary): KpiResult['time_to_first_byte_ns'] {
  return count === 0 ? null : { min, mean, max };
}
