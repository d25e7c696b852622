/** `conngen demo`: the main job on loopback, against a server of its own. What `npm start` runs. */
import { clientCommand } from './client.ts';
import { EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { printProblems, type Io } from '../process/io.ts';
import { DEMO_OPTIONS } from '../../options/tables/demo.ts';
import { withoutOptions } from '../../options/names.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { isExplicit } from '../../units/problem.ts';
import { uiOf, uiProblems, type UiInput } from '../process/ui.ts';
import { listenForStop } from '../process/signals.ts';
import { launchOf } from '../../runtime/launch.ts';
import { ServerChild } from '../../runtime/server-child.ts';

/** A rate that any laptop holds. */
const RATE_PER_SEC = 1000;
const DURATION_SEC = 5;
const PAYLOAD_BYTES = 64;

/** Returns the exit code of the client run. */
export async function demoCommand(raw: RawInput, io: Io): Promise<number> {
  const { input, problems } = readOptions(DEMO_OPTIONS, raw);
  const all = [...problems, ...uiProblems(input, io.terminal)];
  if (all.length > 0) {
    printProblems(io, all, raw.command);
    return EXIT_USAGE;
  }
  const env = withoutOptions(raw.env);
  const stop = listenForStop();
  const server = await startServer(env, stop.signal);
  const exitCode = stop.exitCode();
  // From here on the client answers signals.
  stop.dispose();
  if (exitCode === null && server === null) {
    io.stderr.write('ERROR: the server of the demo did not start; what it says is above\n');
    return EXIT_FAILED;
  }
  try {
    return exitCode ?? (await runAgainst(server!.port, input, { ...raw, env }, io));
  } finally {
    await server?.end();
  }
}

function runAgainst(port: number, { quiet, ui }: UiInput, raw: RawInput, io: Io): Promise<number> {
  if (uiOf({ quiet, ui }, io.terminal) !== 'none') {
    io.stderr.write(
      `conngen server listens on 127.0.0.1:${port}; now ${RATE_PER_SEC} connections/s\nfor ${DURATION_SEC} s, the same as\n` +
        `  conngen client 127.0.0.1:${port} --rate ${RATE_PER_SEC} --duration ${DURATION_SEC}s --payload-size ${PAYLOAD_BYTES}\n\n`,
    );
  }
  const flags = new Map<string, string[]>([
    ['target', [`127.0.0.1:${port}`]],
    ['rate', [String(RATE_PER_SEC)]],
    ['duration', [`${DURATION_SEC}s`]],
    ['payload-size', [String(PAYLOAD_BYTES)]],
    ['quiet', [String(quiet.value)]],
  ]);
  if (ui !== undefined && isExplicit(ui)) flags.set('ui', [ui.value]);
  return clientCommand({ ...raw, flags, extra: [] }, io);
}

/**
 * Starts the server in a process of its own, so that the CPU figures are the client's alone. Detached: Ctrl-C is for the client, which
 * reports before the server goes. Null where the server ended before it accepted, or `stop` aborted.
 */
async function startServer(env: RawInput['env'], stop: AbortSignal): Promise<ServerChild | null> {
  try {
    return await ServerChild.start(['--listeners', '1'], {
      launch: launchOf(env),
      stop,
      stderr: 'show',
      isDetached: true,
    });
  } catch {
    return null;
  }
}
