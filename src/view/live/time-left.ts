/** What is known while cells run. */
export interface LabTime {
  readonly plannedCellSec: number;
  readonly total: number;
  /** How long each finished cell took. */
  readonly tookSec: readonly number[];
  /** The time that the cell under way has taken so far. */
  readonly currentSec: number;
}

/** Seconds until the last cell ends: as planned at first, as the cells before took once there are any. */
export function timeLeftSec({ plannedCellSec, total, tookSec, currentSec }: LabTime): number {
  const eachSec = tookSec.length === 0 ? plannedCellSec : tookSec.reduce((sum, sec) => sum + sec, 0) / tookSec.length;
  const remaining = total - tookSec.length;
  return remaining === 0 ? 0 : Math.max(0, eachSec - currentSec) + (remaining - 1) * eachSec;
}
