/**
 * How long the rest of a search or of a saturation takes. Pure: the decision is replayed from the trials so far against targets
 * whose limit lies somewhere between the bounds that are known, and the times that these replays take are averaged.
 */
import { bracketOf, evidenceOf, isValid } from './evidence.ts';
import { nextSaturateMove, type SaturateOptions, type SaturateStep } from './saturate.ts';
import { nextSearchMove, type SearchOptions } from './search.ts';
import type { Trial, TrialLength } from './trial.ts';

/** A trial that is likely to come. */
export interface LikelyTrial {
  readonly load: number;
  readonly length: TrialLength;
  /** Whether it meets every goal. */
  readonly passes: boolean;
}

/** Says how long each of the trials takes that it is given one after the other, with the waits before them. */
export type TrialClock = (trial: LikelyTrial) => number;

/** Where in the bracket the limit is assumed, as shares of its width on a log axis. */
const QUANTILES = [0.1, 0.3, 0.5, 0.7, 0.9];

/**
 * The time from now to the answer of every goal, in the unit of `clockOf`, which begins a clock for each replay. 0 only where the
 * search has ended.
 */
export function searchTimeLeft(options: SearchOptions, trials: readonly Trial[], clockOf: () => TrialClock): number {
  if (nextSearchMove(options, trials).kind === 'end') return 0;
  const times = assumptionsOf(options, trials).map((assumed) => replay(options, trials, assumed, clockOf()));
  return mean(times);
}

/** A target as it may be. */
interface Assumption {
  /** The limit for each goal. */
  readonly limits: readonly number[];
  /** Whether an overloaded trial shows how much the target serves. A limit of latency alone shows nothing. */
  readonly showsServed: boolean;
  /** The lowest load that this machine cannot offer. */
  readonly ceiling: number;
}

function assumptionsOf(options: SearchOptions, trials: readonly Trial[]): Assumption[] {
  const goals = Array.from({ length: options.goals }, (_, goal) => limitsOf(options, trials, goal));
  const ceiling = Math.min(...trials.filter((trial) => !isValid(trial)).map(({ load }) => load));
  const [overloaded, failed] = [trials.filter((trial) => isOverloaded(trial, options)), trials.filter(isFailed)];
  const kinds = failed.length === 0 ? [true, false] : [overloaded.length > 0];
  return kinds.flatMap((showsServed) =>
    QUANTILES.map((_, index) => ({ limits: goals.map((limits) => limits[index]!), showsServed, ceiling })),
  );
}

function isFailed(trial: Trial): boolean {
  return isValid(trial) && trial.passed.includes(false);
}

function isOverloaded(trial: Trial, { precision }: SearchOptions): boolean {
  return isFailed(trial) && trial.served !== null && trial.served < trial.load * (1 - precision);
}

/** Where the limit of a goal may be: at what the target served when it was overloaded, where the bounds allow it, else anywhere between them. */
function limitsOf(options: SearchOptions, trials: readonly Trial[], goal: number): number[] {
  const { lower, upper } = bracketOf(evidenceOf(trials, goal));
  const low = lower?.load ?? options.minLoad;
  const high = Math.max(low, upper?.load ?? options.maxLoad);
  const served = trials
    .filter((trial) => trial.passed[goal] === false && isOverloaded(trial, options))
    .sort((a, b) => a.load - b.load)[0]?.served;
  const isGuide = served !== undefined && served !== null && served > low * (1 - options.precision) && served < high;
  return QUANTILES.map((quantile) => (isGuide ? served : low * (high / low) ** quantile));
}

function replay(options: SearchOptions, before: readonly Trial[], assumed: Assumption, clock: TrialClock): number {
  const trials = [...before];
  const capacity = Math.max(...assumed.limits);
  let time = 0;
  for (;;) {
    const move = nextSearchMove(options, trials);
    if (move.kind === 'end') return time;
    const { load, length } = move;
    const passed = assumed.limits.map((limit) => load <= limit);
    const standing = load < assumed.ceiling ? 'valid' : 'generator_limited';
    const served = assumed.showsServed ? Math.min(load, capacity) : load;
    trials.push({ load, length, passed, served, standing });
    time += clock({ load, length, passes: !passed.includes(false) });
  }
}

/** How long a saturation goes on: as is likely, and at most, which is to the highest rate. */
export interface SaturateTimeLeft {
  readonly likely: number;
  readonly atMost: number;
}

/** The time from now to the end of a saturation, in the unit of `clockOf`. 0 only where it has ended. */
export function saturateTimeLeft(
  options: SaturateOptions,
  steps: readonly SaturateStep[],
  clockOf: () => TrialClock,
): SaturateTimeLeft {
  const low = steps.at(-1)?.ratePerSec ?? options.startPerSec;
  const times = QUANTILES.map((quantile) =>
    replaySteps(options, steps, low * (options.maxPerSec / low) ** quantile, clockOf()),
  );
  return { likely: mean(times), atMost: replaySteps(options, steps, options.maxPerSec, clockOf()) };
}

function replaySteps(
  options: SaturateOptions,
  before: readonly SaturateStep[],
  limitPerSec: number,
  clock: TrialClock,
): number {
  const steps = [...before];
  // A latency that is neither better nor worse than those before, so that only the limit ends the replay.
  const p90Ns = before.findLast((step) => step.p90Ns !== null)?.p90Ns ?? 1;
  let time = 0;
  for (;;) {
    const move = nextSaturateMove(options, steps);
    if (move.kind === 'end') return time;
    const { ratePerSec } = move;
    const passes = ratePerSec <= limitPerSec;
    steps.push({ ratePerSec, p90Ns, failsGoal: !passes, isGeneratorLimited: false });
    time += clock({ load: ratePerSec, length: 'final', passes });
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
