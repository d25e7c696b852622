/**
 * A search for the highest rate that meets each goal. Pure: from the trials so far to the next one, or to the answers; the
 * whole state is the list of trials, so a search can be replayed from its result.
 */
import type { Bounds } from './bounds.ts';
import { confirm } from './confirm.ts';
import { bracketOf, evidenceOf, isValid } from './evidence.ts';
import { explore } from './explore.ts';
import { hasNothing, type Trial, type TrialLength } from './trial.ts';

export interface SearchOptions extends Bounds {
  /** How many goals there are. */
  readonly goals: number;
}

export type GoalStatus = 'found' | 'range' | 'at_max_rate' | 'fails_at_min_rate' | 'generator_limited' | 'unfinished';

export interface Answer {
  readonly status: GoalStatus;
  /** The highest rate that meets the goal; with `at_max_rate` the target may take more. */
  readonly load: number | null;
  /** The highest rate that passed below the upper bound; for a range its lower end. */
  readonly lower: number | null;
  /** The lowest rate that failed; for a range its upper end. */
  readonly upper: number | null;
  /** The lowest rate that this machine could not offer, where that ended the search. */
  readonly generatorLimit: number | null;
  /** Full-length trials at `load`. */
  readonly confirmed: { readonly passed: number; readonly of: number } | null;
}

export type SearchMove =
  | {
      readonly kind: 'trial';
      readonly load: number;
      readonly length: TrialLength;
      /** The goal that asks for it; every trial counts for all. */
      readonly goal: number;
      readonly why: string;
    }
  | { readonly kind: 'end'; readonly stoppedBy: 'answered' | 'target_gone' | 'too_many_trials' };

/** No limit that stands still takes as many. */
export const TRIALS_MAX = 60;

/** What to do after `trials`. */
export function nextSearchMove(options: SearchOptions, trials: readonly Trial[]): SearchMove {
  if (trials.length >= TRIALS_MAX) return { kind: 'end', stoppedBy: 'too_many_trials' };
  const gone = afterSilence(options, trials);
  if (gone !== null) return gone;
  const goals = Array.from({ length: options.goals }, (_, goal) => ({ goal, state: stateOf(options, trials, goal) }));
  // All bounds first, so that the long trials of one goal can serve another.
  for (const length of ['exploratory', 'final'] as const) {
    for (const { goal, state } of goals) {
      if (state.kind !== 'trial' || state.length !== length) continue;
      return { kind: 'trial', load: state.load, length, goal, why: state.why };
    }
  }
  return { kind: 'end', stoppedBy: 'answered' };
}

/** Handles a trial in which not a single connection was established, or completed: the lowest rate shows whether the target was overrun or is gone. */
function afterSilence(options: SearchOptions, trials: readonly Trial[]): SearchMove | null {
  const isSilent = (trial: Trial | undefined): boolean => trial !== undefined && hasNothing(trial.standing);
  if (trials.length < 2 || !isSilent(trials.at(-1))) return null;
  if (isSilent(trials.at(-2)) || trials.at(-1)?.load === options.minLoad) {
    return { kind: 'end', stoppedBy: 'target_gone' };
  }
  const why = 'is the target still there?';
  return { kind: 'trial', load: options.minLoad, length: 'exploratory', goal: 0, why };
}

type GoalState =
  | { readonly kind: 'trial'; readonly load: number; readonly length: TrialLength; readonly why: string }
  | { readonly kind: 'answer'; readonly answer: Answer };

/** The answer for each goal from `trials`; an undecided goal is `unfinished`, with its bounds. */
export function answersSoFar(options: SearchOptions, trials: readonly Trial[]): Answer[] {
  return Array.from({ length: options.goals }, (_, goal) => {
    const state = stateOf(options, trials, goal);
    return state.kind === 'answer' ? state.answer : answerOf('unfinished', trials, goal);
  });
}

function stateOf(options: SearchOptions, trials: readonly Trial[], goal: number): GoalState {
  const explored = stateOfExploration(options, trials, goal);
  if (typeof explored !== 'number') return explored;
  const confirmation = confirm(options, evidenceOf(trials, goal), explored, trials, goal);
  const answer = (status: GoalStatus, changes: Partial<Answer> = {}): GoalState => ({
    kind: 'answer',
    answer: answerOf(status, trials, goal, changes),
  });
  switch (confirmation.kind) {
    case 'trial':
      return { ...confirmation, length: 'final' };
    case 'found':
    case 'at_max': {
      const { kind, load } = confirmation;
      return answer(kind === 'found' ? 'found' : 'at_max_rate', { load, lower: load });
    }
    case 'range':
      return answer('range', { lower: confirmation.lower, upper: confirmation.upper });
    case 'fails_at_min':
      return answer('fails_at_min_rate');
    case 'generator_limited':
      return answer('generator_limited');
  }
}

/** A short trial to run, an answer, or the rate that exploration came to. */
function stateOfExploration(options: SearchOptions, trials: readonly Trial[], goal: number): GoalState | number {
  // Full-length trials say more, but exploration must not begin anew because of them.
  const short = trials.filter(({ length }) => length === 'exploratory');
  const exploration = explore(options, evidenceOf(short, goal));
  switch (exploration.kind) {
    case 'trial':
      return { ...exploration, length: 'exploratory' };
    case 'bounded':
      return exploration.lower;
    case 'fails_at_min':
      return { kind: 'answer', answer: answerOf('fails_at_min_rate', trials, goal) };
    case 'generator_limited':
      return { kind: 'answer', answer: answerOf('generator_limited', trials, goal) };
  }
}

function answerOf(status: GoalStatus, trials: readonly Trial[], goal: number, changes: Partial<Answer> = {}): Answer {
  const evidence = evidenceOf(trials, goal);
  const { load = null } = changes;
  const { lower, upper } = bracketOf(evidence);
  const limited = trials.filter((trial) => !isValid(trial)).map((trial) => trial.load);
  const above = limited.filter((rate) => rate > (lower?.load ?? 0));
  const at = evidence.find((each) => each.load === load);
  return {
    status,
    load,
    lower: lower?.load ?? null,
    upper: upper?.load ?? null,
    generatorLimit: status === 'generator_limited' && above.length > 0 ? Math.min(...above) : null,
    confirmed: at === undefined ? null : { passed: at.long.pass, of: at.long.pass + at.long.fail },
    ...changes,
  };
}
