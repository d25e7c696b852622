/** `conngen rtt`: plan, ping, report. */
import type { RttResult } from '../../document/rtt.ts';
import { RTT_OPTIONS } from '../../options/tables/rtt.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { rttPlan, type RttPlan } from '../../plan/ping-plan.ts';
import { LiveView } from '../../view/live/line.ts';
import { rttLivePlan } from '../live-plan.ts';
import { handlerOf, type Command } from '../command.ts';
import { fleetChecks, fleetPingSessions, planner } from '../on-fleet.ts';
import { EXIT_DONE, EXIT_FAILED } from '../process/exit-codes.ts';

const read = (raw: RawInput) => readOptions(RTT_OPTIONS, raw);
type RttInput = ReturnType<typeof read>['input'];

export const RTT: Command<RttInput, RttPlan, RttResult> = {
  endingEarly: 'ending early, results follow; a second signal ends it immediately',
  read,
  plan: planner(
    (input, machine) => rttPlan(input, machine),
    (plan, { fleet }) => ({ ...plan, fleet }),
  ),
  check: fleetChecks,
  live: (_start, io) => new LiveView(io.stderr),
  livePlan: rttLivePlan,
  run: async (plan, context) => {
    // Loaded here: what refuses its input needs no engine.
    const { runRtt } = await import('../../ping/run.ts');
    return runRtt(plan, context, await fleetPingSessions(context.input));
  },
  exitCodeOf,
};

/** Returns the exit code. */
export const rttCommand = handlerOf(RTT);

/** A run that measured nothing, or broke off, has failed. */
function exitCodeOf(result: RttResult): number {
  const failed = result.error !== undefined || result.rounds.some((round) => round.verdict.status === 'invalid');
  return failed ? EXIT_FAILED : EXIT_DONE;
}
