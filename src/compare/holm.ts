/** Holm's adjustment: p-values for a family of several tests. */

/**
 * Returns p-values adjusted by Holm's procedure, in the order given. A figure whose adjusted value is at most alpha differs; the
 * probability that any equal figure is among those is at most alpha, however the tests depend on each other (Holm 1979).
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => ps[a]! - ps[b]!);
  const adjusted = new Array<number>(ps.length).fill(1);
  let largest = 0;
  for (const [place, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, ps[index]! * (ps.length - place)));
    adjusted[index] = largest;
  }
  return adjusted;
}
