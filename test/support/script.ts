/** The scripts of `examples/` as a user runs them: in a process group of their own, with this checkout's conngen. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT, plainEnvironment } from './cli.ts';

export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** After this long the whole group is interrupted, as from a terminal. 60 s if not given. */
  readonly interruptMs?: number;
  /** It is interrupted once its output has this. */
  readonly interruptAt?: RegExp;
}

export interface ScriptRun {
  readonly code: number | null;
  readonly stdout: string;
  /** stdout and stderr as they came. */
  readonly output: string;
  /** Of the script, and so of its group. */
  readonly pid: number;
}

/** Runs a script with sh in an empty folder and waits for its end. `file` is below the checkout. */
export async function runScript(
  file: string,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<ScriptRun> {
  const work = mkdtempSync(path.join(tmpdir(), 'conngen-script-'));
  const shim = `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/bin/conngen.js" "$@"\n`;
  writeFileSync(path.join(work, 'conngen'), shim, { mode: 0o755 });
  const environment = { ...plainEnvironment(), ...options.env };
  const env = { ...environment, PATH: `${work}:${environment['PATH'] ?? ''}` };
  const child = spawn('sh', [path.join(ROOT, file), ...args], { cwd: work, env, detached: true });
  const interrupt = (): void => void process.kill(-child.pid!, 'SIGINT');
  const timer = setTimeout(interrupt, options.interruptMs ?? 120_000);
  let stdout = '';
  let output = '';
  let isAwaited = options.interruptAt !== undefined;
  const add = (text: string): void => {
    output += text;
    if (!isAwaited || !options.interruptAt!.test(output)) return;
    isAwaited = false;
    interrupt();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    add(chunk.toString());
  });
  child.stderr.on('data', (chunk: Buffer) => add(chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  rmSync(work, { recursive: true, force: true });
  return { code, stdout, output, pid: child.pid! };
}

/** What a killed process takes to be gone from the table of processes, on a busy machine. */
const REAPED_WITHIN_MS = 20_000;

/** Whether a process of this group is still there after a moment. */
export async function somethingRuns(group: number): Promise<boolean> {
  const endMs = Date.now() + REAPED_WITHIN_MS;
  while (isThere(group)) {
    if (Date.now() > endMs) return true;
    await sleep(20);
  }
  return false;
}

function isThere(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}

/** Why a test that needs a command of this machine is skipped, or false. */
export function skipWithout(command: string, debianPackage = command): string | false {
  const found = spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
  return found ? false : `needs ${command} (apt-get install ${debianPackage})`;
}
