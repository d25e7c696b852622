/** A stand-in for the workers of a search: rounds as a simulated target would give them, at once. */
import type { OpenTrials } from '../../src/limit/trial-runner.ts';
import type { RoundResult } from '../../src/document/client.ts';
import { trialNs, type TrialOffer } from '../../src/limit/decide/quantity.ts';
import { interval, latency, outcomes, roundResult } from './results.ts';

export interface SimulatedTarget {
  /** How many connections it holds, and how many it closes a second; as many as there are if left out. */
  readonly connections?: number;
  readonly teardownPerSec?: number;
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
      notes: [],
      failures: [],
      leadNs: () => 0,
      outlook: () => trialNs,
      run: async (offer) => {
        const { ratePerSec, durationNs } = offer;
        const plain = roundOf(target, ratePerSec, durationNs / 1e9, trial);
        const round = offer.connections === null ? plain : inStages(target, plain, offer);
        return target.change === undefined ? round : target.change(round, trial++);
      },
      close: async () => undefined,
    };
  };
}

/** All that the device has no room for time out, and so does all that it closes too slowly. */
function inStages(
  { connections = Infinity, teardownPerSec = Infinity }: SimulatedTarget,
  round: RoundResult,
  { exchangePerSec }: TrialOffer,
): RoundResult {
  const { started } = round.attempts;
  const closed = Math.min(1, teardownPerSec / (exchangePerSec ?? 0));
  const ok = Math.floor(Math.min(round.outcomes.ok, connections) * closed);
  return {
    ...round,
    outcomes: outcomes({ ok, connect_timeout: started - ok }),
    stages: { exchange_rate_per_sec: exchangePerSec ?? 0, late: 0 },
    held: { lost: 0 },
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
