/** What `saturate` and `search` have in common: read, plan, run, report. */
import type { ClientRunHooks } from '../client/run.ts';
import { unmeasured, type MeasuredInput } from '../judge/criterion.ts';
import type { Thresholds } from '../judge/threshold.ts';
import type { Given, Problem } from '../units/problem.ts';
import type { Machine, Planned } from '../plan/client-plan.ts';
import type { TextStyle } from '../view/layout.ts';
import { EXIT_FAILED, EXIT_USAGE } from './process/exit-codes.ts';
import { checkFiles, type FileInput } from './file-checks.ts';
import { printProblems, type Io } from './process/io.ts';
import { deliver } from './deliver.ts';
import { openLog } from './process/log.ts';
import { thisMachine } from './machine.ts';
import type { RawInput } from '../options/read.ts';
import { answeringSignals, type StopRequest } from './process/signals.ts';
import { thresholdsOf, type ThresholdInput } from './threshold-input.ts';

/** What every table of such a command has. */
interface CommonInput extends ThresholdInput, FileInput, MeasuredInput {
  readonly quiet: Given<boolean>;
}

/** As `ReadOptions` has it. */
interface ReadInput<Input> {
  readonly input: Input;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

export interface LimitCommand<Input, Plan, Result> {
  read(raw: RawInput): ReadInput<Input>;
  plan(input: Input, machine: Machine): Promise<Planned<Plan>>;
  /** `say` writes one line of the live view. */
  run(plan: Plan, hooks: ClientRunHooks, say: (line: string) => void): Promise<Result>;
  /** The result with its thresholds judged. */
  judge(thresholds: Thresholds, result: Result): Result;
  text(result: Result, style: TextStyle): string;
  markdown(result: Result): string;
  exitCodeOf(result: Result): number;
}

/** Returns the exit code. */
export function limitCommand<Input, Plan, Result>(
  command: LimitCommand<Input, Plan, Result>,
  raw: RawInput,
  io: Io,
): Promise<number> {
  return answeringSignals(io, (stop) => planAndRun(command, raw, io, stop));
}

async function planAndRun<Input, Plan, Result>(
  command: LimitCommand<Input, Plan, Result>,
  raw: RawInput,
  io: Io,
  stop: StopRequest,
): Promise<number> {
  const { input, problems, warnings } = command.read(raw);
  const common = input as unknown as CommonInput;
  const [planned, fileProblems] = await Promise.all([command.plan(input, thisMachine()), checkFiles(common)]);
  const allProblems = [
    ...problems,
    ...('problems' in planned ? planned.problems : []),
    ...fileProblems,
    ...unmeasured(common['fail-if'], common),
  ];
  if (allProblems.length > 0 || 'problems' in planned) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const isQuiet = common.quiet.value;
  const log = await openLog(io, { quiet: isQuiet });
  for (const warning of [...warnings, ...planned.notices]) log.warn(warning);
  stop.onFirst((name) => log.info(`${name}: ending early, results follow; once more ends at once`));
  const hooks: ClientRunHooks = {
    stop: stop.signal,
    onStart: ({ notes }) => {
      for (const note of notes) log.info(note);
    },
    onNotice: (message) => log.warn(message),
  };
  const say = (line: string): void => {
    if (!isQuiet) io.stderr.write(`${line}\n`);
  };
  const thresholds = thresholdsOf(common);
  const result = command.judge(thresholds, await command.run(planned.plan, hooks, say));
  const isDelivered = await deliver(io, log, common, {
    json: JSON.stringify(result, null, 2),
    text: command.text(result, io.style),
    markdown: () => command.markdown(result),
  });
  return stop.exitCode() ?? (isDelivered ? command.exitCodeOf(result) : EXIT_FAILED);
}
