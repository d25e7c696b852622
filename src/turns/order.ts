/** Whose turn it is: the order in which the runs of two sides are taken. */

export type Side = 'base' | 'new';

/** One run to be taken. */
export interface Turn {
  readonly side: Side;
  /** Counts the runs of the side, from 1. */
  readonly number: number;
}

/** Returns base, new, new, base, base, new …: what changes evenly with time adds as much to one side as to the other. */
export function turnsOf(runs: number): Turn[] {
  return Array.from({ length: runs }, (_, index) => index + 1).flatMap((number): Turn[] => {
    const pair: Turn[] = [
      { side: 'base', number },
      { side: 'new', number },
    ];
    return number % 2 === 1 ? pair : pair.reverse();
  });
}
