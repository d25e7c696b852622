/** Makes named cells from axes, and selects those that are wanted. */
import type { Lab } from './lab.ts';
import type { Axis, AxisValue, Cell } from '../document/lab-description.ts';

/** Every combination, the last axis fastest. */
export function crossAxes(axes: readonly Axis[]): Cell[] {
  let combinations: Readonly<Record<string, AxisValue>>[] = [{}];
  for (const { name, values } of axes) {
    combinations = combinations.flatMap((before) => values.map((value) => ({ ...before, [name]: value })));
  }
  return combinations.map((combination) => ({ name: cellName(axes, combination), axes: combination }));
}

function cellName(axes: readonly Axis[], combination: Cell['axes']): string {
  return axes.map(({ name }) => String(combination[name])).join('/');
}

/** All cells of a lab that mean something. */
export function cellsOf(lab: Lab, quick: boolean): Cell[] {
  return crossAxes(lab.axes(quick)).filter(({ axes }) => lab.isWanted?.(axes) ?? true);
}

/** Matches a name with a pattern as a shell does: `*` is any text, `?` one character; the whole name has to match. */
function isMatch(pattern: string, name: string): boolean {
  let at = 0;
  // Where to go on after a mismatch: after the last `*`, with one more character of the name for it. Stars before it keep what
  // they have, which is why no pattern takes longer than its length times that of the name.
  let star = -1;
  let starEnd = 0;
  let next = 0;
  while (at < name.length) {
    const expected = pattern[next];
    if (expected === '*') {
      star = next++;
      starEnd = at;
    } else if (expected === '?' || expected === name[at]) {
      next++;
      at++;
    } else if (star !== -1) {
      next = star + 1;
      at = ++starEnd;
    } else {
      return false;
    }
  }
  while (pattern[next] === '*') next++;
  return next === pattern.length;
}

/** A pattern with `!` in front leaves out what it matches. */
const LEAVES_OUT = '!';

/** The cells that match any pattern, or all where every pattern leaves out, less those that are left out. */
export function selectCells(cells: readonly Cell[], patterns: readonly string[]): Cell[] {
  const out = patterns.filter((pattern) => pattern.startsWith(LEAVES_OUT)).map((pattern) => pattern.slice(1));
  const only = patterns.filter((pattern) => !pattern.startsWith(LEAVES_OUT));
  return cells.filter(
    ({ name }) =>
      (only.length === 0 || only.some((pattern) => isMatch(pattern, name))) &&
      !out.some((pattern) => isMatch(pattern, name)),
  );
}

/** Patterns that match no cell at all: a slip of the user. */
export function uselessPatterns(cells: readonly Cell[], patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => {
    const bare = pattern.startsWith(LEAVES_OUT) ? pattern.slice(1) : pattern;
    return !cells.some(({ name }) => isMatch(bare, name));
  });
}
