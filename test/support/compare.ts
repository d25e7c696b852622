/** Runs to be compared: results of clients whose figures differ by a factor, and searches with their bounds. */
import type { NamedResult } from '../../src/compare/compare.ts';
import { encodeHistogram } from '../../src/count/hdr-histogram.ts';
import type { ClientResult, IntervalResult, RoundResult } from '../../src/document/client.ts';
import type { LatencySummary } from '../../src/document/common.ts';
import type { GoalResult, SearchResult } from '../../src/document/limit.ts';
import { histogramOf } from './histograms.ts';
import { clientConfig, clientResult, interval, latency, roundResult } from './results.ts';

/** What a run differs in. */
export interface RunFigures {
  /** The median of `total`; the other quantiles follow from it. */
  readonly medianNs: number;
  readonly cpuUsec?: number;
  readonly failed?: number;
  /** By second; 60 seconds of the same median where it is left out. */
  readonly secondsNs?: readonly number[];
  readonly withHistograms?: boolean;
  readonly ratePerSec?: number;
  readonly startedAt?: string;
}

const CLOCKS = ['schedule_lag', 'connect', 'first_byte', 'total', 'corrected_total'] as const;

function latenciesOf(summary: LatencySummary): RoundResult['latency_ns'] {
  return Object.fromEntries(CLOCKS.map((clock) => [clock, summary])) as unknown as RoundResult['latency_ns'];
}

/** A thousand connections around a median. */
function histogramsOf(medianNs: number): Record<string, string> {
  const values = Array.from({ length: 1000 }, (_, at) => Math.round(medianNs * Math.exp((at - 500) / 250)));
  const text = encodeHistogram(histogramOf(values));
  return Object.fromEntries(CLOCKS.map((clock) => [clock, text]));
}

/** A round of 1 000/s that took `secondsNs.length` seconds. */
export function roundOf(figures: RunFigures): RoundResult {
  const { medianNs, cpuUsec = 30, failed = 0, withHistograms = false, ratePerSec = 1000 } = figures;
  const secondsNs = figures.secondsNs ?? Array.from({ length: 60 }, () => medianNs);
  const started = secondsNs.length * ratePerSec;
  const intervals = secondsNs.map((secondNs, at): IntervalResult =>
    interval({
      start_sec: at,
      latency_ns: latenciesOf(latency(secondNs, 1000)),
      ...(withHistograms ? { histograms: histogramsOf(secondNs) } : {}),
    }),
  );
  const base = roundResult();
  return roundResult({
    offered_rate_per_sec: ratePerSec,
    duration_sec: secondsNs.length,
    attempts: { scheduled: started, started, missed: 0, in_flight_max: 10 },
    outcomes: { ...base.outcomes, ok: started - failed, refused: failed },
    latency_ns: latenciesOf(latency(medianNs, started)),
    cpu: { user_usec: 1, system_usec: 1, usec_per_connection: cpuUsec },
    ...(withHistograms ? { histograms: histogramsOf(medianNs) } : {}),
    intervals,
  });
}

let made = 0;

/** A run with one round. Each has another time, so that no two have the same content. */
export function runOf(file: string, figures: RunFigures, changes: Partial<ClientResult> = {}): NamedResult {
  const started_at = figures.startedAt ?? new Date(Date.UTC(2026, 0, 1) + ++made * 60_000).toISOString();
  const rounds = [roundOf(figures)];
  const config = clientConfig({ rates_per_sec: [figures.ratePerSec ?? 1000] });
  return { file, document: clientResult({ started_at, config, rounds, ...changes }) };
}

/** A side of runs with these medians, in microseconds. */
export function sideOf(name: string, mediansUs: readonly number[], more: Partial<RunFigures> = {}): NamedResult[] {
  return mediansUs.map((medianUs, at) =>
    runOf(`${name}-${at + 1}.json`, { medianNs: medianUs * 1000, cpuUsec: 30 + at * 0.1, ...more }),
  );
}

/** A search with one goal, which was met up to `lower` and no longer at `upper`. */
export function searchOf(
  file: string,
  lower: number | null,
  upper: number | null,
  changes: Partial<GoalResult> = {},
): NamedResult {
  const { rates_per_sec: _rates, ...load } = clientConfig();
  const goal: GoalResult = {
    goal: 'loss<=0.1%',
    quantity: 'rate',
    connections: null,
    lower_connections: null,
    upper_connections: null,
    rate_per_sec: lower,
    trial_rate_per_sec: lower,
    lower_per_sec: lower,
    upper_per_sec: upper,
    status: upper === null ? 'at_max_rate' : 'found',
    confirmed: null,
    generator_limit_per_sec: null,
    generator_limit_connections: null,
    reason: null,
    limited_by: null,
    lower_trials: null,
    kpi: null,
    ...changes,
  };
  const document: SearchResult = {
    schema: 'conngen.search/1',
    conngen: '0.1.0',
    started_at: new Date(Date.UTC(2026, 1, 1) + ++made * 60_000).toISOString(),
    duration_sec: 60,
    system: { kernel: '6.18', node: 'v20', cpus: 2, engine: 'epoll', workers: 1 },
    config: {
      ...load,
      goals: [goal.goal],
      quantities: ['rate'],
      min_rate_per_sec: 100,
      max_rate_per_sec: 100_000,
      precision_percent: 2,
      explore_duration_sec: 2,
      max_time_sec: 900,
    },
    profile: null,
    deviations: [],
    goals: [goal],
    stopped_by: 'answered',
    trials: [],
  };
  return { file, document };
}
