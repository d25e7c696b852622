/** How long the rest of a lab takes. */

/** What is known while cells run. */
export interface LabTime {
  readonly plannedCellSec: number;
  readonly total: number;
  /** How long each finished cell took. */
  readonly tookSec: readonly number[];
}

/** Seconds until the last cell ends, when one has just ended: as planned at first, as the cells before took once there are any. */
export function timeLeftSec({ plannedCellSec, total, tookSec }: LabTime): number {
  const eachSec = tookSec.length === 0 ? plannedCellSec : tookSec.reduce((sum, sec) => sum + sec, 0) / tookSec.length;
  return (total - tookSec.length) * eachSec;
}
