/** From estimates to verdicts: p-values adjusted for their number, and the margin within which sides count as the same. */
import type { CompareFigure, CompareVerdict } from '../document/compare.ts';
import { holm } from './holm.ts';
import { smallestP } from './mann-whitney.ts';
import { RUNS_MIN } from './estimate.ts';

/** What a verdict depends on beside the figure. */
export interface VerdictRules {
  /** Changes within this share count as none. */
  readonly margin: number;
  readonly confidence: number;
}

/** A figure without what depends on the others. */
export type Unjudged = Omit<CompareFigure, 'verdict' | 'p_adjusted'>;

/** Returns the figures with their verdicts. The p-values of all tested figures are one family. */
export function judged(figures: readonly Unjudged[], rules: VerdictRules): CompareFigure[] {
  const family = figures.filter(({ tested, p }) => tested && p !== null);
  const adjusted = holm(family.map(({ p }) => p ?? 1));
  return figures.map((figure) => {
    if (!figure.tested) return { ...figure, verdict: 'unclear' };
    const place = family.indexOf(figure);
    const adjustedP = place < 0 ? null : adjusted[place]!;
    const { note, ...rest } = figure;
    const verdict = verdictOf(figure, adjustedP, rules);
    return { ...rest, p_adjusted: adjustedP, verdict, ...(note === undefined ? {} : { note }) };
  });
}

function verdictOf(figure: Unjudged, adjustedP: number | null, { margin, confidence }: VerdictRules): CompareVerdict {
  const { low, high, change, method } = figure;
  if (isWithinMargin(figure, margin)) return 'same';
  const none = change === 'ratio' ? 1 : 0;
  if (method === 'answer') {
    if (low !== null && low > none) return inDirection(figure, 1);
    if (high !== null && high < none) return inDirection(figure, -1);
    return 'unclear';
  }
  // The sum of exact fractions in doubles may be a little more than the level that it is.
  if (adjustedP === null || adjustedP > (1 - confidence) * (1 + 1e-9)) return 'unclear';
  const estimate = change === 'ratio' ? figure.ratio : figure.difference;
  return estimate === null || estimate === undefined ? 'unclear' : inDirection(figure, Math.sign(estimate - none));
}

function inDirection({ better }: Unjudged, sign: number): CompareVerdict {
  if (sign === 0) return 'unclear';
  return sign > 0 === (better === 'higher') ? 'faster' : 'slower';
}

/**
 * Whether the whole interval is within the margin: two one-sided tests. The margin of a ratio is the same both ways, so that swapping the
 * sides changes nothing. Shares, such as failures, are the same only where they do not differ at all.
 */
function isWithinMargin({ low, high, change }: Unjudged, margin: number): boolean {
  if (low === null || high === null) return false;
  if (change === 'difference') return low === 0 && high === 0;
  return low >= 1 / (1 + margin) && high <= 1 + margin;
}

/** Returns how many runs each side needs so that every one of so many tested figures can be found to differ. */
export function runsNeeded(tested: number, confidence: number): number {
  let runs = RUNS_MIN;
  while (smallestP(runs, runs) * Math.max(1, tested) > (1 - confidence) * (1 + 1e-9)) runs++;
  return runs;
}
