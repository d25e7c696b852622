import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Launch } from './launch.ts';

/** How much of the end of a child's stderr an error message holds. */
const TOLD_CHARACTERS = 500;
/** The time that a child has to end after SIGTERM. */
const PATIENCE_MS = 8000;

export interface ChildOptions {
  readonly launch: Launch;
  /** When it aborts, the child is killed. */
  readonly stop: AbortSignal;
  /** `keep`: `complaint` has the end of what the child writes to stderr. `show`: it goes to the stderr of this process. */
  readonly stderr: 'keep' | 'show';
  /** Whether a signal from the terminal, such as that of Ctrl-C, does not reach the child. */
  readonly isDetached: boolean;
}

/** Child is another conngen, in a process of its own. It is killed when this process ends. */
export class Child {
  readonly stdout: Readable;
  /** Resolves with the exit code when the child has ended and its output is read; null after a signal. Rejects where it cannot be started. */
  readonly exit: Promise<number | null>;
  readonly #process: ChildProcess;
  #told = '';

  /** Starts `conngen ARGS`. Throws where `stop` has aborted. */
  constructor(args: readonly string[], { launch, stop, stderr, isDetached }: ChildOptions) {
    stop.throwIfAborted();
    const child = spawn(launch.command, [...launch.args, ...args], {
      env: launch.env,
      // The channel breaks with this process, also where that is killed: so a server learns that it is alone.
      stdio: ['ignore', 'pipe', stderr === 'keep' ? 'pipe' : 'inherit', 'ipc'],
      detached: isDetached,
    });
    this.#process = child;
    this.stdout = child.stdout!;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#told = (this.#told + text).slice(-TOLD_CHARACTERS);
    });
    const kill = (): void => void child.kill('SIGKILL');
    stop.addEventListener('abort', kill, { once: true });
    // The channel alone would leave it running for a moment.
    process.once('exit', kill);
    const forget = (): void => {
      stop.removeEventListener('abort', kill);
      process.removeListener('exit', kill);
    };
    this.exit = once(child, 'close')
      .then(([code]) => code as number | null)
      .finally(forget);
    // The call that waits for it gets the error.
    this.exit.catch(() => undefined);
  }

  /** The last of what the child wrote to stderr, on one line. */
  complaint(): string {
    return this.#told.trim().replaceAll(/\s*\n\s*/g, '; ');
  }

  /** Asks the child to end (SIGTERM), and kills it where it takes more than 8 s. Resolves as `exit`. */
  async end(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), PATIENCE_MS);
    return this.exit.finally(() => clearTimeout(timer));
  }
}
