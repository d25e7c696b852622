/** How a comparison was made, in sentences: only what is so of the figures that are there. */
import type { CompareFigure, ShiftFunction } from '../document/compare.ts';
import { formatCountOf } from '../units/format.ts';
import { RESAMPLES } from './bootstrap.ts';
import { RUNS_MIN } from './estimate.ts';
import type { Comparable, NamedResult } from './likeness.ts';
import type { ComparedRounds } from './rounds.ts';

/** What the sentences are about. */
export interface Made {
  readonly compared: ComparedRounds;
  /** The figures with their verdicts. */
  readonly figures: readonly CompareFigure[];
  readonly base: readonly NamedResult<Comparable>[];
  readonly next: readonly NamedResult<Comparable>[];
  readonly margin: number;
  readonly confidence: number;
}

/** Returns the sentences. */
export function howSentences(made: Made): string[] {
  const { figures, compared, confidence, margin } = made;
  const says = compared.basis === 'seconds' ? secondsSentences(made) : runsSentences(made);
  const tests = figures.filter(({ p, tested }) => tested && p !== null).length;
  if (tests > 0) {
    const adjusted = `A verdict counts all tests: p-values are adjusted for ${formatCountOf(tests, 'tested figure')} (Holm)`;
    const promise = `where nothing differs, "faster" or "slower" is said of any of them in at most ${percentOf(1 - confidence)} % of comparisons`;
    // Seconds of one run say nothing of other runs, so there is no such promise.
    says.push(compared.basis === 'runs' ? `${adjusted}; ${promise}.` : `${adjusted}.`);
  }
  if (margin > 0 && figures.some(({ verdict, change }) => verdict === 'same' && change === 'ratio')) {
    says.push(
      `"same" means that the whole interval is within ${percentOf(margin)} % either way (two one-sided tests).`,
    );
  }
  if (figures.some(({ tested }) => !tested)) {
    says.push('Figures that are not tested have no verdict, whatever their intervals; --figure tests others.');
  }
  return says;
}

function runsSentences({ figures, base, next, confidence }: Made): string[] {
  const says: string[] = [];
  const has = (method: CompareFigure['method']): boolean => figures.some((figure) => figure.method === method);
  const isMany = Math.max(base.length, next.length) > 1;
  const medians = 'base and new are the medians over the runs of a side';
  if (has('answer')) {
    says.push(
      'Answers are ranges, from the highest load that met the goal to the lowest that did not; of several runs, the range that holds them all. Ranges that overlap are unclear.',
    );
  }
  if (has('mann_whitney')) {
    says.push(
      `The unit is a run: ${medians}. Change: the median of all ratios of a new run to a base run (Hodges-Lehmann); interval: exact Mann-Whitney, at least ${percentOf(confidence)} %.`,
    );
  } else if (isMany && isRounds(base)) {
    says.push(
      `The unit is a run: ${medians}. Change: the median of all ratios of a new run to a base run (Hodges-Lehmann).`,
    );
  }
  if (!has('mann_whitney') && isRounds(base) && Math.min(base.length, next.length) < RUNS_MIN) {
    says.push('There are too few runs for an interval: it takes five on each side.');
  }
  return says;
}

function isRounds(results: readonly NamedResult<Comparable>[]): boolean {
  return results.some(({ document }) => 'rounds' in document);
}

function secondsSentences({ figures, compared: { rounds, shifts }, base, next }: Made): string[] {
  if (figures.every(({ low, high }) => low === null && high === null)) {
    return [
      'One run on each side: intervals come from the seconds of the runs, and it takes ten whole ones in each. Compare longer runs, or five runs or more on each side.',
    ];
  }
  const blocks = [...new Set(rounds.flatMap(({ block_sec: blockSec }) => blockSec ?? []))];
  const drawn = blocks.length === 0 ? '' : `, in blocks of ${blocks.join(', ')} s, drawn ${RESAMPLES} times`;
  const says = [
    `One run on each side: intervals come from the seconds of the runs${drawn}. They cover the noise within a run only, not what differs from run to run; for that, compare five runs or more on each side.`,
  ];
  if ([...base, ...next].some(isShort)) {
    says.push('A run here is shorter than 30 s: where its seconds hang together, the intervals are too narrow.');
  }
  if (isRebuilt(shifts)) {
    says.push(
      'The files have no histograms (--histograms): for the intervals each second was rebuilt from its stored percentiles.',
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

/** A share in per cent, without the digits that doubles add. */
export function percentOf(share: number): number {
  return Math.round(share * 1e6) / 1e4;
}
