/** Searches and saturations, compared: each answer is a range, and ranges that overlap show no difference. */
import type { CompareBasis } from '../document/compare.ts';
import type { SaturateResult, SearchResult } from '../document/limit.ts';
import { answersOf, hullOf, ratioBounds, type Answer } from './answers.ts';
import { onScale, overRuns } from './estimate.ts';
import { hasEnoughRuns, medianOf, type ComparedRounds } from './rounds.ts';
import type { Unjudged } from './verdict.ts';

type Limit = SearchResult | SaturateResult;

/** Compares the answers that every run has. */
export function compareAnswers(
  base: readonly Limit[],
  next: readonly Limit[],
  confidence: number,
): ComparedRounds & { readonly basis: CompareBasis } {
  const all = [...base, ...next].map((result) => new Map(answersOf(result).map((answer) => [answer.name, answer])));
  const names = [...new Set(all.flatMap((answers) => [...answers.keys()]))];
  const figures: Unjudged[] = [];
  const warnings: string[] = [];
  for (const name of names) {
    const without = all.filter((answers) => !answers.has(name)).length;
    if (without > 0) {
      warnings.push(`${name} is left out: ${without} of ${all.length} runs do not have it`);
      continue;
    }
    const answers = all.map((each) => each.get(name)!);
    figures.push(figureOf(answers.slice(0, base.length), answers.slice(base.length), confidence));
  }
  const load = base[0]?.schema === 'conngen.saturate/1' ? 'saturate' : 'search';
  return { basis: 'runs', rounds: [{ load, offered_rate_per_sec: null }], figures, shifts: [], warnings };
}

function figureOf(base: readonly Answer[], next: readonly Answer[], confidence: number): Unjudged {
  const { name, unit } = base[0]!;
  const [baseValues, nextValues] = [base, next].map((side) => side.map(({ value, lower }) => value ?? lower));
  const common = {
    name,
    round: 0,
    unit,
    better: 'higher',
    tested: true,
    base: medianOf(baseValues!),
    new: medianOf(nextValues!),
    base_values: baseValues!,
    new_values: nextValues!,
    change: 'ratio',
  } as const;
  const [ours, theirs] = [onScale(baseValues!, true), onScale(nextValues!, true)];
  // A run that found no upper bound has a lower bound in place of an answer: ranks of those say nothing, however equal they are.
  const open = [...base, ...next].filter(({ upper }) => upper === null).length;
  if (open === 0 && hasEnoughRuns(base, next) && ours !== null && theirs !== null) {
    const { change, low, high, method, confidence: kept, p, note } = overRuns(ours, theirs, confidence);
    const back = (value: number | null): number | null => (value === null ? null : Math.exp(value));
    const percent = kept === null ? null : Math.round(kept * 1e5) / 1e3;
    const interval = { ratio: back(change), low: back(low), high: back(high), confidence_percent: percent };
    return { ...common, ...interval, method, p, ...(note === undefined ? {} : { note }) };
  }
  const { low, high } = ratioBounds(hullOf(base), hullOf(next));
  const ratio = common.base === null || common.new === null || common.base <= 0 ? null : common.new / common.base;
  const isUnknown = low === null && high === null;
  const of = `${open} of ${base.length + next.length} runs`;
  const bounds = 'have no upper bound: every load that was tried met the goal, or this machine was the limit';
  const note = isUnknown
    ? { note: open > 0 ? `${of} ${bounds}` : 'the answers have no bounds that could be compared' }
    : {};
  const method = isUnknown ? 'none' : 'answer';
  return { ...common, ratio, low, high, method, confidence_percent: null, p: null, ...note };
}
