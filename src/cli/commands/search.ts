/** `conngen search`: the highest rate that meets a goal. */
import type { SearchResult } from '../../document/limit.ts';
import { searchMarkdown } from '../../view/markdown/limit.ts';
import { searchText, trialLine } from '../../view/text/search.ts';
import { searchPlan } from '../../limit/plan/search.ts';
import { judgeSearch } from '../../limit/decide/threshold.ts';
import type { OpenTrials } from '../../limit/trial-runner.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_LIMITED, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import type { Io } from '../process/io.ts';
import { limitCommand } from '../limit-command.ts';
import { readSearchOptions } from '../../limit/plan/profile.ts';
import type { RawInput } from '../../options/read.ts';

/** Returns the exit code. `open` is replaced in tests. */
export function searchCommand(raw: RawInput, io: Io, open?: OpenTrials): Promise<number> {
  return limitCommand(
    {
      read: readSearchOptions,
      plan: searchPlan,
      run: async (plan, hooks, say) => {
        // Loaded here: what refuses its input needs no engine.
        const { runSearch } = await import('../../limit/run-search.ts');
        const onTrial = (index: number, trial: SearchResult['trials'][number], reason: string | null): void =>
          say(trialLine(index, trial, reason));
        return runSearch(plan, { ...hooks, onTrial }, open);
      },
      judge: judgeSearch,
      text: searchText,
      markdown: searchMarkdown,
      exitCodeOf: searchExitCode,
    },
    raw,
    io,
  );
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
  return isLimited && result.config['allow_generator_limited'] !== true ? EXIT_LIMITED : EXIT_DONE;
}
