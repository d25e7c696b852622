/** A module of the tests as a process that answers each line with a line. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { plainEnvironment } from './cli.ts';
import { MODULE_ARGS, modulePath } from './modules.ts';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class LineProgram {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  readonly #ended: Promise<void>;

  /** Starts a module of the checkout, such as `test/support/x.ts`, and resolves when it has written its first line. */
  static async start(module: string, args: readonly string[], prefix: readonly string[] = []): Promise<LineProgram> {
    const program = new LineProgram(module, args, prefix);
    await program.#next();
    return program;
  }

  private constructor(module: string, args: readonly string[], prefix: readonly string[]) {
    const [command, ...rest] = [...prefix, process.execPath, ...MODULE_ARGS, modulePath(module), ...args];
    this.#child = spawn(command!, rest, { env: plainEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] });
    running.add(this.#child);
    this.#child.stdin!.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#lines.on('line', (line) => this.#waiting.shift()?.resolve(line));
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        running.delete(this.#child);
        for (const { reject } of this.#waiting.splice(0))
          reject(new Error(`${module} ended with code ${String(code)}`));
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Writes a line, and resolves with the answer. */
  ask(line: string): Promise<string> {
    const answer = this.#next();
    this.#child.stdin!.write(`${line}\n`);
    return answer;
  }

  #next(): Promise<string> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Ends it. Callable twice. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
