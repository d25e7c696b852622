/** The command of the user that makes a side what it is, such as a sysctl. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How much of what a command printed is kept: its end. */
const TOLD_CHARACTERS = 2000;

/** How a command ended. */
export interface BeforeOutcome {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  /** The end of what it printed, both streams in the order in which they came. */
  readonly printed: string;
}

/** Runs a command by /bin/sh, and kills it where `stop` aborts. Rejects where there is no shell. */
export async function runBefore(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
  stop: AbortSignal,
): Promise<BeforeOutcome> {
  const child = spawn('/bin/sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  stop.addEventListener('abort', kill, { once: true });
  let printed = '';
  const keep = (text: string): void => void (printed = (printed + text).slice(-TOLD_CHARACTERS));
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  try {
    // Not `close`: a server that the command starts in the background keeps its streams open.
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    // What it wrote just before its end may still be on its way.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { exitCode, printed: printed.trim() };
  } finally {
    child.stdout.destroy();
    child.stderr.destroy();
    stop.removeEventListener('abort', kill);
  }
}
