/** `conngen server`: plan, serve, report. */
import { serverStartWarnings } from '../../doctor/server-start.ts';
import { formatHostPort } from '../../plan/address.ts';
import { formatCountOf } from '../../units/format.ts';
import type { ServerPlan } from '../../plan/plan.ts';
import { serverPlan } from '../../plan/server-plan.ts';
import { serverMarkdown } from '../../view/markdown/run.ts';
import { serverText } from '../../view/text/server.ts';
import type { runServer } from '../../server/run.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { STDOUT, checkFiles, type FileInput } from '../file-checks.ts';
import { printProblems, type Io } from '../process/io.ts';
import { deliver } from '../deliver.ts';
import { openLog, type Log } from '../process/log.ts';
import { thisMachine } from '../machine.ts';
import { SERVER_OPTIONS, TABLES } from '../../options/tables.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { answeringSignals, endWithParent, type StopRequest } from '../process/signals.ts';

/** Returns the exit code. `run` is replaced in tests. */
export function serverCommand(raw: RawInput, io: Io, run?: typeof runServer): Promise<number> {
  const release = endWithParent();
  return answeringSignals(io, (stop) => planAndServe(raw, io, stop, run)).finally(release);
}

async function planAndServe(raw: RawInput, io: Io, stop: StopRequest, run?: typeof runServer): Promise<number> {
  const { input, problems, warnings } = readOptions(SERVER_OPTIONS, raw, Object.values(TABLES));
  const [planned, fileProblems] = await Promise.all([serverPlan(input, thisMachine()), checkFiles(input)]);
  const allProblems = [...problems, ...('problems' in planned ? planned.problems : []), ...fileProblems];
  if (allProblems.length > 0 || 'problems' in planned) {
    printProblems(io, allProblems, raw.command, warnings);
    return EXIT_USAGE;
  }
  const log = await openLog(io, { quiet: input.quiet.value });
  const findings = serverStartWarnings(planned.plan, input['max-connections'] !== undefined);
  for (const warning of [...warnings, ...planned.notices, ...findings]) log.warn(warning);
  // Loaded here: what refuses its input needs no engine.
  const runPlan = run ?? (await import('../../server/run.ts')).runServer;
  return serveAndReport(planned.plan, { files: input, io, log, stop, run: runPlan });
}

interface Surroundings {
  readonly files: FileInput;
  readonly io: Io;
  readonly log: Log;
  readonly stop: StopRequest;
  readonly run: typeof runServer;
}

async function serveAndReport(plan: ServerPlan, { files, io, log, stop, run }: Surroundings): Promise<number> {
  const isJson = files.json?.value === STDOUT;
  stop.onFirst((name) =>
    log.info(`${name}: no longer accepting, waiting for open connections; once more ends at once`),
  );
  const result = await run(plan, {
    stop: stop.signal,
    onListening: ({ notes, ...info }) => {
      for (const note of notes) log.info(note);
      if (files.markdown?.value === STDOUT) {
        // Stdout is for the document.
        log.info(listeningText(info));
        return;
      }
      const text = isJson ? JSON.stringify({ event: 'listening', ...info }) : listeningText(info);
      // What fails here fails again with the result, and is reported there.
      io.print(`${text}\n`).catch(() => undefined);
    },
    onNotice: (message) => log.warn(message),
  });
  const delivered = await deliver(io, log, files, {
    // On stdout the events are one line each, and the result is the last of them.
    json: isJson ? JSON.stringify(result) : JSON.stringify(result, null, 2),
    text: serverText(result, io.style),
    markdown: () => serverMarkdown(result),
  });
  return stop.exitCode() ?? (delivered && result.error === undefined ? EXIT_DONE : EXIT_FAILED);
}

function listeningText(info: {
  host: string;
  port: number;
  protocol: string;
  listeners: number;
  engine: string;
}): string {
  const threads = formatCountOf(info.listeners, 'listener');
  const protocol = info.protocol === 'tcp' ? '' : `${info.protocol === 'both' ? 'TCP and UDP' : 'UDP'}, `;
  return `listening on ${formatHostPort(info.host, info.port)} (${protocol}${threads}, engine ${info.engine})`;
}
