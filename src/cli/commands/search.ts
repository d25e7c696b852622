/** `conngen search`: the highest rate that meets a goal. */
import type { SearchResult } from '../../document/limit.ts';
import { unmeasured } from '../../judge/criterion.ts';
import { judgeSearch } from '../../limit/decide/threshold.ts';
import { searchPlan, type SearchPlan } from '../../limit/plan/search.ts';
import type { FleetChanges } from '../fleet-run.ts';
import type { OpenTrials } from '../../limit/trial-runner.ts';
import { readSearchOptions } from '../../limit/plan/profile.ts';
import { LiveView } from '../../view/live/line.ts';
import { searchLivePlan } from '../live-plan.ts';
import { handlerOf, type Command, type CommandContext } from '../command.ts';
import { fleetChecks, fleetSessions, placeInClient, planner } from '../on-fleet.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_LIMITED, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import { thresholdsOf } from '../threshold-input.ts';

type SearchOptions = ReturnType<typeof readSearchOptions>['input'];

export const SEARCH: Command<SearchOptions, SearchPlan, SearchResult> = {
  endingEarly: 'ending early, results follow; a second signal ends it immediately',
  read: readSearchOptions,
  plan: planner(searchPlan, placeInTrials),
  check: (input) => [...unmeasured(input['fail-if'], input), ...fleetChecks(input)],
  live: (_start, io) => new LiveView(io.stderr),
  livePlan: searchLivePlan,
  run: async (plan, context) => {
    const open = await fleetSessions(context.input, 'search');
    if (open === undefined) return runAndJudge(plan, context);
    const { openTrialsOn } = await import('../../limit/trial-runner.ts');
    return runAndJudge(plan, context, (...of) => openTrialsOn(open, ...of));
  },
  exitCodeOf: searchExitCode,
};

function placeInTrials(plan: SearchPlan, changes: FleetChanges): SearchPlan {
  // Measures with one client have one session.
  const placed = new Map(plan.measures.map(({ client }) => [client, placeInClient(client, changes)]));
  return { ...plan, measures: plan.measures.map((each) => ({ ...each, client: placed.get(each.client)! })) };
}

/** Returns the exit code. */
export const searchCommand = handlerOf(SEARCH);

/** Searches and judges the thresholds of the input. `open` is replaced in tests. */
export async function runAndJudge(
  plan: SearchPlan,
  context: CommandContext<SearchOptions>,
  open?: OpenTrials,
): Promise<SearchResult> {
  // Loaded here: what refuses its input needs no engine.
  const { runSearch } = await import('../../limit/run-search.ts');
  return judgeSearch(thresholdsOf(context.input), await runSearch(plan, context, open));
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
