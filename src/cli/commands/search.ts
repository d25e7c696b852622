/** `conngen search`: the highest rate that meets a goal. */
import type { SearchResult } from '../../document/limit.ts';
import { unmeasured } from '../../judge/criterion.ts';
import { judgeSearch } from '../../limit/decide/threshold.ts';
import { searchPlan, type SearchPlan } from '../../limit/plan/search.ts';
import type { OpenTrials } from '../../limit/trial-runner.ts';
import { readSearchOptions } from '../../limit/plan/profile.ts';
import { trialLine } from '../../view/text/search.ts';
import { handlerOf, logHooks, type Command, type RunContext } from '../command.ts';
import { LineWatch } from '../line-watch.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_LIMITED, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import { thresholdsOf } from '../threshold-input.ts';

type SearchOptions = ReturnType<typeof readSearchOptions>['input'];

export const SEARCH: Command<SearchOptions, SearchPlan, SearchResult, LineWatch> = {
  endingEarly: 'ending early, results follow; once more ends at once',
  read: readSearchOptions,
  plan: searchPlan,
  check: (input) => unmeasured(input['fail-if'], input),
  watch: ({ input }, io) => (input.quiet.value ? null : new LineWatch(io.stderr)),
  run: runAndJudge,
  exitCodeOf: searchExitCode,
};

/** Returns the exit code. */
export const searchCommand = handlerOf(SEARCH);

/** Searches and judges the thresholds of the input. `open` is replaced in tests. */
export async function runAndJudge(
  plan: SearchPlan,
  context: RunContext<SearchOptions, LineWatch>,
  open?: OpenTrials,
): Promise<SearchResult> {
  // Loaded here: what refuses its input needs no engine.
  const { runSearch } = await import('../../limit/run-search.ts');
  const onTrial = (index: number, trial: SearchResult['trials'][number], reason: string | null): void =>
    context.watch?.line(trialLine(index, trial, reason));
  return judgeSearch(thresholdsOf(context.input), await runSearch(plan, { ...logHooks(context), onTrial }, open));
}

/**
 * A search without an answer for every goal has failed, whatever its thresholds say. Where this machine was the limit of a goal, its
 * lower bound is no answer: that has a code of its own, after the thresholds', unless it was allowed.
 */
export function searchExitCode(result: SearchResult): number {
  const unanswered = result.goals.some(({ status }) => status === 'unfinished' || status === 'fails_at_min_rate');
  if (unanswered || result.error !== undefined) return EXIT_FAILED;
  if (result.thresholds_met === false) return EXIT_THRESHOLD;
  const isLimited = result.goals.some(({ status }) => status === 'generator_limited');
  return isLimited && result.config.allow_generator_limited !== true ? EXIT_LIMITED : EXIT_DONE;
}
