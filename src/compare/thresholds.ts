/** `--fail-if` of a comparison: a change that is proven to be worse than a limit. */
import type { CompareFigure, CompareThreshold } from '../document/compare.ts';
import type { ChangeCriterion } from '../judge/change-criterion.ts';

/** Returns what becomes of a criterion: of several rounds or answers, the one that is furthest beyond the limit. */
export function heldAgainst(criterion: ChangeCriterion, figures: readonly CompareFigure[]): CompareThreshold {
  const { figure: name, expression } = criterion;
  const found = figures.filter((figure) => figure.name === name || figure.name.startsWith(`${name}(`));
  const held = found.map((figure) => holdOne(criterion, figure));
  const order = ['fail', 'not_measured', 'pass'] as const;
  const [worst] = held.sort(
    (a, b) => order.indexOf(a.status) - order.indexOf(b.status) || distance(criterion, b) - distance(criterion, a),
  );
  return worst ?? { expression, round: 0, change: null, bound: null, status: 'not_measured' };
}

function holdOne({ expression, comparison, limitPercent }: ChangeCriterion, figure: CompareFigure): CompareThreshold {
  const isAbove = comparison.startsWith('>');
  const change = percentOf(figure, figure.change === 'ratio' ? figure.ratio : (figure.difference ?? null));
  // Of an increase the lower end has to be beyond the limit, of a decrease the upper one.
  const bound = percentOf(figure, isAbove ? figure.low : figure.high);
  const { round } = figure;
  if (bound === null) {
    // An open end is as far from the limit as can be; without any interval nothing is known.
    const isOpen = (isAbove ? figure.high : figure.low) !== null;
    return { expression, round, change, bound, status: isOpen ? 'pass' : 'not_measured' };
  }
  return { expression, round, change, bound, status: holds(bound, comparison, limitPercent) ? 'fail' : 'pass' };
}

function percentOf({ change }: CompareFigure, value: number | null): number | null {
  return value === null ? null : change === 'ratio' ? (value - 1) * 100 : value;
}

function holds(value: number, comparison: ChangeCriterion['comparison'], limit: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
  }
}

function distance({ comparison }: ChangeCriterion, { bound }: CompareThreshold): number {
  return bound === null ? -Infinity : comparison.startsWith('>') ? bound : -bound;
}
