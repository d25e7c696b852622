/** The reports of a run: numbered without a gap, and kept until the controller has acknowledged them. */
import type { Report } from '../protocol.ts';
import { encodeReport } from '../report-code.ts';

/** What is not acknowledged for so long, with a controller that is there, was lost on its way. */
const OVERDUE_MS = 1500;
/** How much is kept. At 1 000/s that is an hour of a worker without one acknowledgement. */
const KEPT_MAX_BYTES = 64 * 1024 * 1024;

/** A report without what the log adds. */
export type ReportBody = Report extends infer Each ? (Each extends Report ? Omit<Each, keyof Head> : never) : never;
type Head = Pick<Report, 'run' | 'instance' | 'number'>;

export interface ReportLogOptions {
  readonly run: string;
  readonly instance: string;
  readonly send: (message: Uint8Array) => void;
  /** Told once, where a report cannot be kept or sent: from then on there are no more of them. */
  readonly onEnd: (why: string) => void;
  /** The largest message that NATS takes. */
  readonly maxMessageBytes: () => number;
  readonly maxBytes?: number;
}

interface Kept {
  readonly number: number;
  readonly message: Uint8Array;
  readonly sinceMs: number;
}

export class ReportLog {
  readonly #o: ReportLogOptions;
  #kept: Kept[] = [];
  #keptBytes = 0;
  #next = 0;
  #acknowledged = 0;
  /** Since when nothing further was acknowledged, or what is overdue was sent again; null before the first acknowledgement. */
  #stuckSinceMs: number | null = null;
  #isOver = false;

  constructor(options: ReportLogOptions) {
    this.#o = options;
  }

  /** How many reports are not acknowledged. */
  get pending(): number {
    return this.#kept.length;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Sends a report and keeps it. Where there is no room for it, it is dropped, and so are all after it. */
  add(body: ReportBody, data?: Uint8Array): void {
    if (this.#isOver) return;
    const { run, instance, maxBytes = KEPT_MAX_BYTES } = this.#o;
    const number = this.#next;
    const message = encodeReport({ run, instance, number, ...body }, data);
    const { length } = message;
    const mostBytes = this.#o.maxMessageBytes();
    if (length > mostBytes) {
      this.#endWith(`a report has ${length} bytes, and NATS takes at most ${mostBytes} (its max_payload)`);
      return;
    }
    if (this.#keptBytes + length > maxBytes) {
      this.#endWith('the controller acknowledges no reports, and no more can be kept');
      return;
    }
    this.#next++;
    this.#kept.push({ number, message, sinceMs: performance.now() });
    this.#keptBytes += length;
    this.#o.send(message);
  }

  /**
   * The controller has every report below this number. Where it said the same `OVERDUE_MS` before, what is overdue is sent again: of
   * many agents each is told in some beats only.
   */
  acknowledge(below: number): void {
    if (below > this.#next) return;
    const first = this.#kept.findIndex(({ number }) => number >= below);
    const dropped = this.#kept.splice(0, first === -1 ? this.#kept.length : first);
    for (const { message } of dropped) this.#keptBytes -= message.length;
    const nowMs = performance.now();
    if (below > this.#acknowledged || this.#stuckSinceMs === null) this.#stuckSinceMs = nowMs;
    this.#acknowledged = Math.max(this.#acknowledged, below);
    const oldest = this.#kept[0];
    if (oldest === undefined || nowMs - Math.max(this.#stuckSinceMs, oldest.sinceMs) <= OVERDUE_MS) return;
    this.#stuckSinceMs = nowMs;
    this.sendAgain();
  }

  /** Sends all that is not acknowledged. */
  sendAgain(): void {
    for (const { message } of this.#kept) this.#o.send(message);
  }

  #endWith(why: string): void {
    this.#isOver = true;
    this.#o.onEnd(why);
  }

  /** Forgets all. */
  clear(): void {
    this.#kept = [];
    this.#keptBytes = 0;
  }
}
