/** A round of connections or of pings in the form in which rounds are compared: counts by name, latencies by clock, intervals. */
import type { ClientResult, IntervalResult, RoundResult } from '../document/client.ts';
import type { EncodedHistograms, LatencySummary } from '../document/common.ts';
import type { RttInterval, RttResult, RttRound } from '../document/rtt.ts';
import { formatCount, formatPerSec } from '../units/format.ts';

/** What was counted over some time. */
export interface Measured {
  readonly lengthSec: number;
  /** `scheduled`, `started`, `established`, `completed`, `failed`; of pings `sent`, `received`, `lost`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly latency: Readonly<Record<string, LatencySummary>>;
  readonly histograms: EncodedHistograms | undefined;
}

/** A whole round. */
export interface MeasuredRound extends Measured {
  /** What it offered, in words. */
  readonly load: string;
  /** Null for `max`. */
  readonly offeredPerSec: number | null;
  /** Processor time for each connection or ping, in nanoseconds; null where there was none. */
  readonly cpuNs: number | null;
  /** The intervals that lie in the round: what ends after it is the rest of its connections. */
  readonly intervals: readonly Measured[];
}

/** Returns the rounds of a result. */
export function measuredRounds(result: ClientResult | RttResult): MeasuredRound[] {
  return result.schema === 'conngen.client/1' ? result.rounds.map(clientRound) : result.rounds.map(rttRound);
}

function clientRound(round: RoundResult): MeasuredRound {
  const { ramp, offered_rate_per_sec: offeredPerSec, attempts, outcomes, latency_ns: latency } = round;
  const offered = offeredPerSec === null ? 'max' : formatPerSec(offeredPerSec);
  return {
    load: ramp === undefined ? offered : `${formatCount(ramp.from_per_sec)} to ${formatPerSec(ramp.to_per_sec)}`,
    offeredPerSec,
    lengthSec: round.duration_sec,
    counts: {
      scheduled: attempts.scheduled,
      started: attempts.started,
      // The connect clock counts every connection that was established.
      established: latency.connect.count,
      completed: outcomes.ok,
      failed: attempts.started - outcomes.ok,
    },
    latency: { ...latency },
    histograms: round.histograms,
    cpuNs: attempts.started === 0 ? null : knownNs(round.cpu.usec_per_connection),
    intervals: within(round.intervals, round.duration_sec).map(clientInterval),
  };
}

/** 0 stands for a time that is not known. */
function knownNs(usec: number): number | null {
  return usec === 0 ? null : usec * 1e3;
}

function clientInterval(interval: IntervalResult): Measured {
  const { length_sec: lengthSec, scheduled, started, established, ok: completed, failed } = interval;
  const counts = { scheduled, started, established, completed, failed };
  return { lengthSec, counts, latency: { ...interval.latency_ns }, histograms: interval.histograms };
}

function rttRound(round: RttRound): MeasuredRound {
  const { offered_rate_per_sec: offeredPerSec } = round;
  return {
    load: offeredPerSec === null ? 'max' : formatPerSec(offeredPerSec),
    offeredPerSec,
    lengthSec: round.duration_sec,
    counts: pingCounts(round),
    latency: pingLatency(round),
    histograms: round.histograms,
    cpuNs: round.sent === 0 ? null : knownNs(round.cpu.usec_per_ping),
    intervals: within(round.intervals, round.duration_sec).map((interval) => ({
      lengthSec: interval.length_sec,
      counts: pingCounts(interval),
      latency: pingLatency(interval),
      histograms: interval.histograms,
    })),
  };
}

function pingCounts({ scheduled, sent, received, lost }: RttRound | RttInterval): Record<string, number> {
  return { scheduled, sent, received, lost };
}

function pingLatency(figures: RttRound | RttInterval): Record<string, LatencySummary> {
  return { rtt: figures.rtt_ns, corrected_rtt: figures.corrected_rtt_ns };
}

/** The whole intervals of the measured time: the first and the last may be cut short. */
function within<T extends { readonly start_sec: number; readonly length_sec: number }>(
  intervals: readonly T[],
  durationSec: number,
): T[] {
  const TOLERANCE_SEC = 0.05;
  return intervals.filter(
    ({ start_sec: startSec, length_sec: lengthSec }) =>
      lengthSec >= 1 - TOLERANCE_SEC && startSec + lengthSec <= durationSec + TOLERANCE_SEC,
  );
}
