/** Whether a trial says anything about the target. */
import type { Criterion } from '../measure/criterion.ts';
import type { RoundResult } from '../measure/result.ts';
import type { TrialStanding } from './trial.ts';

export interface Standing {
  readonly standing: TrialStanding;
  /** Why it says nothing, in a sentence; null where it does. */
  readonly reason: string | null;
}

/** Of a core that client and target share: busier than that, and neither can be told from the other. */
const BUSY_SHARED = 0.9;
/** Of all cores, wherever the target is. */
const BUSY_ALL = 0.97;

/**
 * Reasons of a verdict for which the load was offered as it should have been: the generator was short of time, so that what it
 * measures is longer than it was. A goal that is met all the same is met, and what was lost was lost.
 */
const SHORT_OF_TIME: readonly string[] = ['cpu_throttled', 'run_queue_wait', 'pacing_saturated', 'workers_uneven'];

/** What goals a trial missed. `time`: of latencies, or other figures to which delays of this machine add. */
export type Missed = 'none' | 'counts' | 'time';

/** Of the schedule. With more than that missing it is another load. */
const MISSED_MOST = 0.05;

/**
 * The round as it was offered: without the few starts that this machine missed, which are no loss of the target's, at the rate
 * that was started instead. Null where it missed too many.
 */
export function asStarted(round: RoundResult): RoundResult | null {
  const { attempts, duration_sec: durationSec } = round;
  if (attempts.missed === 0) return round;
  if (attempts.missed > attempts.scheduled * MISSED_MOST) return null;
  return {
    ...round,
    offered_rate_per_sec: durationSec > 0 ? attempts.started / durationSec : round.offered_rate_per_sec,
    attempts: { ...attempts, scheduled: attempts.started, missed: 0 },
  };
}

/** By the goals that were not met. */
export function missedBy(goals: readonly Criterion[], met: readonly boolean[]): Missed {
  const missed = goals.filter((_, goal) => met[goal] !== true);
  if (missed.length === 0) return 'none';
  return missed.every(({ metric }) => metric.kind === 'attempts' || metric.kind === 'rate') ? 'counts' : 'time';
}

/**
 * `isLocal`: the target has an address of this machine, and shares its cores. Where those were busy a failure is this machine's
 * as much as the target's, and no reason to blame it.
 */
export function standingOf(round: RoundResult, missed: Missed, isLocal: boolean): Standing {
  const { status } = round.verdict;
  const nothing = round.verdict.reasons.find(({ code }) => code === 'nothing_established');
  const isTrusted = missed === 'none' || (missed === 'counts' && !isLocal);
  const isTolerated = (code: string): boolean =>
    (code === 'missed_starts' && asStarted(round) !== null) || (isTrusted && SHORT_OF_TIME.includes(code));
  const reasons = round.verdict.reasons.filter(({ code }) => !isTolerated(code));
  const [reason] = reasons;
  if (reason !== undefined && (status === 'generator_limited' || (status === 'invalid' && nothing === undefined))) {
    return { standing: 'generator_limited', reason: reason.message };
  }
  if (nothing !== undefined) return { standing: 'nothing_established', reason: nothing.message };
  const shares = coreShares(round);
  const busiest = Math.max(0, ...shares);
  const mean = shares.length === 0 ? 0 : shares.reduce((sum, share) => sum + share, 0) / shares.length;
  if (missed !== 'none' && ((isLocal && busiest > BUSY_SHARED) || mean > BUSY_ALL)) {
    const whose = isLocal ? ', which the target shares' : '';
    const percent = Math.round((isLocal ? busiest : mean) * 100);
    const cores = isLocal ? 'A core' : 'The cores';
    return {
      standing: 'generator_limited',
      reason: `${cores} of this machine${whose} had no time left (busy for ${percent} %): what failed is not the target's alone. Use two machines.`,
    };
  }
  return { standing: 'valid', reason: null };
}

/** How busy each core was while the load was on. What was done after it (connections that time out) counts too. */
export function coreShares({ kernel, duration_sec: durationSec }: RoundResult): number[] {
  return (kernel?.cpu ?? []).map((core) => {
    const busyUsec = core.user_usec + core.system_usec + core.irq_usec + core.softirq_usec + core.steal_usec;
    return durationSec > 0 ? Math.min(1, busyUsec / 1e6 / durationSec) : 0;
  });
}
