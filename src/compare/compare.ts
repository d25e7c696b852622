/** Compares the runs of two sides: refuses what cannot be compared, and returns the document of the comparison. Pure. */
import type {
  CompareFigure,
  CompareResult,
  CompareRun,
  CompareSide,
  CompareTaking,
  CompareThreshold,
  ShiftFunction,
} from '../document/compare.ts';
import { machineSystem } from '../document/system.ts';
import type { ChangeCriterion } from '../judge/change-criterion.ts';
import { formatCountOf } from '../units/format.ts';
import { formatProblem, type Problem } from '../units/problem.ts';
import { VERSION } from '../units/version.ts';
import { RESAMPLES } from './bootstrap.ts';
import { compareAnswers } from './compared-answers.ts';
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
import { compareRounds, hasEnoughRuns, type ComparedRounds } from './rounds.ts';
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
  if (final.length > 0 || (objections.length > 0 && !settings.isForced)) {
    return { problems: [...objections.map(wayOut), ...final] };
  }
  const figures = noted(judged(compared.figures, settings), compared, settings, { ours, theirs });
  const thresholds = settings.criteria.map((criterion) => heldAgainst(criterion, figures));
  const result: CompareResult = {
    schema: 'conngen.compare/1',
    conngen: VERSION,
    started_at: new Date().toISOString(),
    of: results[0]!.document.schema,
    basis: compared.basis,
    how: howSentences(compared, figures, settings, { ours, theirs }),
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
    ...(objections.length > 0 ? { forced: objections.map(formatProblem) } : {}),
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
    const expected = 'runs that have a round, or an answer, in common';
    return [{ option: 'files', got: results.map(({ file }) => file).join(', '), expected }];
  }
  if (basis === 'runs') return [];
  return results
    .filter(({ document }) => 'rounds' in document && document.rounds.every(({ intervals }) => intervals.length === 0))
    .map(({ file }) => {
      const expected = 'a result with its intervals: one run a side is compared second by second';
      return { option: `${file}: rounds[].intervals`, got: 'none', expected };
    });
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

function howSentences(
  { basis, rounds, shifts }: ComparedRounds,
  figures: readonly CompareFigure[],
  settings: CompareSettings,
  { ours, theirs }: Sides,
): string[] {
  const confidence = percentOf(settings.confidence);
  const tests = figures.filter(({ p, tested }) => tested && p !== null).length;
  const isRanked = figures.some(({ method }) => method === 'mann_whitney');
  const says: string[] = [];
  if (figures.some(({ method }) => method === 'answer')) {
    says.push(
      'Answers are ranges, from the highest load that met the goal to the lowest that did not. Ranges that overlap are unclear.',
    );
  }
  if (isRanked) {
    says.push(
      `The unit is a run. Change: the median of all ratios of a new run to a base run (Hodges-Lehmann); interval: exact Mann-Whitney, at least ${confidence} %.`,
    );
  } else if (basis === 'runs' && !hasEnoughRuns(ours, theirs) && figures.some(({ method }) => method === 'none')) {
    says.push('The unit is a run, and there are too few for an interval: it takes five on each side.');
  }
  if (basis === 'seconds') {
    const results = [...ours, ...theirs];
    const blocks = rounds.flatMap(({ block_sec: blockSec }) => blockSec ?? []);
    const drawn =
      blocks.length === 0 ? '' : `, in blocks of ${[...new Set(blocks)].join(', ')} s, drawn ${RESAMPLES} times`;
    says.push(
      `One run on each side: intervals come from the seconds of the runs${drawn}. They cover the noise within a run only, not what differs from run to run; for that, compare five runs or more on each side.`,
    );
    if (results.some(isShort)) {
      says.push('A run here is shorter than 30 s: where its seconds hang together, the intervals are too narrow.');
    }
    if (isRebuilt(shifts)) {
      says.push(
        'The files have no histograms (--histograms): for the intervals each second was rebuilt from its stored percentiles.',
      );
    }
  }
  if (tests > 0) {
    const promise = `where nothing differs, "faster" or "slower" is said of any of them in at most ${percentOf(1 - settings.confidence)} % of comparisons`;
    const adjusted = `p is adjusted for ${formatCountOf(tests, 'tested figure')} (Holm)`;
    // Seconds of one run say nothing of other runs, so there is no such promise.
    says.push(basis === 'runs' ? `${adjusted}: ${promise}.` : `${adjusted}.`);
  }
  if (settings.margin > 0) {
    says.push(
      `"same" means that the whole interval is within ${percentOf(settings.margin)} % either way (two one-sided tests).`,
    );
  }
  return says;
}

/** Simulated in docs/explanation/comparing.md. */
const LONG_ENOUGH_SEC = 30;

function isShort({ document }: NamedResult<Comparable>): boolean {
  return 'rounds' in document && document.rounds.some(({ duration_sec: sec }) => sec < LONG_ENOUGH_SEC);
}

function isRebuilt(shifts: readonly ShiftFunction[]): boolean {
  return shifts.some(({ quantiles_from: from }) => from === 'percentiles');
}

function percentOf(share: number): number {
  return Math.round(share * 1e6) / 1e4;
}
