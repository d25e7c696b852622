/** `conngen demo`: the main job on loopback, against a server of its own. What `npm start` runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { clientCommand } from './client.ts';
import { EXIT_FAILED, EXIT_USAGE } from '../process/exit-codes.ts';
import { printProblems, type Io } from '../process/io.ts';
import { DEMO_OPTIONS } from '../../options/tables/demo.ts';
import { ENV_PREFIX } from '../../options/names.ts';
import { readOptions, type RawInput } from '../../options/read.ts';
import { listenForStop } from '../process/signals.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/conngen.js', import.meta.url));

/** A rate that any laptop holds. */
const RATE_PER_SEC = 1000;
const DURATION_SEC = 5;
const PAYLOAD_BYTES = 64;

/** Returns the exit code of the client run. */
export async function demoCommand(raw: RawInput, io: Io): Promise<number> {
  const { input, problems } = readOptions(DEMO_OPTIONS, raw);
  if (problems.length > 0) {
    printProblems(io, problems, raw.command);
    return EXIT_USAGE;
  }
  const env = withoutOptions(raw.env);
  const stop = listenForStop();
  const server = startServer(env);
  const killServer = (): void => {
    server.kill('SIGKILL');
  };
  // At once; the channel between us breaks only with the process.
  process.once('exit', killServer);
  try {
    const port = await listeningPort(server, stop.signal);
    const exitCode = stop.exitCode();
    if (exitCode !== null) return exitCode;
    if (port === null) {
      io.stderr.write('ERROR: the server of the demo did not start; what it says is above\n');
      return EXIT_FAILED;
    }
    // From here on the client answers signals.
    stop.dispose();
    return await runAgainst(port, input.quiet.value, { ...raw, env }, io);
  } finally {
    stop.dispose();
    await stopServer(server);
    process.off('exit', killServer);
  }
}

function runAgainst(port: number, quiet: boolean, raw: RawInput, io: Io): Promise<number> {
  if (!quiet) {
    io.stderr.write(
      `conngen server listens on 127.0.0.1:${port}; now ${RATE_PER_SEC} connections/s\nfor ${DURATION_SEC} s, the same as\n` +
        `  conngen client 127.0.0.1:${port} --rate ${RATE_PER_SEC} --duration ${DURATION_SEC}s --payload-size ${PAYLOAD_BYTES}\n\n`,
    );
  }
  const flags = new Map([
    ['target', [`127.0.0.1:${port}`]],
    ['rate', [String(RATE_PER_SEC)]],
    ['duration', [`${DURATION_SEC}s`]],
    ['payload-size', [String(PAYLOAD_BYTES)]],
    ['quiet', [String(quiet)]],
  ]);
  return clientCommand({ ...raw, flags, extra: [] }, io);
}

/** A rate for `client` in the environment is not meant for the demo. */
function withoutOptions(env: RawInput['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(ENV_PREFIX)));
}

/** Starts the server in a process of its own, so that the CPU figures are the client's alone. */
function startServer(env: Record<string, string | undefined>): ChildProcess {
  const args = ['server', '--host', '127.0.0.1', '--port', '0', '--listeners', '1', '--json', '-', '--quiet'];
  // Detached: Ctrl-C is for the client, which reports before the server goes. The channel is there to break with this process.
  return spawn(process.execPath, [...process.execArgv, LAUNCHER, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    detached: true,
  });
}

/** The port of the listening event, or null where the server ended before it or `stop` aborted. */
async function listeningPort(server: ChildProcess, stop: AbortSignal): Promise<number | null> {
  if (server.stdout === null) return null;
  const lines = createInterface({ input: server.stdout, signal: stop });
  for await (const line of lines) {
    const event = JSON.parse(line) as { event?: string; port?: number };
    if (event.event === 'listening' && event.port !== undefined) {
      // The rest is not needed, but it must be read, so that the server can write it.
      server.stdout.resume();
      return event.port;
    }
  }
  return null;
}

const STOP_WITHIN_MS = 6000;

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}
