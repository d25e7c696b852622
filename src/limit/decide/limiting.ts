/** Why this machine, and not the target, was the limit of a trial. Pure. */
import type { LimitedByResult } from '../../document/limit.ts';
import type { RoundResult } from '../../document/client.ts';
import { coreShares, type Standing } from './standing.ts';

/** Processor time of another process during the trial. */
export interface Neighbour {
  readonly pid: number;
  readonly name: string;
  readonly usec: number;
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
  const { cpu, kernel, duration_sec: durationSec } = round;
  const shares = coreShares(round);
  const busiest = shares.indexOf(Math.max(...shares));
  const percent = (usec: number): number => (durationSec > 0 ? Math.round(usec / 1e4 / durationSec) : 0);
  const processor = kernel?.cpu?.[busiest];
  return {
    code,
    message: reason,
    processor:
      processor === undefined ? null : { core: processor.core, busy_percent: Math.round(shares[busiest]! * 100) },
    own_percent: percent(cpu.user_usec + cpu.system_usec),
    shared_with: neighbours
      .map(({ pid, name, usec }) => ({ pid, name, percent: percent(usec) }))
      .filter((each) => each.percent >= SHARE_MIN * 100)
      .slice(0, NEIGHBOURS_MAX),
  };
}
