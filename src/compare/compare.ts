/** Compares the runs of two sides: refuses what cannot be compared, and returns the document of the comparison. Pure. */
import type {
  CompareFigure,
  CompareResult,
  CompareRun,
  CompareSide,
  CompareTaking,
  CompareThreshold,
} from '../document/compare.ts';
import { machineSystem } from '../document/system.ts';
import type { ChangeCriterion } from '../judge/change-criterion.ts';
import { nameFiles } from '../units/file-list.ts';
import type { Problem } from '../units/problem.ts';
import { VERSION } from '../units/version.ts';
import { answersOf } from './answers.ts';
import { compareAnswers } from './compared-answers.ts';
import { howSentences, percentOf } from './how.ts';
import {
  endWarnings,
  isComparable,
  kindObjections,
  planDifferences,
  twinObjections,
  verdictObjections,
  worstVerdict,
  type Comparable,
  type NamedResult,
  type Objection,
} from './likeness.ts';
import { measuredRounds } from './measured.ts';
import { compareRounds, type ComparedRounds } from './rounds.ts';
import { heldAgainst } from './thresholds.ts';
import { judged, runsNeeded } from './verdict.ts';

export type { NamedResult } from './likeness.ts';

/** The options of a comparison. */
export interface CompareSettings {
  /** Changes within this share count as none. */
  readonly margin: number;
  /** The confidence of intervals and verdicts, below 1. */
  readonly confidence: number;
  /** The figures that are tested, by name; empty for the usual ones. */
  readonly tested: readonly string[];
  readonly criteria: readonly ChangeCriterion[];
  /** Compares in spite of what stands against it. */
  readonly isForced: boolean;
}

/** What is known of the sides beside their results. */
export interface TakenRuns {
  readonly base: Pick<CompareSide, 'config_file' | 'before'>;
  readonly next: Pick<CompareSide, 'config_file' | 'before'>;
  readonly taking: CompareTaking;
  readonly isInterrupted: boolean;
}

export type Compared = { readonly result: CompareResult } | { readonly problems: readonly Problem[] };

/** Compares `next` with `base`; at least one result each. Every problem is in the list. */
export function compareResults(
  base: readonly NamedResult[],
  next: readonly NamedResult[],
  settings: CompareSettings,
  taken?: TakenRuns,
): Compared {
  const all = [...base, ...next];
  const unfit = kindObjections(all);
  const ours = base.filter(isComparable);
  const theirs = next.filter(isComparable);
  if (unfit.length > 0) return { problems: unfit };
  const results = [...ours, ...theirs];
  const plans = planDifferences(results);
  const objections = [...twinObjections(results), ...verdictObjections(results), ...plans.objections];
  const compared = compareFigures(ours, theirs, settings);
  const final = [...testedObjections(compared, settings), ...secondsObjections(compared, results)];
  // Where something stands against it that cannot be forced, --force is no way out, and what it would overrule is not the cause.
  if (final.length > 0) return { problems: [...final, ...(settings.isForced ? [] : objections)] };
  if (objections.length > 0 && !settings.isForced) return { problems: objections.map(wayOut) };
  const figures = noted(judged(compared.figures, settings), compared, settings, { ours, theirs });
  const thresholds = settings.criteria.map((criterion) => heldAgainst(criterion, figures));
  const result: CompareResult = {
    schema: 'conngen.compare/1',
    conngen: VERSION,
    started_at: new Date().toISOString(),
    of: results[0]!.document.schema,
    basis: compared.basis,
    how: howSentences({
      compared,
      figures,
      base: ours,
      next: theirs,
      margin: settings.margin,
      confidence: settings.confidence,
    }),
    margin_percent: percentOf(settings.margin),
    confidence_percent: percentOf(settings.confidence),
    runs_needed: runsNeeded(compared.figures.filter(({ tested }) => tested).length, settings.confidence),
    system: machineSystem(),
    sides: {
      base: { runs: ours.map(runOf), ...taken?.base },
      new: { runs: theirs.map(runOf), ...taken?.next },
    },
    rounds: compared.rounds,
    figures,
    shifts: compared.shifts,
    warnings: [...compared.warnings, ...plans.warnings, ...endWarnings(results)],
    ...(objections.length > 0 ? { forced: objections.map(({ told }) => told) } : {}),
    ...(thresholds.length > 0
      ? { thresholds, thresholds_met: thresholds.every(({ status }) => !FAILS.includes(status)) }
      : {}),
    ...(taken === undefined ? {} : { taking: taken.taking }),
    ...(taken?.isInterrupted === true ? { interrupted: true } : {}),
  };
  return { result };
}

