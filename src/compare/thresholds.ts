/** `--fail-if` of a comparison: a change that is proven to be worse than a limit. */
import type { CompareFigure, CompareThreshold } from '../document/compare.ts';
import type { ChangeCriterion } from '../judge/change-criterion.ts';
import { holds } from '../judge/criterion.ts';

/** The worst first. */
const ORDER: readonly CompareThreshold['status'][] = ['fail', 'not_measured', 'not_proven', 'pass'];

/** Returns the outcome of a criterion: of several rounds or answers, the worst one, and of equal ones the one furthest beyond the limit. */
export function heldAgainst(criterion: ChangeCriterion, figures: readonly CompareFigure[]): CompareThreshold {
  const { figure: name, expression } = criterion;
  const found = figures.filter((figure) => figure.name === name || figure.name.startsWith(`${name}(`));
  const held = found.map((figure) => holdOne(criterion, figure));
  const [worst] = held.sort(
    (a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || distance(criterion, b) - distance(criterion, a),
  );
  return worst ?? { expression, figure: null, round: 0, change: null, bound: null, status: 'not_measured' };
}

function holdOne(criterion: ChangeCriterion, figure: CompareFigure): CompareThreshold {
  const { expression, comparison } = criterion;
  const isAbove = comparison.startsWith('>');
  const change = percentOf(figure, figure.change === 'ratio' ? figure.ratio : (figure.difference ?? null));
  // Of an increase the lower end has to be beyond the limit, of a decrease the upper one.
  const [near, far] = isAbove ? [figure.low, figure.high] : [figure.high, figure.low];
  const bound = percentOf(figure, near);
  const status = statusOf(criterion, bound, percentOf(figure, far));
  return { expression, figure: figure.name, round: figure.round, change, bound, status };
}

/** Both ends beyond the limit fail, both ends within it pass. An open end (null) is further out than any limit. */
function statusOf(
  { comparison, limitPercent }: ChangeCriterion,
  near: number | null,
  far: number | null,
): CompareThreshold['status'] {
  if (near === null && far === null) return 'not_measured';
  if (near !== null && holds(near, comparison, limitPercent)) return 'fail';
  return far !== null && !holds(far, comparison, limitPercent) ? 'pass' : 'not_proven';
}

function percentOf({ change }: CompareFigure, value: number | null): number | null {
  return value === null ? null : change === 'ratio' ? (value - 1) * 100 : value;
}

function distance({ comparison }: ChangeCriterion, { bound }: CompareThreshold): number {
  return bound === null ? -Infinity : comparison.startsWith('>') ? bound : -bound;
}
