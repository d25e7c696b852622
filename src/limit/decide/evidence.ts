/** What the trials so far say about one goal, rate by rate. */
import type { Trial } from './trial.ts';

interface Count {
  readonly pass: number;
  readonly fail: number;
}

/** All trials at one rate. */
export interface RateEvidence {
  readonly load: number;
  readonly short: Count;
  readonly long: Count;
  /** Trials that say nothing, because this machine was the limit. */
  readonly limited: number;
  /** The load that the target served in the failed trials; null where none shows it. */
  readonly served: number | null;
  readonly verdict: 'pass' | 'fail' | 'limited';
}

/** Rates in rising order. */
export function evidenceOf(trials: readonly Trial[], goal: number): RateEvidence[] {
  const byRate = new Map<number, Trial[]>();
  for (const trial of trials) byRate.set(trial.load, [...(byRate.get(trial.load) ?? []), trial]);
  return [...byRate]
    .sort(([a], [b]) => a - b)
    .map(([load, same]) => {
      const valid = same.filter(isValid);
      const short = countOf(valid, goal, 'exploratory');
      const long = countOf(valid, goal, 'final');
      // What was limited can still show how far the target came, where nothing better does.
      const failed = valid.filter((trial) => trial.passed[goal] === false);
      const served = (failed.length > 0 ? failed : same).flatMap((trial) => trial.served ?? []);
      return {
        load,
        short,
        long,
        limited: same.length - valid.length,
        served: served.length === 0 ? null : served.reduce((sum, each) => sum + each, 0) / served.length,
        verdict: valid.length === 0 ? 'limited' : failsAt(short, long) ? 'fail' : 'pass',
      };
    });
}

export function isValid(trial: Trial): boolean {
  return trial.standing !== 'generator_limited';
}

function countOf(trials: readonly Trial[], goal: number, length: Trial['length']): Count {
  const passed = trials.filter((trial) => trial.length === length).map((trial) => trial.passed[goal] === true);
  const pass = passed.filter(Boolean).length;
  return { pass, fail: passed.length - pass };
}

/** Full-length trials count more than exploratory ones, and with as many of each kind one more trial may decide. */
function failsAt(short: Count, long: Count): boolean {
  const counts = long.pass + long.fail > 0 ? long : short;
  return counts.fail > counts.pass;
}

/** The bracket around the limit: the lowest rate that fails, and the highest below it that passes. */
export interface Bracket {
  readonly lower: RateEvidence | undefined;
  readonly upper: RateEvidence | undefined;
  /** Between the two, the lowest rate that this machine could not offer. */
  readonly ceiling: RateEvidence | undefined;
}

export function bracketOf(evidence: readonly RateEvidence[]): Bracket {
  const upper = evidence.find(({ verdict }) => verdict === 'fail');
  const below = evidence.filter(({ load }) => upper === undefined || load < upper.load);
  const lower = below.findLast(({ verdict }) => verdict === 'pass');
  const ceiling = below.find(
    ({ verdict, load }) => verdict === 'limited' && (lower === undefined || load > lower.load),
  );
  return { lower, upper, ceiling };
}
