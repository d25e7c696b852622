import { OutputFile, reasonOf } from './output.ts';

/** How a `LineFile` ended. */
export type LineFileEnd =
  | { readonly ok: true }
  /** `partial` is where the lines before the failure are kept, or null where there are none. */
  | { readonly ok: false; readonly reason: string; readonly partial: string | null };

/**
 * A file that grows while a run goes on. What is appended is written in order and at once, and nothing is kept in memory; the
 * file stands under its name only when it ended well (see `OutputFile`). After a failure the rest is dropped.
 */
export class LineFile {
  readonly path: string;
  /** Resolves when the file is open: to null, or to the reason why it could not be opened. */
  readonly opened: Promise<string | null>;
  #file: OutputFile | null = null;
  #last: Promise<void>;
  #reason: string | null = null;

  constructor(path: string) {
    this.path = path;
    this.opened = OutputFile.open(path).then(
      (file) => {
        this.#file = file;
        return null;
      },
      (error: unknown) => (this.#reason = reasonOf(error)),
    );
    this.#last = this.opened.then(() => undefined);
  }

  /** Never throws; a failure is told at the end. */
  append(text: string): void {
    this.#last = this.#last.then(async () => {
      if (this.#file === null || this.#reason !== null) return;
      try {
        await this.#file.append(text);
      } catch (error) {
        this.#reason = reasonOf(error);
      }
    });
  }

  /** Writes what is pending and puts the file in its place; or leaves what was there, and nothing beside it. */
  async end(use: 'commit' | 'discard'): Promise<LineFileEnd> {
    await this.#last;
    const file = this.#file;
    this.#file = null;
    if (file === null) return { ok: false, reason: this.#reason ?? 'it was never opened', partial: null };
    if (use === 'discard') {
      await file.discard();
      return { ok: true };
    }
    try {
      if (this.#reason === null) {
        await file.commit();
        return { ok: true };
      }
    } catch (error) {
      this.#reason = reasonOf(error);
    }
    return { ok: false, reason: this.#reason, partial: await file.keepPartial().catch(() => null) };
  }

  /** For a process that ends at once: keeps what was written, if it can. */
  abandon(): void {
    try {
      this.#file?.keepPartialNow();
    } catch {
      // Nobody is left to be told.
    }
    this.#file = null;
  }
}
