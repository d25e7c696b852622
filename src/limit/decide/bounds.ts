/** Between which loads a search goes, and how fine. */

/** Loads are what a search varies: a rate, or a number of connections. */
export interface Bounds {
  readonly minLoad: number;
  readonly maxLoad: number;
  /** How far apart lower and upper bound may be, as a share of the lower one. */
  readonly precision: number;
  /** Whether only whole numbers are loads. */
  readonly isWhole?: boolean;
}

/** Rounds a load to about a thousandth, or to a whole number, so that it can be named and repeated exactly. */
export function roundLoad(load: number, { isWhole = false }: Pick<Bounds, 'isWhole'>): number {
  if (isWhole) return Math.round(load);
  const digits = Math.max(0, 3 - Math.floor(Math.log10(load)));
  return Number(load.toFixed(Math.min(6, digits)));
}
