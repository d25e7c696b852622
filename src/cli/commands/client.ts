/** `conngen client`: plan, run, report. */
import type { ClientResult } from '../../document/client.ts';
import { unmeasured } from '../../judge/criterion.ts';
import { judgeClient } from '../../judge/threshold.ts';
import { CLIENT_OPTIONS } from '../../options/tables/client.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { clientPlan } from '../../plan/client-plan.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import type { RunContext } from '../../run/events.ts';
import { LiveView } from '../../view/live/line.ts';
import { checkLine } from '../../view/text/doctor.ts';
import { clientLivePlan } from '../live-plan.ts';
import { handlerOf, type Command, type CommandContext } from '../command.ts';
import { fleetChecks, fleetSessions, placeInClient, planner } from '../on-fleet.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import { allowanceWarnings, thresholdsOf } from '../threshold-input.ts';

const read = (raw: RawInput) => readOptions(CLIENT_OPTIONS, raw);
type ClientOptions = ReturnType<typeof read>['input'];

export const CLIENT: Command<ClientOptions, ClientPlan, ClientResult> = {
  endingEarly: 'ending early, results follow; a second signal ends it immediately',
  read,
  plan: planner((input, machine) => clientPlan(input, machine), placeInClient),
  check: (input) => [...unmeasured(input['fail-if'], input), ...fleetChecks(input)],
  warnings: async ({ input, plan, machine }) => {
    // Each agent asks its own machine.
    if (input.fleet !== undefined) return allowanceWarnings(thresholdsOf(input));
    const { clientStartProblems } = await import('../../doctor/client-start.ts');
    return [...clientStartProblems(input, plan, machine).map(checkLine), ...allowanceWarnings(thresholdsOf(input))];
  },
  live: (_start, io) => new LiveView(io.stderr),
  livePlan: clientLivePlan,
  run: async (plan, context) => {
    // Loaded here: what refuses its input needs no engine.
    const { runClient } = await import('../../client/run.ts');
    const open = await fleetSessions(context.input, 'client');
    return runAndJudge((...of) => runClient(...of, open), plan, context);
  },
  exitCodeOf,
};

/** Returns the exit code. */
export const clientCommand = handlerOf(CLIENT);

type Context = CommandContext<ClientOptions>;
type RunRounds = (plan: ClientPlan, context: RunContext) => Promise<ClientResult>;

/** Runs the plan by `run` and judges the thresholds of the input. A test gives another `run`. */
export async function runAndJudge(run: RunRounds, plan: ClientPlan, context: Context): Promise<ClientResult> {
  return judgeClient(thresholdsOf(context.input), await run(plan, context));
}

/** A run that measured nothing, or broke off, has failed, whatever its thresholds say. */
export function exitCodeOf(result: ClientResult): number {
  if (result.error !== undefined || result.rounds.some((round) => round.verdict.status === 'invalid'))
    return EXIT_FAILED;
  return result.thresholds_met === false ? EXIT_THRESHOLD : EXIT_DONE;
}
