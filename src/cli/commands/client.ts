/** `conngen client`: plan, run, report. */
import type { ClientRunHooks, runClient } from '../../client/run.ts';
import { clientPlan } from '../../plan/client-plan.ts';
import type { ClientPlan } from '../../plan/plan.ts';
import { unmeasured } from '../../judge/criterion.ts';
import type { ClientResult } from '../../document/client.ts';
import { judge, type Thresholds } from '../../judge/threshold.ts';
import { LiveView } from '../../view/live/line.ts';
import { clientMarkdown } from '../../view/markdown/run.ts';
import { clientText } from '../../view/text/client.ts';
import { startWarnings } from './doctor.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_THRESHOLD, EXIT_USAGE } from '../process/exit-codes.ts';
import { checkFiles, type FileInput } from '../file-checks.ts';
import { printProblems, type Io } from '../process/io.ts';
import { deliver } from '../deliver.ts';
import { openLog, type Log } from '../process/log.ts';
import { thisMachine } from '../machine.ts';
import { CLIENT_OPTIONS, TABLES } from '../../options/tables.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { RecordFiles } from '../record-files.ts';
import { answeringSignals, type StopRequest } from '../process/signals.ts';
import { thresholdsOf, warnOfAllowance } from '../threshold-input.ts';

/** Returns the exit code. `run` is replaced in tests. */
export function clientCommand(raw: RawInput, io: Io, run?: typeof runClient): Promise<number> {
  return answeringSignals(io, (stop) => planAndRun(raw, io, stop, run));
}

async function planAndRun(raw: RawInput, io: Io, stop: StopRequest, run?: typeof runClient): Promise<number> {
  const { input, problems, warnings } = readOptions(CLIENT_OPTIONS, raw, Object.values(TABLES));
  const machine = thisMachine();
  const [planned, fileProblems] = await Promise.all([clientPlan(input, machine), checkFiles(input)]);
  const allProblems = [
    ...problems,
    ...('problems' in planned ? planned.problems : []),
    ...fileProblems,
    ...unmeasured(input['fail-if'], input),
  ];
  if (allProblems.length > 0 || 'problems' in planned) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const live = input.quiet.value ? null : new LiveView(io.stderr);
  const log = await openLog(io, { quiet: input.quiet.value, beforeLine: () => live?.clear() });
  const findings = await startWarnings(input, planned.plan, machine);
  for (const warning of [...warnings, ...planned.notices, ...findings]) log.warn(warning);
  // Loaded here: what refuses its input needs no engine.
  const runPlan = run ?? (await import('../../client/run.ts')).runClient;
  const thresholds = thresholdsOf(input);
  warnOfAllowance(thresholds, log);
  const { plan } = planned;
  const records = await RecordFiles.open(input, `${plan.host}:${plan.target.port}`, log);
  return runAndReport(plan, { files: input, thresholds, records, io, log, live, stop, run: runPlan });
}

interface Surroundings {
  readonly files: FileInput;
  readonly thresholds: Thresholds;
  readonly records: RecordFiles;
  readonly io: Io;
  readonly log: Log;
  readonly live: LiveView | null;
  readonly stop: StopRequest;
  readonly run: typeof runClient;
}

async function runAndReport(plan: ClientPlan, surroundings: Surroundings): Promise<number> {
  const { files, thresholds, records, io, log, live, stop, run } = surroundings;
  stop.onFirst((name) => log.info(`${name}: ending early, results follow; once more ends at once`));
  try {
    const measured = await run(plan, runHooks(plan, surroundings)).catch(async (error: unknown) => {
      await records.close(false);
      throw error;
    });
    live?.clear();
    const isRecorded = await records.close(true);
    const result = judge(thresholds, measured);
    const delivered = await deliver(io, log, files, {
      json: JSON.stringify(result, null, 2),
      text: clientText(result, io.style),
      markdown: () => clientMarkdown(result),
    });
    return stop.exitCode() ?? (isRecorded && delivered ? exitCodeOf(result) : EXIT_FAILED);
  } finally {
    live?.clear();
  }
}

function runHooks(plan: ClientPlan, { records, log, live, stop }: Surroundings): ClientRunHooks {
  return {
    stop: stop.signal,
    onStart: ({ notes, startedAt }) => {
      for (const note of notes) log.info(note);
      records.start(startedAt);
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
    onNotice: (message) => log.warn(message),
  };
}

/** A run that measured nothing, or broke off, has failed, whatever its thresholds say. */
export function exitCodeOf(result: ClientResult): number {
  if (result.error !== undefined || result.rounds.some((round) => round.verdict.status === 'invalid'))
    return EXIT_FAILED;
  return result.thresholds_met === false ? EXIT_THRESHOLD : EXIT_DONE;
}
