import type { Verdict, VerdictReason, VerdictStatus } from './result.ts';
import type { Tally } from './round.ts';

/** What a verdict is reached from. */
export interface VerdictInput {
  readonly tally: Tally;
  readonly maxInFlight: number;
  readonly inFlightMax: number;
  readonly isClosedLoop: boolean;
  /** `host:port`, for the sentences. */
  readonly target: string;
}

/** Starts this late are no longer the schedule that was asked for. */
const LAG_P99_LIMIT_NS = 10e6;
/** Below this share of the schedule, missed starts are named but do not change the verdict. */
const MISSED_SHARE_LIMIT = 0.0001;

interface Rule {
  readonly code: string;
  readonly status: VerdictStatus;
  /** The sentence if the rule applies, else undefined. */
  message(input: VerdictInput): string | undefined;
}

/** Attempts that this machine could start. */
function sentToTarget(tally: Tally): number {
  const { source_exhausted: noPort, fd_exhausted: noDescriptor } = tally.outcomeCounts();
  return tally.started - noPort - noDescriptor;
}

/** In the order of reports; the README documents each. */
const RULES: readonly Rule[] = [
  {
    code: 'nothing_started',
    status: 'invalid',
    message: ({ tally }) =>
      tally.started === 0
        ? 'No connection was started, so nothing was measured: make the round longer or the rate higher.'
        : undefined,
  },
  {
    code: 'nothing_established',
    status: 'invalid',
    message: ({ tally, target }) =>
      sentToTarget(tally) > 0 && tally.established === 0
        ? `No connection to ${target} was established: check that a server listens there (conngen server) and that nothing between refuses or drops it.`
        : undefined,
  },
  {
    code: 'nothing_sent',
    status: 'invalid',
    message: ({ tally }) =>
      tally.started > 0 && sentToTarget(tally) === 0
        ? 'No connection attempt left this machine, so nothing was measured of the target.'
        : undefined,
  },
  {
    code: 'source_exhausted',
    status: 'generator_limited',
    message: ({ tally }) => {
      const count = tally.outcomeCounts().source_exhausted;
      return count > 0
        ? `${count} starts found no free source port: give more addresses (--source) or ports (--source-ports 1024-65535), or close with --close rst.`
        : undefined;
    },
  },
  {
    code: 'fd_exhausted',
    status: 'generator_limited',
    message: ({ tally }) => {
      const count = tally.outcomeCounts().fd_exhausted;
      return count > 0 ? `${count} starts found no free file descriptor: raise the limit (ulimit -n).` : undefined;
    },
  },
  {
    code: 'in_flight_limit',
    status: 'generator_limited',
    message: ({ tally, inFlightMax, maxInFlight, isClosedLoop }) =>
      !isClosedLoop && inFlightMax >= maxInFlight && tally.missed > 0
        ? `${tally.missed} starts were missed because ${maxInFlight} connections were open at once: raise --max-in-flight, or shorten --timeout or --hold.`
        : undefined,
  },
  {
    code: 'missed_starts',
    status: 'generator_limited',
    message: ({ tally, inFlightMax, maxInFlight }) =>
      inFlightMax < maxInFlight && tally.missed > tally.scheduled * MISSED_SHARE_LIMIT
        ? `${tally.missed} of ${tally.scheduled} starts did not happen in time: this machine cannot keep up; lower --rate or add --workers.`
        : undefined,
  },
  {
    code: 'schedule_lag',
    status: 'generator_limited',
    message: ({ tally, isClosedLoop }) => {
      const { p99 } = tally.latencySummaries().schedule_lag;
      return !isClosedLoop && p99 > LAG_P99_LIMIT_NS
        ? `One start in a hundred was more than ${(p99 / 1e6).toFixed(1)} ms late: this machine cannot keep the schedule; lower --rate, add --workers or stop what else runs here.`
        : undefined;
    },
  },
];

/** Whose limit a round shows. The worst status of the rules that apply, with the sentence of each. */
export function verdictOf(input: VerdictInput): Verdict {
  const reasons: VerdictReason[] = [];
  let status: VerdictStatus = 'valid';
  for (const rule of RULES) {
    const message = rule.message(input);
    if (message === undefined) continue;
    reasons.push({ code: rule.code, message });
    if (status === 'valid' || rule.status === 'invalid') status = rule.status;
  }
  return { status, reasons };
}
