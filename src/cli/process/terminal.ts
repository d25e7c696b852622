/** The terminal of this process for the live view: its size, its keys, its modes, and that it is given back as it was. */
import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { isInBackground, keyModes, type KeyModes } from '../../kernel/terminal.ts';
import type { TextStyle } from '../../view/layout.ts';
import type { ScreenSize } from '../../view/live/tui/screen.ts';
import type { LiveTerminal, TerminalListeners } from '../../view/live/tui/tui.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The smallest terminal that the live view begins on. It goes on where the terminal becomes smaller. */
const SMALLEST: ScreenSize = { columns: 80, rows: 24 };
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
/** The process stops after Ctrl-Z. A process that no shell could continue does not stop, and goes on after this time. */
const STOPPED_WITHIN_MS = 50;

/** What a process may show on its terminal. */
export interface TerminalAccess {
  /** What is missing for the live view on the whole terminal, as a noun phrase; null where nothing is. */
  readonly missing: string | null;
  /** Why it is not shown unless it is asked for: a CI, a process in the background. */
  readonly isUnattended: boolean;
  /** What stdout is. What a run prints into a pipe may come out on the terminal as well, by its reader. */
  readonly stdout: 'terminal' | 'pipe' | 'other';
  open(style: TextStyle): LiveTerminal;
}

/** The terminal that this process has. Opens and changes nothing. */
export function processTerminal(env: Env): TerminalAccess {
  return {
    missing: missingOf(env),
    isUnattended: isCi(env) || isInBackground(),
    stdout: kindOf(STDOUT),
    open: (style) => new ProcessTerminal(env, style),
  };
}

function missingOf(env: Env): string | null {
  if (!isatty(STDIN)) return 'a terminal as stdin, for the keys';
  if (!isatty(STDERR)) return 'a terminal as stderr, which is drawn on';
  if (env['TERM'] === 'dumb') return 'a terminal whose cursor can be moved (TERM is dumb)';
  const { columns, rows } = sizeOf(process.stderr);
  if (columns >= SMALLEST.columns && rows >= SMALLEST.rows) return null;
  return `a terminal of at least ${SMALLEST.columns} × ${SMALLEST.rows} (this one has ${columns} × ${rows})`;
}

function kindOf(fd: number): TerminalAccess['stdout'] {
  if (isatty(fd)) return 'terminal';
  try {
    const status = fstatSync(fd);
    return status.isFIFO() || status.isSocket() ? 'pipe' : 'other';
  } catch {
    return 'other';
  }
}

function isCi(env: Env): boolean {
  return !['', '0', 'false'].includes(env['CI'] ?? '');
}

/** Asked of the system: what Node keeps is as old as the last SIGWINCH that it has handled. */
function sizeOf(stream: NodeJS.WriteStream): ScreenSize {
  try {
    const [columns, rows] = stream.getWindowSize();
    if (columns > 0 && rows > 0) return { columns, rows };
  } catch {
    // The terminal has gone.
  }
  return SMALLEST;
}

/** xterm, screen and the Linux console cut lines that do not fit any more; the others break them anew. */
function reflowsLines(env: Env): boolean {
  const term = env['TERM'] ?? '';
  if (term === 'linux' || env['XTERM_VERSION'] !== undefined) return false;
  return !term.startsWith('screen') || env['TMUX'] !== undefined;
}

function hasUnicode(env: Env): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((each) => each !== undefined && each !== '');
  return /utf-?8/i.test(locale ?? '');
}

class ProcessTerminal implements LiveTerminal {
  readonly style: TextStyle;
  readonly reflows: boolean;
  readonly hasBlocks: boolean;
  readonly hasKeys: boolean;
  readonly #modes: KeyModes | null;
  #listeners: TerminalListeners | null = null;
  /** Whether the terminal is in our modes and we read it. */
  #isTaken = false;
  #isAway = false;
  #isReleased = false;

  constructor(env: Env, style: TextStyle) {
    this.style = style;
    this.reflows = reflowsLines(env);
    this.hasBlocks = hasUnicode(env);
    this.#modes = keyModes(STDIN);
    this.hasKeys = this.#modes !== null;
  }

  size(): ScreenSize {
    return sizeOf(process.stderr);
  }

  write(text: string): void {
    process.stderr.write(text);
  }

  listen(listeners: TerminalListeners): void {
    this.#listeners = listeners;
    process.stderr.on('resize', listeners.onResize);
    if (this.#modes !== null) {
      process.stdin.on('error', ignoreError);
      process.stdin.on('data', this.#onData);
      process.stdin.pause();
    }
    process.on('exit', this.#giveBack);
    process.on('SIGTSTP', this.#onStop);
    process.on('SIGCONT', this.#onContinue);
    process.on('SIGQUIT', this.#onQuit);
    if (isInBackground()) this.#isAway = true;
    else this.#take();
  }

  isOurs(): boolean {
    const isAway = isInBackground();
    if (!isAway && this.#isAway) this.#comeBack();
    else if (isAway) this.#isAway = true;
    return !isAway;
  }

  interrupt(): void {
    process.kill(process.pid, 'SIGINT');
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#giveBack();
    if (this.#listeners !== null) process.stderr.off('resize', this.#listeners.onResize);
    process.stdin.off('data', this.#onData);
    process.off('exit', this.#giveBack);
    process.off('SIGTSTP', this.#onStop);
    process.off('SIGCONT', this.#onContinue);
    process.off('SIGQUIT', this.#onQuit);
  }

  /** Only in the foreground: elsewhere each of these would stop the process. */
  #take(): void {
    this.#isAway = false;
    if (this.#modes === null || this.#isReleased) return;
    this.#modes.enter();
    this.#isTaken = true;
    process.stdin.resume();
  }

  readonly #giveBack = (): void => {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    process.stdin.pause();
    if (!isInBackground()) this.#modes?.leave();
  };

  readonly #onData = (chunk: Buffer | string): void => {
    const text = String(chunk);
    // An arrow or a function key is no letter.
    if (text.startsWith('\u001b')) return;
    for (const key of text) this.#listeners?.onKey(key);
  };

  /** Ctrl-Z: the shell gets its terminal as it was, and then the system does what it does without us. */
  readonly #onStop = (): void => {
    this.#giveBack();
    this.#isAway = true;
    process.off('SIGTSTP', this.#onStop);
    process.kill(process.pid, 'SIGTSTP');
    setTimeout(this.#onContinue, STOPPED_WITHIN_MS);
  };

  readonly #onContinue = (): void => {
    if (this.#isReleased) return;
    if (!process.listeners('SIGTSTP').includes(this.#onStop)) process.on('SIGTSTP', this.#onStop);
    // The shell may have changed the modes in the meantime.
    if (isInBackground()) this.#isAway = true;
    else this.#comeBack();
  };

  /** Ctrl-\ ends the process in the way of the system, which runs no listener of `exit`. */
  readonly #onQuit = (): void => {
    this.release();
    process.kill(process.pid, 'SIGQUIT');
  };

  #comeBack(): void {
    const wasAway = this.#isAway || !this.#isTaken;
    this.#take();
    if (wasAway) this.#listeners?.onReturn();
  }
}

function ignoreError(): void {
  // A terminal that has gone gives no more keys.
}
