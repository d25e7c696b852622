/** A terminal that tests can look at: a shell in a pane of a tmux server of its own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { plainEnvironment, ROOT } from './cli.ts';

/** Why there are no panes here; false where there are. */
export function whyNoPane(): string | false {
  for (const [command, flag] of [
    ['tmux', '-V'],
    ['bash', '--version'],
  ] as const) {
    if (spawnSync(command, [flag]).status !== 0) return `needs ${command}`;
  }
  return false;
}

const WITHIN_MS = 30_000;
let panes = 0;

export class Pane {
  readonly #socket: string;

  /** A shell in the checkout, whose prompt is `% `. Close it in a teardown. */
  constructor(columns: number, rows: number, env: Readonly<Record<string, string>> = {}) {
    this.#socket = `conngen-test-${process.pid}-${panes++}`;
    const without = ['-u', 'CI', '-u', 'NO_COLOR', '-u', 'TMUX'];
    const setting = Object.entries({ LC_ALL: 'C.UTF-8', PS1: '% ', ...env }).map(([name, value]) => `${name}=${value}`);
    const shell = ['env', ...without, ...setting, 'bash', '--norc', '--noprofile'];
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux('-u', '-f', '/dev/null', 'new-session', '-d', ...size, '-c', ROOT, ...shell);
  }

  #tmux(...args: readonly string[]): string {
    const env = plainEnvironment();
    return execFileSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8', env, stdio: 'pipe' });
  }

  /** Types a line. */
  line(text: string): void {
    this.#tmux('send-keys', '-l', text);
    this.#tmux('send-keys', 'Enter');
  }

  /** Presses keys by their tmux names, all at the same time. */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** The lines on the screen. */
  screen(): string[] {
    return this.#tmux('capture-pane', '-p').trimEnd().split('\n');
  }

  /** The screen and all that has left it at the top; lines that were wrapped are whole. `-e` as a flag keeps colours. */
  history(...flags: readonly string[]): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-', ...flags);
  }

  /** Resolves to the screen when it shows `pattern`; rejects with the screen when it does not in time. */
  async until(pattern: RegExp): Promise<string> {
    const endMs = performance.now() + WITHIN_MS;
    for (;;) {
      const text = this.screen().join('\n');
      if (pattern.test(text)) return text;
      if (performance.now() > endMs) throw new Error(`${pattern} did not come:\n${this.history()}`);
      await sleep(50);
    }
  }

  /** Resolves to the screen when the shell waits for a line. What is typed before goes to the program that runs. */
  prompt(): Promise<string> {
    return this.until(/(?:^|\n)%$/);
  }

  /** What a command prints, at the prompt. */
  async ask(command: string): Promise<string> {
    await this.prompt();
    const mark = `mark${panes++}`;
    this.line(`echo ${mark}"=$(${command})="`);
    await this.until(new RegExp(`${mark}=[^]*=`));
    return new RegExp(`${mark}=([^=]*)=`).exec(this.history().replaceAll('\n', ''))?.[1] ?? '';
  }

  /** The modes of the terminal, also while a program has it. */
  modes(): string {
    const device = this.#tmux('display-message', '-p', '#{pane_tty}').trim();
    return execFileSync('stty', ['-g', '-F', device], { encoding: 'utf8' }).trim();
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
  }
}
