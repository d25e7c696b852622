/** The reports of one agent, in the order of their numbers, each once. */
import type { Report } from '../protocol.ts';

/** A report that came before others which are missing waits for them. An agent keeps as many until they are acknowledged. */
const EARLY_MAX = 20_000;

export class Inbox {
  #next = 0;
  /** The number after the highest that came. */
  #end = 0;
  /** How often the agent was told that a report is missing, since the last one that filled a gap. */
  gapTold = 0;
  readonly #early = new Map<number, { readonly report: Report; readonly body: Uint8Array }>();

  /** The number below which every report was given to `use`. */
  get acknowledged(): number {
    return this.#next;
  }

  /** How many reports are known to be missing: others with higher numbers came. */
  get missing(): number {
    return this.hasGap ? this.#end - this.#next - this.#early.size : 0;
  }

  get hasGap(): boolean {
    return this.#early.size > 0;
  }

  /** Takes a report, and gives it to `use` with all that were waiting for it. What came before is dropped. */
  take(report: Report, body: Uint8Array, use: (report: Report, body: Uint8Array) => void): void {
    const { number } = report;
    if (number < this.#next || this.#early.has(number)) return;
    if (number > this.#next) {
      if (this.#early.size === EARLY_MAX) return;
      this.#early.set(number, { report, body });
      this.#end = Math.max(this.#end, number + 1);
      return;
    }
    this.#next++;
    this.gapTold = 0;
    use(report, body);
    for (;;) {
      const next = this.#early.get(this.#next);
      if (next === undefined) return;
      this.#early.delete(this.#next++);
      use(next.report, next.body);
    }
  }
}
