/** Other conngens that a cell starts: a server beside it, and a client whose result it takes. All end with the cell. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ServerResult } from '../document/server.ts';
import type { CellContext } from './lab.ts';

/** What a cell needs of its context to start others. */
export type Surroundings = Pick<CellContext, 'launch' | 'stop'>;

/** How much of the end of a child's stderr an error message holds. */
const TOLD_CHARACTERS = 500;
/** A server has as long to end by itself. */
const PATIENCE_MS = 8000;

interface Child {
  readonly process: ChildProcess;
  readonly exit: Promise<number | null>;
  /** The last of what it said on stderr, on one line. */
  complaint: () => string;
}

function start({ launch, stop }: Surroundings, args: readonly string[]): Child {
  stop.throwIfAborted();
  const child = spawn(launch.command, [...launch.args, ...args], {
    env: launch.env,
    // By the channel a server learns that the lab has gone, also where that was killed.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let told = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (told = (told + text).slice(-TOLD_CHARACTERS)));
  const kill = (): void => void child.kill('SIGKILL');
  // A signal from the terminal has reached it as well; one that was sent to the lab alone has not. A second one ends the lab immediately.
  stop.addEventListener('abort', kill, { once: true });
  process.once('exit', kill);
  const exit = once(child, 'close').then(([code]) => {
    stop.removeEventListener('abort', kill);
    process.removeListener('exit', kill);
    return code as number | null;
  });
  // The waiting call gets the error.
  exit.catch(() => undefined);
  return { process: child, exit, complaint: () => told.trim().replaceAll(/\s*\n\s*/g, '; ') };
}

/** A server on a port of its own, on loopback. */
export class ServerChild {
  readonly port: number;
  readonly #child: Child;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: Child, lines: AsyncIterator<string>, port: number) {
    this.port = port;
    this.#child = child;
    this.#lines = lines;
  }

  /** Resolves when it accepts; rejects with what it said where it does not. */
  static async start(around: Surroundings, args: readonly string[]): Promise<ServerChild> {
    const own = ['--host', '127.0.0.1', '--port', '0', '--quiet', '--json', '-'];
    const child = start(around, ['server', ...own, ...args]);
    const lines = createInterface({ input: child.process.stdout! })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done === true) {
      await child.exit;
      throw new Error(`the server did not start: ${child.complaint()}`);
    }
    return new ServerChild(child, lines, (JSON.parse(first.value) as { port: number }).port);
  }

  /** Ends it and returns its result; null where it had to be killed. */
  async end(): Promise<ServerResult | null> {
    const { process, exit } = this.#child;
    process.kill('SIGTERM');
    const timer = setTimeout(() => process.kill('SIGKILL'), PATIENCE_MS);
    const last = await this.#lines.next();
    await exit;
    clearTimeout(timer);
    return last.done === true ? null : (JSON.parse(last.value) as ServerResult);
  }
}

/** Runs a command to its end and returns its JSON. Rejects with what it said where there is none. */
export async function resultOf<Result>(around: Surroundings, args: readonly string[]): Promise<Result> {
  const child = start(around, [...args, '--quiet', '--json', '-']);
  let text = '';
  child.process.stdout!.setEncoding('utf8').on('data', (part: string) => (text += part));
  const code = await child.exit;
  around.stop.throwIfAborted();
  try {
    return JSON.parse(text) as Result;
  } catch {
    throw new Error(`conngen ${args[0]} ended with code ${code}: ${child.complaint()}`);
  }
}

/** Serves while `measure` runs; what the server counted comes with what was measured. */
export async function besideServer<Measured>(
  around: Surroundings,
  args: readonly string[],
  measure: (port: number) => Promise<Measured>,
): Promise<{ readonly measured: Measured; readonly served: ServerResult | null }> {
  const server = await ServerChild.start(around, args);
  let measured: Measured;
  try {
    measured = await measure(server.port);
  } catch (error) {
    await server.end().catch(() => undefined);
    throw error;
  }
  return { measured, served: await server.end() };
}

/** A time as the command line takes it, to the nanosecond. */
export function durationArgument(ns: number): string {
  return `${ns / 1e6}ms`;
}
