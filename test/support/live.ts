/** Runs for the live view: a plan, and events that make a run. */
import type { TrialResult } from '../../src/document/limit.ts';
import type { Health, RunEvent } from '../../src/run/events.ts';
import { LiveRun } from '../../src/view/live/tui/live-run.ts';
import type { LivePlan } from '../../src/view/live/tui/plan.ts';
import { parseCriterion, type Criterion } from '../../src/judge/criterion.ts';
import { loadSecond, runStarted } from './events.ts';
import { histogramOf } from './histograms.ts';
import { interval, roundResult } from './results.ts';

export function criterion(text: string): Criterion {
  const parsed = parseCriterion(text);
  if (!parsed.ok) throw new Error(parsed.expected);
  return parsed.value;
}

export function livePlan(changes: Partial<LivePlan> = {}): LivePlan {
  return {
    command: 'client',
    target: '127.0.0.1:2345',
    warmupSec: 0,
    roundsSec: [30],
    ramp: null,
    rampUpSec: 0,
    thresholds: [],
    ports: { total: 28_000, restSec: 60 },
    lab: null,
    ...changes,
  };
}

export function health(changes: Partial<Health> = {}): Health {
  return {
    type: 'health',
    round: 0,
    lengthSec: 1,
    threads: [{ cpu_usec: 200_000, run_queue_wait_usec: 1000, elapsed_usec: 1_000_000 }],
    cpuUsec: 250_000,
    added: {},
    fills: { 'sockets.time_wait': 1200 },
    ...changes,
  };
}

/** A second of 1000 connections that took 1 ms, started 20 µs late. */
export function second(at: number, changes: Parameters<typeof interval>[0] = {}): RunEvent {
  const ms = histogramOf([[1e6, 1000]]);
  const latency = { schedule_lag: histogramOf([[20_000, 1000]]), connect: ms, total: ms, corrected_total: ms };
  return loadSecond(interval({ start_sec: at, ...changes }), { latency });
}

export function trial(ratePerSec: number, met: boolean | null, goal = 'loss<=0.1%'): TrialResult {
  return {
    quantity: 'rate',
    rate_per_sec: ratePerSec,
    connections: null,
    exchange_rate_per_sec: null,
    length: 'exploratory',
    why: 'a reason',
    passed: { [goal]: met },
    values: { [goal]: 0 },
    standing: met === null ? 'generator_limited' : 'valid',
    served_per_sec: null,
    result: roundResult(),
  };
}

/** A run that has had these events. */
export function runOf(plan: LivePlan, events: readonly RunEvent[], nowSec: () => number = () => 12): LiveRun {
  const run = new LiveRun(plan, nowSec);
  for (const event of events) run.on(event);
  return run;
}

export const STARTED: readonly RunEvent[] = [
  runStarted({ engine: 'uring' }),
  { type: 'round-started', round: 0, offeredRatePerSec: 1000 },
];
