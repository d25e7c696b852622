/** The floor: how quick a target is while it is at ease. */

/**
 * The lowest p90 so far. Noise only makes a p90 longer, and at a low rate idle cores and cold caches do so too, so the
 * lowest of all steps is nearer to the truth than the first one. Null entries had nothing to measure.
 */
export function floorOf(p90sNs: readonly (number | null)[]): number | null {
  const known = p90sNs.filter((p90Ns) => p90Ns !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** Fewer latencies than this have no p90 worth the name. */
export const LATENCIES_MIN = 20;

/**
 * The index from which on latency is off the floor: the first p90 above `slowdown` times the lowest before it, if the next
 * one is above it too (a single second may be noise). Null where it stays.
 */
export function leavesFloorAt(p90sNs: readonly (number | null)[], slowdown: number): number | null {
  for (let index = 1; index + 1 < p90sNs.length; index++) {
    const floorNs = floorOf(p90sNs.slice(0, index));
    if (floorNs === null) continue;
    const isAbove = (at: number): boolean => (p90sNs[at] ?? 0) > slowdown * floorNs;
    if (isAbove(index) && isAbove(index + 1)) return index;
  }
  return null;
}
