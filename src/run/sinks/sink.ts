/** What the sinks of a run's files have in common. */
import type { RunEvent, Sink } from '../events.ts';
import { LineFile, type LineTarget } from '../line-file.ts';

/** The name of stdout where a file is asked for. */
export const STDOUT = '-';

/** Where a sink writes, and who hears of failures. */
export interface SinkSetup {
  /** The name of a file, or `STDOUT`. */
  readonly path: string;
  /** Says on the log what could not be written. */
  readonly tell: (message: string) => void;
  /** Writes to stdout; resolves to false where its reader has gone. */
  readonly print: (text: string) => Promise<unknown>;
}

/** A file of lines that grows while a run goes on, with the words for what goes wrong. */
export class SinkFile {
  readonly #name: string;
  readonly #tell: SinkSetup['tell'];
  readonly #file: LineFile;
  #isTold = false;

  /** Opens the file. A failure is logged as soon as it shows, so that the user can still end the run. */
  constructor({ path, tell, print }: SinkSetup) {
    this.#name = path === STDOUT ? 'stdout' : path;
    this.#tell = tell;
    this.#file = path === STDOUT ? new LineFile(path, async () => printTarget(print)) : new LineFile(path);
    void this.#tellUnopened();
    process.on('exit', this.#abandon);
  }

  append(text: string): void {
    this.#file.append(text);
  }

  /** Puts the file in its place, or leaves what was there. Resolves to whether that worked. */
  async end(use: 'commit' | 'discard'): Promise<boolean> {
    const end = await this.#file.end(use);
    process.off('exit', this.#abandon);
    if (end.ok || this.#isTold) return end.ok;
    const kept = end.partial === null ? '' : `; what came before is in ${end.partial}`;
    this.#tell(`${this.#name} could not be written: ${end.reason}${kept}`);
    return false;
  }

  async #tellUnopened(): Promise<void> {
    const reason = await this.#file.opened;
    if (reason === null) return;
    this.#isTold = true;
    this.#tell(`${this.#name} could not be opened: ${reason}; it will be missing`);
  }

  /** Called when the process ends immediately, as after a second signal. */
  readonly #abandon = (): void => {
    this.#file.abandon();
  };
}

/** Stdout as a file of lines. Nothing is put in place at the end and nothing can be kept. */
function printTarget(print: SinkSetup['print']): LineTarget {
  return {
    append: async (text) => {
      if ((await print(text)) === false) throw Object.assign(new Error('closed pipe'), { code: 'EPIPE' });
    },
    commit: async () => undefined,
    discard: async () => undefined,
    keepPartial: async () => null,
    keepPartialNow: () => undefined,
  };
}

/** The lines that an event makes, each with its newline; empty for an event that makes none. */
export type LinesOf = (event: RunEvent) => string;

/** A sink whose file is the lines of all events, in order. */
export function lineSink(setup: SinkSetup, linesOf: LinesOf): Sink {
  const file = new SinkFile(setup);
  let isEmpty = true;
  return {
    on: (event) => {
      const lines = linesOf(event);
      if (lines === '') return;
      // A file with nothing but its head is no loss.
      if (event.type !== 'run-started') isEmpty = false;
      file.append(lines);
    },
    // A run that broke off before anything was measured leaves what was there.
    close: (hasResult) => file.end(hasResult || !isEmpty ? 'commit' : 'discard'),
  };
}
