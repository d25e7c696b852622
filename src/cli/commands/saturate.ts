/** `conngen saturate`: the rate at which latency starts to climb. */
import type { SaturateResult } from '../../document/limit.ts';
import { unmeasured } from '../../judge/criterion.ts';
import { judgeSaturate } from '../../limit/decide/threshold.ts';
import { saturatePlan, type SaturatePlan } from '../../limit/plan/saturate.ts';
import type { FleetChanges } from '../fleet-run.ts';
import type { OpenTrials } from '../../limit/trial-runner.ts';
import { SATURATE_OPTIONS } from '../../options/tables/saturate.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { LiveView } from '../../view/live/line.ts';
import { saturateLivePlan } from '../live-plan.ts';
import { handlerOf, type Command, type CommandContext } from '../command.ts';
import { fleetChecks, fleetSessions, placeInClient, planner } from '../on-fleet.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_LIMITED, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import { thresholdsOf } from '../threshold-input.ts';

const read = (raw: RawInput) => readOptions(SATURATE_OPTIONS, raw);
type SaturateOptions = ReturnType<typeof read>['input'];

export const SATURATE: Command<SaturateOptions, SaturatePlan, SaturateResult> = {
  endingEarly: 'ending early, results follow; a second signal ends it immediately',
  read,
  plan: planner(saturatePlan, placeInTrials),
  check: (input) => [...unmeasured(input['fail-if'], input), ...fleetChecks(input)],
  live: (_start, io) => new LiveView(io.stderr),
  livePlan: saturateLivePlan,
  run: async (plan, context) => {
    const open = await fleetSessions(context.input, 'saturate');
    if (open === undefined) return runAndJudge(plan, context);
    const { openTrialsOn } = await import('../../limit/trial-runner.ts');
    return runAndJudge(plan, context, (...of) => openTrialsOn(open, ...of));
  },
  exitCodeOf: saturateExitCode,
};

function placeInTrials(plan: SaturatePlan, changes: FleetChanges): SaturatePlan {
  return { ...plan, client: placeInClient(plan.client, changes) };
}

/** Returns the exit code. */
export const saturateCommand = handlerOf(SATURATE);

/** Saturates and judges the thresholds of the input. `open` is replaced in tests. */
export async function runAndJudge(
  plan: SaturatePlan,
  context: CommandContext<SaturateOptions>,
  open?: OpenTrials,
): Promise<SaturateResult> {
  // Loaded here: what refuses its input needs no engine.
  const { runSaturate } = await import('../../limit/run-saturate.ts');
  return judgeSaturate(thresholdsOf(context.input), await runSaturate(plan, context, open));
}

/**
 * A target that fails from the start, and a run that could not go on, have failed, whatever its thresholds say. Where this machine
 * was the limit there is no answer, see `searchExitCode`.
 */
export function saturateExitCode({ stopped_by: stoppedBy, thresholds_met: areMet, config }: SaturateResult): number {
  if (['fails_at_start', 'max_time', 'error'].includes(stoppedBy)) return EXIT_FAILED;
  if (areMet === false) return EXIT_THRESHOLD;
  return stoppedBy === 'generator_limited' && config.allow_generator_limited !== true ? EXIT_LIMITED : EXIT_DONE;
}
