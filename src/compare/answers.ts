/** The answers of searches and saturations, which are intervals: the load that still met a goal, and the one that no longer did. */
import type { CriterionUnit } from '../document/client.ts';
import type { GoalResult, SaturateResult, SearchResult } from '../document/limit.ts';

/** One answer of one run. */
export interface Answer {
  /** The name of the figure; the same goal has the same name in every run. */
  readonly name: string;
  readonly unit: CriterionUnit;
  /** The answer; null where there is none. */
  readonly value: number | null;
  /** The highest load that met the goal; null where none did. */
  readonly lower: number | null;
  /** The lowest load that did not; null where none is known. */
  readonly upper: number | null;
}

/** Returns the answers of a run. */
export function answersOf(result: SearchResult | SaturateResult): Answer[] {
  if (result.schema === 'conngen.saturate/1') {
    const { sustained_per_sec: lower, saturated_at: upper } = result;
    return [{ name: 'sustained', unit: 'per_sec', value: lower, lower, upper }];
  }
  const hasQuantities = new Set(result.goals.map(({ quantity }) => quantity)).size > 1;
  return result.goals.map((goal) => goalAnswer(goal, hasQuantities));
}

function goalAnswer(goal: GoalResult, hasQuantities: boolean): Answer {
  const { quantity, payload_file: payloadFile } = goal;
  const parts = [goal.goal];
  if (hasQuantities) parts.push(quantity);
  if (payloadFile !== undefined) parts.push(payloadFile ?? 'no payload');
  const name = `answer(${parts.join(', ')})`;
  if (quantity === 'connections') {
    const { connections: value, lower_connections: lower, upper_connections: upper } = goal;
    return { name, unit: 'count', value, lower, upper };
  }
  // The answer is what the trials started, which may be less than the rates that bound it.
  const { rate_per_sec: value, lower_per_sec: lower, upper_per_sec: upper } = goal;
  return { name, unit: 'per_sec', value, lower: least(lower, value), upper };
}

function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

/** The bounds that hold every answer of a side. An end that one run leaves open is open. */
export interface Bounds {
  readonly lower: number | null;
  readonly upper: number | null;
}

/** Returns the smallest range that holds the answers of all runs of a side. */
export function hullOf(answers: readonly Answer[]): Bounds {
  const lowers = answers.map(({ lower }) => lower);
  const uppers = answers.map(({ upper }) => upper);
  return {
    lower: lowers.includes(null) ? null : Math.min(...lowers.map((lower) => lower ?? 0)),
    upper: uppers.includes(null) ? null : Math.max(...uppers.map((upper) => upper ?? 0)),
  };
}

/** Returns the range of new divided by base that the bounds allow; an open end is null. */
export function ratioBounds(base: Bounds, next: Bounds): { readonly low: number | null; readonly high: number | null } {
  return { low: divided(next.lower, base.upper), high: divided(next.upper, base.lower) };
}

function divided(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole <= 0 || part <= 0 ? null : part / whole;
}
