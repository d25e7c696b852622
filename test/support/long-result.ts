/** A result of ten minutes as a run on a busy machine gives it: every figure of every second is another one, and far from the others. */
import { CLOCKS, type ClientResult, type ClockName, type IntervalResult } from '../../src/document/client.ts';
import type { LatencySummary } from '../../src/document/common.ts';
import { bucketOf, lowestAt } from '../../src/count/histogram.ts';
import { clientConfig, clientResult, outcomes, roundResult } from './results.ts';

/** The same numbers in every run of the tests (Park and Miller's minimal standard). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** On a busy machine the median of a second is up to this factor from that of the round, and its tail again as much. */
const SPREAD = 12;

/** Percentiles as a histogram has them: the highest value of a bucket. */
function summaryOf(random: () => number, roundMedianNs: number, count: number): LatencySummary {
  const medianNs = roundMedianNs * SPREAD ** (random() ** 3);
  const around = (times: number): number =>
    lowestAt(bucketOf(medianNs * times * SPREAD ** (random() ** 2 - 0.25)) + 1) - 1;
  const [p50, p75, p90, p95, p99, p999] = [1, 1.4, 2, 3, 8, 40].map(around).sort((one, other) => one - other) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const max = Math.round(p999 * (1 + 2 * random()));
  return {
    count,
    min: Math.round(medianNs * 0.4 * (0.3 + 0.7 * random())),
    mean: Math.round(p50 * (1.1 + random())),
    p50,
    p75,
    p90,
    p95,
    p99,
    p99_9: p999,
    max,
  };
}

const MEDIANS_NS: Readonly<Record<ClockName, number>> = {
  schedule_lag: 22_000,
  connect: 84_000,
  first_byte: 190_000,
  total: 260_000,
  corrected_total: 290_000,
};

/** One round at 20 000/s; some connections are refused, some time out, some are missed in some seconds. */
export function longResult(seconds = 600): ClientResult {
  const random = randomFrom(20_261_128);
  let startSec = 0;
  const intervals = Array.from({ length: seconds }, (): IntervalResult => {
    const [refused, timedOut] = [Math.floor(random() * 40), Math.floor(random() * 9)];
    const missed = random() < 0.1 ? Math.floor(random() * 700) : 0;
    const failed = refused + timedOut;
    const started = 20_000 - missed;
    // A timer is late by a millisecond now and then.
    const lengthSec = 1 + Math.floor(random() ** 8 * 30) / 1000;
    startSec += lengthSec;
    return {
      start_sec: Math.round((startSec - lengthSec) * 1000) / 1000,
      length_sec: lengthSec,
      scheduled: 20_000,
      started,
      missed,
      established: started - refused,
      ok: started - failed,
      failed,
      ...(failed === 0
        ? {}
        : {
            outcomes: { ...(refused > 0 ? { refused } : {}), ...(timedOut > 0 ? { exchange_timeout: timedOut } : {}) },
          }),
      in_flight: Math.floor(random() * 900),
      held: 0,
      bytes: { sent: 64 * started, received: 64 * (started - failed) },
      latency_ns: Object.fromEntries(
        CLOCKS.map((clock) => [clock, summaryOf(random, MEDIANS_NS[clock], started - failed)]),
      ) as Record<ClockName, LatencySummary>,
    };
  });
  const sum = (of: (interval: IntervalResult) => number): number =>
    intervals.reduce((total, each) => total + of(each), 0);
  const kernelIntervals = intervals.map(({ start_sec, length_sec, started }) => ({
    start_sec,
    length_sec,
    added: {
      active_opens: started,
      passive_opens: started,
      attempts_failed: Math.floor(random() * 40),
      segments_retransmitted: Math.floor(random() * 30),
      syn_retransmits: Math.floor(random() * 20),
      time_wait_reused: Math.floor(random() * 5000),
      resets_sent: Math.floor(random() * 9),
    },
  }));
  const started = sum((each) => each.started);
  const round = roundResult({
    offered_rate_per_sec: 20_000,
    duration_sec: seconds,
    attempts: { scheduled: 20_000 * seconds, started, missed: sum((each) => each.missed), in_flight_max: 1204 },
    outcomes: outcomes({
      ok: sum((each) => each.ok),
      refused: sum((each) => each.outcomes?.refused ?? 0),
      exchange_timeout: sum((each) => each.outcomes?.exchange_timeout ?? 0),
    }),
    kernel: { syn_retransmits: 6000, active_opens: started, intervals: kernelIntervals },
    intervals,
  });
  return clientResult({ config: clientConfig({ rates_per_sec: [20_000], duration_sec: seconds }), rounds: [round] });
}
