/** The command line as a user meets it: in a process of its own. */
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { ClientResult } from '../../src/document/client.ts';
import type { ServerResult } from '../../src/document/server.ts';
import { ROOT } from './modules.ts';
import { freePort } from './ports.ts';
import { validated } from './schemas.ts';

export { ROOT };
const LAUNCHER = path.join(ROOT, 'bin/conngen.js');

export interface RunOptions {
  /** Added to `plainEnvironment()`. */
  readonly env?: Readonly<Record<string, string>>;
  /** The root of the checkout if not given. */
  readonly cwd?: string;
  /** After this long the process is killed and `signal` is SIGKILL. 120 s if not given. */
  readonly timeoutMs?: number;
  /** A command that runs the command after it, such as `ip netns exec NAME`, and becomes it. */
  readonly prefix?: readonly string[];
  /** What the process reads from stdin; nothing if not given, and null is a stdin that stays open. */
  readonly stdin?: string | null;
  /** Called once with the process, for a test that sends signals or watches the output. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** How a process ended and all that it wrote. Exactly one of `code` and `signal` is null. */
export interface CliRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a server of a test lives at most: its tests together may take minutes on a busy machine. */
const SERVER_MS = 290_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The environment of the tests without `CONNGEN_*` and without what tap adds to steer Node. */
export function plainEnvironment(): Record<string, string | undefined> {
  const steering = /^(CONNGEN_|_?TAP|NODE_OPTIONS$|NO_COLOR$|FORCE_COLOR$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !steering.test(name)));
}

/** Starts `PREFIX node bin/conngen.js ARGS`; `ended` rejects only where a result is not as its schema says. */
function start(args: readonly string[], options: RunOptions): { child: ChildProcess; ended: Promise<CliRun> } {
  const [command, ...rest] = [...(options.prefix ?? []), process.execPath, LAUNCHER, ...args];
  const child = spawn(command!, rest, {
    cwd: options.cwd ?? ROOT,
    env: { ...plainEnvironment(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A process that does not read it may have gone.
  child.stdin.on('error', () => undefined);
  if (options.stdin !== null) child.stdin.end(options.stdin ?? '');
  running.add(child);
  options.onSpawn?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
  const ended = new Promise<CliRun>((resolve, reject) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      try {
        // What was refused has written nothing; a file that it names may be a test's own.
        if (code !== 2) validateResults(args, stdout, options.cwd ?? ROOT);
        resolve({ code, signal, stdout, stderr });
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
  return { child, ended };
}

/** Throws where a result that a run has written, on stdout or to a file, is not as its schema says. */
function validateResults(args: readonly string[], stdout: string, cwd: string): void {
  const files = args.flatMap((arg, index) => {
    const [flag, value = args[index + 1]] = arg.split('=', 2);
    if (value === undefined || value === '-') return [];
    if (flag === '--json' || flag === '--stream') return [value];
    return flag === '--out' || flag === '--resume' ? [path.join(value, 'lab.json')] : [];
  });
  const written = files.map((file) => readIfFile(path.resolve(cwd, file)));
  for (const text of [stdout, ...written].flatMap(documentsIn)) {
    const value = jsonOf(text);
    if (value !== undefined) validated(value);
  }
}

/** A stream and a server write a document a line. */
function documentsIn(text: string): string[] {
  return /^\{"(?:event|schema)":/.test(text) ? text.split('\n') : [text];
}

function readIfFile(file: string): string {
  try {
    // A pipe or a device would keep us waiting.
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  }
}

function jsonOf(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Runs `conngen ARGS` to its end. Rejects only where a result is not as its schema says; a bad end is in the result. */
export function runCli(args: readonly string[], options: RunOptions = {}): Promise<CliRun> {
  return start(args, options).ended;
}

/** The client's result on stdout (`--json -`), for `runCli`. Throws with what was written if it is not one JSON document. */
export function clientResult(run: CliRun): ClientResult {
  return parse(run, run.stdout) as ClientResult;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  readonly listeners: number;
  readonly engine: string;
  readonly pid: number;
  /** How it ended; pending while it runs. */
  readonly ended: Promise<CliRun>;
  /** Sends the signal (SIGTERM if not given) and returns the result, the last line on stdout. Callable twice. */
  stop(signal?: NodeJS.Signals): Promise<ServerResult>;
}

/**
 * Starts `conngen server` on a free port of 127.0.0.1, unless `args` say otherwise, and resolves when every listener
 * accepts. Rejects with its output where it does not start. `stop` it in a teardown; if the test process ends first, it is killed.
 */
export async function startServer(args: readonly string[] = [], options: RunOptions = {}): Promise<RunningServer> {
  const defaults = ['--host', '127.0.0.1', '--port', String(await freePort())];
  const given = (flag: string): boolean => args.some((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const missing = [0, 2].flatMap((i) => (given(defaults[i]!) ? [] : defaults.slice(i, i + 2)));
  const { child, ended } = start(['server', ...missing, '--json', '-', ...args], { timeoutMs: SERVER_MS, ...options });
  const first = await Promise.race([firstLine(child), ended]);
  if (typeof first !== 'string') throw new Error(`conngen server did not start\n${describe(first)}`);
  const event = JSON.parse(first) as Pick<RunningServer, 'host' | 'port' | 'listeners' | 'engine'>;
  return {
    host: event.host,
    port: event.port,
    listeners: event.listeners,
    engine: event.engine,
    pid: child.pid!,
    ended,
    async stop(signal = 'SIGTERM') {
      if (running.has(child)) child.kill(signal);
      const run = await ended;
      return parse(run, run.stdout.trimEnd().split('\n').at(-1)!) as ServerResult;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const read = (chunk: string): void => {
      text += chunk;
      if (!text.includes('\n')) return;
      child.stdout!.off('data', read);
      resolve(text.slice(0, text.indexOf('\n')));
    };
    child.stdout!.on('data', read);
  });
}

function parse(run: CliRun, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`no JSON where a result was expected\n${describe(run)}`, { cause });
  }
}

function describe(run: CliRun): string {
  return `exit code ${String(run.code)}, signal ${String(run.signal)}\nstdout: ${run.stdout}\nstderr: ${run.stderr}`;
}
