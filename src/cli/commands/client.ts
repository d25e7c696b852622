/** `conngen client`: plan, run, report. */
import type { ClientRunHooks, runClient } from '../../client/run.ts';
import type { ClientResult } from '../../document/client.ts';
import { unmeasured } from '../../judge/criterion.ts';
import { judgeClient } from '../../judge/threshold.ts';
import { CLIENT_OPTIONS } from '../../options/tables.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { clientPlan } from '../../plan/client-plan.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { LiveView } from '../../view/live/line.ts';
import { checkLine } from '../../view/text/doctor.ts';
import { handlerOf, logHooks, type Command, type RunContext, type Start, type Watcher } from '../command.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_THRESHOLD } from '../process/exit-codes.ts';
import type { Io } from '../process/io.ts';
import type { Log } from '../process/log.ts';
import { RecordFiles } from '../record-files.ts';
import { allowanceWarnings, thresholdsOf } from '../threshold-input.ts';

const read = (raw: RawInput) => readOptions(CLIENT_OPTIONS, raw);
type ClientOptions = ReturnType<typeof read>['input'];

export const CLIENT: Command<ClientOptions, ClientPlan, ClientResult, ClientWatch> = {
  endingEarly: 'ending early, results follow; once more ends at once',
  read,
  plan: (input, machine) => clientPlan(input, machine),
  check: (input) => unmeasured(input['fail-if'], input),
  warnings: async ({ input, plan, machine }) => {
    const { clientStartProblems } = await import('../../doctor/client-start.ts');
    return [...clientStartProblems(input, plan, machine).map(checkLine), ...allowanceWarnings(thresholdsOf(input))];
  },
  watch: (start, io, log) => ClientWatch.open(start, io, log),
  run: async (plan, context) => {
    // Loaded here: what refuses its input needs no engine.
    const { runClient } = await import('../../client/run.ts');
    return runAndJudge(runClient, plan, context);
  },
  exitCodeOf,
};

/** Returns the exit code. */
export const clientCommand = handlerOf(CLIENT);

/** The live view and the files of a run. */
class ClientWatch implements Watcher {
  readonly live: LiveView | null;
  readonly records: RecordFiles;

  constructor(live: LiveView | null, records: RecordFiles) {
    this.live = live;
    this.records = records;
  }

  static async open({ input, plan }: Start<ClientOptions, ClientPlan>, io: Io, log: Log): Promise<ClientWatch> {
    const records = await RecordFiles.open(input, `${plan.host}:${plan.target.port}`, log);
    return new ClientWatch(input.quiet.value ? null : new LiveView(io.stderr), records);
  }

  clear(): void {
    this.live?.clear();
  }

  close(isReported: boolean): Promise<boolean> {
    return this.records.close(isReported);
  }
}

type Context = RunContext<ClientOptions, ClientWatch>;

/** Runs the plan by `run` and judges the thresholds of the input. A test gives another `run`. */
export async function runAndJudge(run: typeof runClient, plan: ClientPlan, context: Context): Promise<ClientResult> {
  return judgeClient(thresholdsOf(context.input), await run(plan, hooksOf(plan, context)));
}

function hooksOf(plan: ClientPlan, context: Context): ClientRunHooks {
  const { live, records } = context.watch!;
  const hooks = logHooks(context);
  return {
    ...hooks,
    onStart: (info) => {
      hooks.onStart(info);
      records.start(info.startedAt);
    },
    onRoundStart: ({ offeredRatePerSec }) => {
      records.roundStart(offeredRatePerSec);
    },
    onInterval: (roundIndex, interval, warmup) => {
      live?.interval(roundIndex, plan.rates.length, interval, warmup);
    },
    onIntervalDetail: (roundIndex, interval, warmup, detail) => {
      if (!warmup) records.interval(roundIndex, interval, detail);
    },
    onRoundEnd: (roundIndex, latency) => {
      records.roundEnd(roundIndex, latency);
    },
  };
}

/** A run that measured nothing, or broke off, has failed, whatever its thresholds say. */
export function exitCodeOf(result: ClientResult): number {
  if (result.error !== undefined || result.rounds.some((round) => round.verdict.status === 'invalid'))
    return EXIT_FAILED;
  return result.thresholds_met === false ? EXIT_THRESHOLD : EXIT_DONE;
}
