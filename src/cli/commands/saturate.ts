/** `conngen saturate`: the rate at which latency leaves its floor. */
import type { SaturateResult } from '../../document/limit.ts';
import { saturateMarkdown } from '../../view/markdown/limit.ts';
import { saturateText, stepLine } from '../../view/text/saturate.ts';
import { saturatePlan } from '../../limit/plan/saturate.ts';
import { judgeSaturate } from '../../limit/decide/threshold.ts';
import type { OpenTrials } from '../../limit/trial-runner.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_LIMITED, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import type { Io } from '../process/io.ts';
import { limitCommand } from '../limit-command.ts';
import { SATURATE_OPTIONS, TABLES } from '../../options/tables.ts';
import { readOptions, type RawInput } from '../../options/read.ts';

/** Returns the exit code. `open` is replaced in tests. */
export function saturateCommand(raw: RawInput, io: Io, open?: OpenTrials): Promise<number> {
  return limitCommand(
    {
      read: (each) => readOptions(SATURATE_OPTIONS, each, Object.values(TABLES)),
      plan: saturatePlan,
      run: async (plan, hooks, say) => {
        // Loaded here: what refuses its input needs no engine.
        const { runSaturate } = await import('../../limit/run-saturate.ts');
        let index = 0;
        const onStep = (step: SaturateResult['steps'][number], note: string): void =>
          say(stepLine(index++, step, note));
        return runSaturate(plan, { ...hooks, onStep }, open);
      },
      judge: judgeSaturate,
      text: saturateText,
      markdown: saturateMarkdown,
      exitCodeOf: saturateExitCode,
    },
    raw,
    io,
  );
}

/**
 * A target that fails from the start, and a run that could not go on, have failed, whatever its thresholds say. Where this machine
 * was the limit there is no answer, see `searchExitCode`.
 */
export function saturateExitCode({ stopped_by: stoppedBy, thresholds_met: areMet, config }: SaturateResult): number {
  if (['fails_at_start', 'max_time', 'error'].includes(stoppedBy)) return EXIT_FAILED;
  if (areMet === false) return EXIT_THRESHOLD;
  return stoppedBy === 'generator_limited' && config['allow_generator_limited'] !== true ? EXIT_LIMITED : EXIT_DONE;
}