const FAILS: readonly CompareThreshold['status'][] = ['fail', 'not_measured'];

type Named = readonly NamedResult<Comparable>[];

function compareFigures(base: Named, next: Named, { confidence, tested }: CompareSettings): ComparedRounds {
  const [ours, theirs] = [base, next].map((side) => side.map(({ document }) => document));
  if (ours!.every(isLimit) && theirs!.every(isLimit)) return compareAnswers(ours, theirs, confidence);
  const rounds = (side: readonly Comparable[]): RoundsDocument[] => side.filter((each) => !isLimit(each));
  return compareRounds({ base: rounds(ours!), next: rounds(theirs!), confidence, tested });
}

type LimitDocument = Extract<Comparable, { readonly schema: 'conngen.search/1' | 'conngen.saturate/1' }>;
type RoundsDocument = Exclude<Comparable, LimitDocument>;

function isLimit(document: Comparable): document is LimitDocument {
  return document.schema === 'conngen.search/1' || document.schema === 'conngen.saturate/1';
}

function wayOut({ option, got, expected }: Objection): Problem {
  return { option, got, expected: `${expected} (--force compares all the same)` };
}

/** Figures that were asked for, in `--figure` or `--fail-if`, and that results of this kind do not have. */
function testedObjections({ figures }: ComparedRounds, { tested, criteria }: CompareSettings): Problem[] {
  const names = [...new Set(figures.map(({ name }) => name))];
  const isThere = (wanted: string): boolean => names.some((name) => name === wanted || name.startsWith(`${wanted}(`));
  const expected = `a figure of these results: ${names.join(', ')}`;
  return [
    ...tested.filter((name) => !isThere(name)).map((got) => ({ option: '--figure', got, expected })),
    ...criteria
      .filter(({ figure }) => !isThere(figure))
      .map(({ expression: got }) => ({ option: '--fail-if', got, expected })),
  ];
}

/** Nothing to compare: no load that all runs have, or one run a side without its seconds. */
function secondsObjections({ basis, rounds, figures }: ComparedRounds, results: Named): Problem[] {
  if (rounds.length === 0 || figures.length === 0) {
    const expected = `runs that have a round, or an answer, in common: ${loadsOf(results)}`;
    return [{ option: 'files', got: nameFiles(results.map(({ file }) => file)), expected }];
  }
  if (basis === 'runs') return [];
  return results
    .filter(({ document }) => 'rounds' in document && document.rounds.every(({ intervals }) => intervals.length === 0))
    .map(({ file }) => {
      const expected = 'a result with its intervals: one run a side is compared second by second';
      return { option: `${file}: rounds[].intervals`, got: 'none', expected };
    });
}

/** Different loads or goals that are named in a message. */
const LOADS_NAMED = 4;

/** `500/s in a.json and 6 more; 100/s, 300/s in b.json`. */
function loadsOf(results: Named): string {
  const files = new Map<string, string[]>();
  for (const { file, document } of results) {
    const loads = isLimit(document)
      ? answersOf(document).map(({ name }) => name)
      : measuredRounds(document).map(({ load }) => load);
    const text = loads.length === 0 ? 'none' : loads.join(', ');
    files.set(text, [...(files.get(text) ?? []), file]);
  }
  const named = [...files].map(([loads, of]) => `${loads} in ${nameFiles(of)}`);
  const more = named.length > LOADS_NAMED ? ['…'] : [];
  return [...named.slice(0, LOADS_NAMED), ...more].join('; ');
}

function runOf({ file, document }: NamedResult<Comparable>): CompareRun {
  const { started_at, conngen, system } = document;
  const machine = { kernel: system.kernel, node: system.node, cpus: system.cpus };
  return { file, started_at, conngen, system: machine, verdict: worstVerdict(document) };
}

interface Sides {
  readonly ours: Named;
  readonly theirs: Named;
}

/** Says of tested figures why nothing could be told of them. */
function noted(
  figures: readonly CompareFigure[],
  { basis }: ComparedRounds,
  { confidence }: CompareSettings,
  { ours, theirs }: Sides,
): CompareFigure[] {
  const needed = runsNeeded(figures.filter(({ tested }) => tested).length, confidence);
  const fewest = Math.min(ours.length, theirs.length);
  return figures.map((figure) => {
    const { tested, verdict, method, note } = figure;
    if (!tested || verdict !== 'unclear' || note !== undefined || basis !== 'runs' || method === 'answer')
      return figure;
    if (fewest >= needed) return figure;
    return { ...figure, note: `too few to tell: ${needed} runs a side are needed, and the smaller side has ${fewest}` };
  });
}
