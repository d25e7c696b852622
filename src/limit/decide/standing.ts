/** Whether a trial says anything about the target. */
import { CORES_BUSY, mayBeOurs, type Missed } from '../../judge/busy-cores.ts';
import { NOTHING_COMPLETED, nothingCompleted } from '../../judge/nothing-completed.ts';
import type { Criterion } from '../../judge/criterion.ts';
import type { RoundResult } from '../../document/client.ts';
import type { Quantity } from '../../plan/load/limit-quantity.ts';
import type { TrialStanding } from './trial.ts';

export interface Standing {
  readonly standing: TrialStanding;
  /** Why it says nothing, or what it says of all connections: the code of a reason of the verdict, `cores_busy` or `nothing_completed`; else null. */
  readonly code: string | null;
  /** The same in a sentence. */
  readonly reason: string | null;
}

/**
 * Reasons of a verdict for which the load was offered as it should have been: the generator was short of time, so that what it
 * measures is longer than it was. A goal that is met all the same is met, and what was lost was lost.
 */
const SHORT_OF_TIME: readonly string[] = ['cpu_throttled', 'run_queue_wait', 'pacing_saturated', 'workers_uneven'];

/** The same for the stages of a trial whose rate is not what is searched for. */
const BESIDE_THE_POINT: Readonly<Record<Quantity, readonly string[]>> = {
  rate: ['exchanges_late'],
  connections: ['schedule_lag', 'exchanges_late'],
  teardown: ['schedule_lag'],
};

/** Reasons of a verdict that speak of delays of the generator, for which a round is not the target's. No delay fails all connections. */
const DELAYS: readonly string[] = SHORT_OF_TIME.concat([
  'missed_starts',
  'schedule_lag',
  'exchanges_late',
  'agent_limited',
  CORES_BUSY,
]);

/** The share of the schedule that may be missed; with more it is another load. */
const MISSED_MAX = 0.05;
/** The same where a latency is too long: a start that this machine missed shows that others, and their ends, may have come late too. */
const MISSED_MAX_TIME = 0.001;

/** The round as it was offered: without the starts that this machine missed, which are no loss of the target's, at the rate started. */
export function asStarted(round: RoundResult): RoundResult {
  const { attempts, duration_sec: durationSec } = round;
  if (attempts.missed === 0) return round;
  return {
    ...round,
    offered_rate_per_sec: durationSec > 0 ? attempts.started / durationSec : round.offered_rate_per_sec,
    attempts: { ...attempts, scheduled: attempts.started, missed: 0 },
  };
}

/**
 * Whether missed starts leave the round what it is. Few do. And where a part of the load was too much already, all of it is: a start
 * that would have been late is missed instead (trials are even), so nothing was lost in a burst.
 */
function isStillLoad({ attempts }: RoundResult, missed: Missed, isLocal: boolean): boolean {
  const share = missed === 'time' ? MISSED_MAX_TIME : MISSED_MAX;
  return attempts.missed <= attempts.scheduled * share || (missed === 'counts' && !isLocal);
}

/** A round in stages as goals see it: a connection that was lost before all had had their exchange is no success. */
export function asHeldTogether(round: RoundResult): RoundResult {
  const lost = round.stages === undefined ? 0 : (round.held?.lost ?? 0);
  if (lost === 0) return round;
  const { outcomes } = round;
  return { ...round, outcomes: { ...outcomes, ok: outcomes.ok - lost, reset: outcomes.reset + lost } };
}

/** Which kind of goals were not met: none, only goals about counts, or goals about times too. */
export function missedBy(goals: readonly Criterion[], met: readonly boolean[]): Missed {
  const missed = goals.filter((_, goal) => met[goal] !== true);
  if (missed.length === 0) return 'none';
  return missed.every(({ metric }) => metric.kind === 'attempts' || metric.kind === 'rate') ? 'counts' : 'time';
}

/**
 * `isLocal`: the target has an address of this machine, and shares its cores. Where those were busy, a goal that was missed is no reason to
 * blame the target (`mayBeOurs`).
 */
export function standingOf(
  round: RoundResult,
  missed: Missed,
  isLocal: boolean,
  quantity: Quantity = 'rate',
): Standing {
  const { status } = round.verdict;
  const none = round.verdict.reasons.every(({ code }) => DELAYS.includes(code)) ? nothingCompleted(round) : null;
  if (none !== null) return { standing: 'nothing_completed', code: NOTHING_COMPLETED, reason: none };
  const nothing = round.verdict.reasons.find(({ code }) => code === 'nothing_established');
  const isTrusted = missed === 'none' || (missed === 'counts' && !isLocal);
  const isTolerated = (code: string): boolean =>
    (code === 'missed_starts' && isStillLoad(round, missed, isLocal)) ||
    // It is judged below, with the goals.
    code === CORES_BUSY ||
    (isTrusted && (SHORT_OF_TIME.includes(code) || BESIDE_THE_POINT[quantity].includes(code)));
  const reasons = round.verdict.reasons.filter(({ code }) => !isTolerated(code));
  const [reason] = reasons;
  if (reason !== undefined && (status === 'generator_limited' || (status === 'invalid' && nothing === undefined))) {
    return { standing: 'generator_limited', code: reason.code, reason: reason.message };
  }
  if (nothing !== undefined) return { standing: 'nothing_established', code: nothing.code, reason: nothing.message };
  const busy = [...round.verdict.reasons, ...round.findings].find(({ code }) => code === CORES_BUSY);
  const { schedule_lag: lag, total } = round.latency_ns;
  if (busy !== undefined && mayBeOurs(missed, { isLocal, lagP99Ns: lag.p99, totalP99Ns: total.p99 })) {
    return { standing: 'generator_limited', code: busy.code, reason: busy.message };
  }
  return { standing: 'valid', code: null, reason: null };
}
