/** `conngen rtt`: plan, ping, report. */
import type { RttResult } from '../../document/rtt.ts';
import { NS_PER_SEC } from '../../units/quantity.ts';
import { rttPlan, type RttPlan } from '../../plan/ping-plan.ts';
import { LiveView } from '../../view/live/line.ts';
import { rttMarkdown } from '../../view/markdown/run.ts';
import { rttLiveLine, rttText } from '../../view/text/rtt.ts';
import type { runRtt } from '../../ping/run.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { checkFiles, type FileInput } from '../file-checks.ts';
import { printProblems, type Io } from '../process/io.ts';
import { deliver } from '../deliver.ts';
import { openLog, type Log } from '../process/log.ts';
import { thisMachine } from '../machine.ts';
import { RTT_OPTIONS, TABLES } from '../../options/tables.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { answeringSignals, type StopRequest } from '../process/signals.ts';

/** Returns the exit code. `run` is replaced in tests. */
export function rttCommand(raw: RawInput, io: Io, run?: typeof runRtt): Promise<number> {
  return answeringSignals(io, (stop) => planAndPing(raw, io, stop, run));
}

async function planAndPing(raw: RawInput, io: Io, stop: StopRequest, run?: typeof runRtt): Promise<number> {
  const { input, problems, warnings } = readOptions(RTT_OPTIONS, raw, Object.values(TABLES));
  const [planned, fileProblems] = await Promise.all([rttPlan(input, thisMachine()), checkFiles(input)]);
  const allProblems = [...problems, ...('problems' in planned ? planned.problems : []), ...fileProblems];
  if (allProblems.length > 0 || 'problems' in planned) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const live = input.quiet.value ? null : new LiveView(io.stderr);
  const log = await openLog(io, { quiet: input.quiet.value, beforeLine: () => live?.clear() });
  for (const warning of [...warnings, ...planned.notices]) log.warn(warning);
  // Loaded here: what refuses its input needs no engine.
  const runPlan = run ?? (await import('../../ping/run.ts')).runRtt;
  return pingAndReport(planned.plan, { files: input, io, log, live, stop, run: runPlan });
}

interface Surroundings {
  readonly files: FileInput;
  readonly io: Io;
  readonly log: Log;
  readonly live: LiveView | null;
  readonly stop: StopRequest;
  readonly run: typeof runRtt;
}

async function pingAndReport(plan: RttPlan, { files, io, log, live, stop, run }: Surroundings): Promise<number> {
  stop.onFirst((name) => log.info(`${name}: ending early, results follow; once more ends at once`));
  try {
    const result = await run(plan, {
      stop: stop.signal,
      onStart: ({ notes }) => {
        for (const note of notes) log.info(note);
      },
      onInterval: (roundIndex, interval, warmup) =>
        live?.line(rttLiveLine(roundIndex, plan.rates.length, interval, warmup ? plan.warmupNs / NS_PER_SEC : null)),
    });
    live?.clear();
    const delivered = await deliver(io, log, files, {
      json: JSON.stringify(result, null, 2),
      text: rttText(result, io.style),
      markdown: () => rttMarkdown(result),
    });
    return stop.exitCode() ?? (delivered ? exitCodeOf(result) : EXIT_FAILED);
  } finally {
    live?.clear();
  }
}

/** A run that measured nothing, or broke off, has failed. */
function exitCodeOf(result: RttResult): number {
  const failed = result.error !== undefined || result.rounds.some((round) => round.verdict.status === 'invalid');
  return failed ? EXIT_FAILED : EXIT_DONE;
}
