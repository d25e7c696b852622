/** Why this machine, and not the target, was the limit of a trial. Pure. */
import type { LimitedByResult } from '../../document/limit.ts';
import type { RoundResult } from '../../document/client.ts';
import type { Standing } from './standing.ts';

/** Another process, with the share of one processor that it used while the trial took place. */
export interface Neighbour {
  readonly pid: number;
  readonly name: string;
  readonly share: number;
}

/** A process that uses less than this share of a processor is no reason for anything. */
const SHARE_MIN = 0.05;
const NEIGHBOURS_MAX = 3;

/** The reason, with the use of the processors during the trial; null where this machine did not limit the trial. */
export function limitedBy(
  round: RoundResult,
  { standing, code, reason }: Standing,
  neighbours: readonly Neighbour[],
): LimitedByResult | null {
  if (standing !== 'generator_limited' || code === null || reason === null) return null;
  const { cpu, kernel, workers, duration_sec: durationSec } = round;
  const shares = coreShares(round);
  const busiest = shares.indexOf(Math.max(...shares));
  // Of the time until the last connection had ended: what was used then is in the figures too.
  const elapsedUsec = Math.max(durationSec * 1e6, ...workers.map(({ elapsed_usec: usec = 0 }) => usec));
  const ownUsec = cpu.user_usec + cpu.system_usec;
  const percent = (share: number): number => Math.round(share * 100);
  const processor = kernel?.cpu?.[busiest];
  return {
    code,
    message: reason,
    processor: processor === undefined ? null : { core: processor.core, busy_percent: percent(shares[busiest]!) },
    // No run is without processor time: 0 is what is known of agents that did not tell theirs.
    own_percent: elapsedUsec > 0 && ownUsec > 0 ? percent(ownUsec / elapsedUsec) : null,
    shared_with: neighbours
      .filter(({ share }) => share >= SHARE_MIN)
      .slice(0, NEIGHBOURS_MAX)
      .map(({ pid, name, share }) => ({ pid, name, percent: percent(share) })),
  };
}

/** How busy each core was while the load was on. What was done after it (connections that time out) counts too. */
function coreShares({ kernel, stages, intervals, duration_sec: scheduledSec }: RoundResult): number[] {
  // In stages the load goes on after the last start.
  const durationSec =
    stages === undefined ? scheduledSec : intervals.reduce((sum, { length_sec: sec }) => sum + sec, 0);
  return (kernel?.cpu ?? []).map((core) => {
    const busyUsec = core.user_usec + core.system_usec + core.irq_usec + core.softirq_usec + core.steal_usec;
    return durationSec > 0 ? Math.min(1, busyUsec / 1e6 / durationSec) : 0;
  });
}
