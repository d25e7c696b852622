/** A stand-in for the workers of a search: rounds as a simulated target would give them, at once. */
import type { OpenTrials } from '../../src/trials/trial-runner.ts';
import type { RoundResult } from '../../src/measure/result.ts';
import { interval, latency, outcomes, roundResult } from './results.ts';

export interface SimulatedTarget {
  /** What it takes, in trial n. */
  limitPerSec(trial: number): number;
  p90Ns?(ratePerSec: number): number;
  /** Changes of a round, and null to end as if stopped. */
  change?(round: RoundResult, trial: number): RoundResult | null;
}

export function simulated(target: SimulatedTarget): OpenTrials {
  return async () => {
    let trial = 0;
    return {
      startedAt: new Date(0),
      system: { kernel: '6.18', node: 'v20', cpus: 2, engine: 'epoll', workers: 1 },
      failures: [],
      run: async (ratePerSec, durationNs) => {
        const round = roundOf(target, ratePerSec, durationNs / 1e9, trial);
        return target.change === undefined ? round : target.change(round, trial++);
      },
      close: async () => undefined,
    };
  };
}

function roundOf(target: SimulatedTarget, ratePerSec: number, sec: number, trial: number): RoundResult {
  const due = Math.round(ratePerSec * sec);
  const served = Math.min(ratePerSec, target.limitPerSec(trial));
  const ok = Math.min(due, Math.round(served * sec));
  const base = roundResult();
  const total = { ...latency(100_000, ok), p90: target.p90Ns?.(ratePerSec) ?? 200_000 };
  return roundResult({
    offered_rate_per_sec: ratePerSec,
    duration_sec: sec,
    attempts: { scheduled: due, started: due, missed: 0, in_flight_max: 5 },
    outcomes: outcomes({ ok, connect_timeout: due - ok }),
    latency_ns: { ...base.latency_ns, total },
    intervals: Array.from({ length: Math.floor(sec) }, (_, start) => interval({ start_sec: start, ok: served })),
  });
}
