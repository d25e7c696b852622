import { OutputFile, reasonOf } from './output.ts';

/** How a `LineFile` ended. */
export type LineFileEnd =
  | { readonly ok: true }
  /** `partial` is where the lines before the failure are kept, or null where there are none. */
  | { readonly ok: false; readonly reason: string; readonly partial: string | null };

/** Where a `LineFile` writes: a file, a pipe, or stdout. */
export type LineTarget = Pick<OutputFile, 'append' | 'commit' | 'discard' | 'keepPartial' | 'keepPartialNow'>;

/**
 * How much text may wait for a reader that is slower than the run. Nothing is dropped before: a second of `--stream` has some 10 KiB,
 * so that a reader may lag by more than an hour. A reader that lags more has failed.
 */
export const PENDING_MAX_BYTES = 64 * 1024 * 1024;

/**
 * A file that grows while a run goes on. What is appended is written in order and immediately; what the system does not take yet
 * waits in memory, up to `PENDING_MAX_BYTES`. The file stands under its name only when it ended well (see `OutputFile`). After a
 * failure the rest is dropped.
 */
export class LineFile {
  readonly path: string;
  /** Resolves when the file is open: to null, or to the reason why it could not be opened. */
  readonly opened: Promise<string | null>;
  #file: LineTarget | null = null;
  #pendingBytes = 0;
  #last: Promise<void>;
  #reason: string | null = null;

  constructor(path: string, open: () => Promise<LineTarget> = () => OutputFile.open(path)) {
    this.path = path;
    this.opened = open().then(
      (file) => {
        this.#file = file;
        return null;
      },
      (error: unknown) => (this.#reason = reasonOf(error)),
    );
    this.#last = this.opened.then(() => undefined);
  }

  /** Never throws; `close` reports a failure. */
  append(text: string): void {
    if (this.#reason !== null) return;
    const bytes = Buffer.byteLength(text);
    this.#pendingBytes += bytes;
    if (this.#pendingBytes > PENDING_MAX_BYTES) {
      this.#reason = `its reader is ${PENDING_MAX_BYTES / 2 ** 20} MiB behind`;
      return;
    }
    this.#last = this.#last.then(async () => {
      if (this.#file === null || this.#reason !== null) return;
      try {
        await this.#file.append(text);
      } catch (error) {
        this.#reason = reasonOf(error);
      }
      this.#pendingBytes -= bytes;
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

  /** Keeps what was written, if it can, when the process ends immediately. */
  abandon(): void {
    try {
      this.#file?.keepPartialNow();
    } catch {
      // The process ends: the failure cannot be reported any more.
    }
    this.#file = null;
  }
}
