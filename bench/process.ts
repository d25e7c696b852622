/** Programs under measurement: what they print and what CPU they take. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../bin/conngen.js', import.meta.url));
/** Linux counts CPU time for user space in hundredths of a second (USER_HZ). */
const USEC_PER_TICK = 10_000;
/** What Linux keeps a closed connection for, and a little more. */
const TIME_WAIT_MS = 65_000;
const FEW_TIME_WAITS = 1000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the program and all that it started and waited for. */
  readonly cpuUsec: number;
}

/** Runs a program to its end; it is killed after `limitSec`. `onStart` is told the process whose descendant it is. */
export async function run(
  command: readonly string[],
  limitSec: number,
  onStart?: (pid: number) => void,
): Promise<Finished> {
  // The shell's times(1) is the only way to the CPU time of a child from here.
  const child = spawn(
    'sh',
    ['-c', 'timeout -k 1 "$0" "$@"; code=$?; times >&2; exit $code', String(limitSec), ...command],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  if (child.pid !== undefined) onStart?.(child.pid);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += String(data)));
  child.stderr.on('data', (data) => (stderr += String(data)));
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = stderr.trimEnd().split('\n');
  const children = [...(lines.at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  const cpuUsec = children.reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1e6,
    0,
  );
  return { code, stdout, stderr: lines.slice(0, -2).join('\n'), cpuUsec };
}

export function conngen(...args: string[]): string[] {
  return [process.execPath, LAUNCHER, ...args];
}

export function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** CPU time of a process so far, all threads (proc(5), stat). */
export function cpuUsecOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * USEC_PER_TICK;
}

/** A server that runs beside what is measured. */
export class RunningServer {
  readonly port: number;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** CPU time so far, all threads. */
  cpuUsec(): number {
    return cpuUsecOf(this.pid);
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await closed;
  }
}

let lastPort = 20_000 + (process.pid % 400) * 10;

/** Below the kernel's range, which may be full of the TIME_WAITs of what is measured. */
export function nextPort(): number {
  return ++lastPort;
}

/** Starts a server on a port of its own, given to `command`, and waits until it accepts. */
export async function startServer(command: (port: number) => readonly string[]): Promise<RunningServer> {
  const port = nextPort();
  const [program, ...args] = command(port);
  const child = spawn(program!, args, { stdio: 'ignore' });
  for (let i = 0; i < 100; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (child.exitCode !== null) throw new Error(`${command(port).join(' ')} ended with code ${child.exitCode}`);
    if (await accepts(port)) return new RunningServer(child, port);
  }
  child.kill('SIGKILL');
  throw new Error(`${command(port).join(' ')} does not accept`);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Sockets in TIME_WAIT on this machine (proc_net(5), sockstat). */
export function timeWaits(): number {
  return Number(/^TCP:.* tw (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1] ?? 0);
}

/**
 * Waits until the TIME_WAITs of earlier runs are few. While they last, programs that leave the choice of a source port to
 * the kernel find none.
 */
export async function untilTimeWaitsAreGone(): Promise<void> {
  const endMs = Date.now() + TIME_WAIT_MS;
  while (timeWaits() > FEW_TIME_WAITS && Date.now() < endMs) await sleep(500);
}
