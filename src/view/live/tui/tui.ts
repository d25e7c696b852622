/** The live view on a whole terminal: events in, frames out, at most five a second, on the main thread. */
import type { LiveSink, RunEvent } from '../../../run/events.ts';
import { printable } from '../../../units/printable.ts';
import type { TextStyle } from '../../layout.ts';
import { ASCII_GLYPHS, BLOCKS } from './bars.ts';
import { frameLines } from './frame.ts';
import { LiveRun } from './live-run.ts';
import type { LivePlan } from './plan.ts';
import { Screen, type ScreenLine, type ScreenTerminal } from './screen.ts';
import { lineWidth, paintLine } from './spans.ts';

/** What the live view needs of a terminal. */
export interface LiveTerminal extends ScreenTerminal {
  readonly style: TextStyle;
  /** Whether block characters can be shown. */
  readonly hasBlocks: boolean;
  /** Whether it gives single keys. */
  readonly hasKeys: boolean;
  /** Whether the terminal may be written to: this process is in its foreground. */
  isOurs(): boolean;
  /** Calls `onKey` for each key, `onResize` when the size has changed, `onReturn` when other programs may have used the terminal. */
  listen(listeners: TerminalListeners): void;
  /** Does what Ctrl-C does. */
  interrupt(): void;
  /** Gives the terminal back as it was. Can be called twice. */
  release(): void;
}

export interface TerminalListeners {
  readonly onKey: (key: string) => void;
  readonly onResize: () => void;
  readonly onReturn: () => void;
}

const SHORTEST_PAUSE_MS = 200;
/** Progress goes on where no event comes. */
const REFRESH_MS = 1000;

export class Tui implements LiveSink {
  readonly #terminal: LiveTerminal;
  readonly #screen: Screen;
  readonly #run: LiveRun;
  readonly #refresh: NodeJS.Timeout;
  #next: NodeJS.Timeout | null = null;
  #drawnAtMs = -Infinity;
  #lines: readonly ScreenLine[] = [];
  #isPaused = false;
  #isHelp = false;
  #isLog = false;
  #isInterrupted = false;
  #isClosed = false;

  constructor(terminal: LiveTerminal, plan: LivePlan) {
    this.#terminal = terminal;
    this.#screen = new Screen(terminal);
    this.#run = new LiveRun(plan);
    terminal.listen({
      onKey: (key) => this.#key(key),
      onResize: () => this.#drawSoon(),
      onReturn: () => {
        this.#screen.leave();
        this.#drawSoon();
      },
    });
    this.#refresh = setInterval(() => this.#drawSoon(), REFRESH_MS);
    this.#drawSoon();
  }

  on(event: RunEvent): void {
    this.#run.on(event);
    this.#drawSoon();
  }

  /** Makes room for a line of other output; the frame is drawn below it again. */
  clear(): void {
    if (this.#isClosed || !this.#terminal.isOurs()) return;
    this.#screen.erase();
    setImmediate(() => this.#guarded(() => this.#show()));
  }

  close(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(true);
    this.#isHelp = false;
    this.#isPaused = false;
    this.#guarded(() => {
      this.#compose(true);
      this.#show();
      if (this.#terminal.isOurs()) this.#terminal.write('\n');
    });
    this.#end();
    return Promise.resolve(true);
  }

  #drawSoon(): void {
    if (this.#next !== null || this.#isClosed) return;
    const sinceMs = performance.now() - this.#drawnAtMs;
    this.#next = setTimeout(() => this.#draw(), Math.max(0, SHORTEST_PAUSE_MS - sinceMs));
  }

  #draw(): void {
    this.#next = null;
    this.#drawnAtMs = performance.now();
    this.#guarded(() => {
      // A frame that does not fit any more is made anew even if the drawing is paused.
      if (!this.#isPaused || !this.#fits()) this.#compose();
      this.#show();
    });
  }

  /** A view that fails, which is a mistake of ours, ends here and the run goes on. */
  #guarded(draw: () => void): void {
    try {
      draw();
    } catch (error) {
      this.#end();
      const message = printable(error instanceof Error ? error.message : String(error));
      this.#terminal.write(`WARN: the live view failed and ends here: ${message}\n`);
    }
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#refresh);
    if (this.#next !== null) clearTimeout(this.#next);
    this.#screen.leave();
    this.#terminal.release();
  }

  #fits(): boolean {
    const { columns, rows } = this.#terminal.size();
    return this.#lines.length < rows && this.#lines.every(({ cells }) => cells < columns);
  }

  #compose(isFinal = false): void {
    const { columns, rows } = this.#terminal.size();
    const lines = frameLines({
      run: this.#run,
      // The last column stays free: a terminal may go on to the next line after it. The last row is the cursor's.
      columns: Math.max(1, columns - 1),
      rows: Math.max(1, rows - 1),
      glyphs: this.#terminal.hasBlocks ? BLOCKS : ASCII_GLYPHS,
      isLog: this.#isLog,
      isPaused: this.#isPaused,
      isHelp: this.#isHelp,
      hasKeys: this.#terminal.hasKeys && !isFinal,
    });
    this.#lines = lines.map((line) => ({ text: paintLine(line, this.#terminal.style), cells: lineWidth(line) }));
  }

  #show(): void {
    if (!this.#isClosed && this.#terminal.isOurs()) this.#screen.draw(this.#lines);
  }

  #key(key: string): void {
    switch (key) {
      case 'q':
      case 'Q':
        // Once: a second interrupt would end the run without a report.
        if (!this.#isInterrupted) this.#terminal.interrupt();
        this.#isInterrupted = true;
        return;
      case 'p':
        this.#isPaused = !this.#isPaused;
        break;
      case 'l':
        this.#isLog = !this.#isLog;
        break;
      case '?':
      case 'h':
        this.#isHelp = !this.#isHelp;
        break;
      default:
        return;
    }
    this.#guarded(() => this.#compose());
    this.#drawSoon();
  }
}
