/** What a lab shows of itself while it runs: one line rewritten on a terminal, otherwise a line at the end of each cell. */
import type { LabDescription } from '../../document/lab-description.ts';
import type { CellResult } from '../../document/lab.ts';
import type { Estimate, LiveSink, RunEvent } from '../../run/events.ts';
import { expectedTimeLine, withTimeLeft } from './time-left.ts';
import { cellLine, labProgressLine } from '../text/lab.ts';
import { columnsOf } from '../layout.ts';
import type { LiveStream } from './line.ts';

const ERASE_LINE = '\r\u001b[2K';
const REFRESH_MS = 1000;

export interface ProgressPlan {
  readonly lab: LabDescription;
  /** Cells of the whole plan, and those of them that were done before. */
  readonly total: number;
  readonly before: number;
}

export class LabProgress implements LiveSink {
  readonly #stream: LiveStream;
  readonly #plan: ProgressPlan;
  readonly #nowSec: () => number;
  #ended = 0;
  #estimate: Estimate | null = null;
  /** When the estimate was told. */
  #toldSec = 0;
  #timer: NodeJS.Timeout | undefined;
  #cell = '';
  #startSec = 0;
  #isShown = false;

  constructor(stream: LiveStream, plan: ProgressPlan, nowSec: () => number = () => performance.now() / 1000) {
    this.#stream = stream;
    this.#plan = plan;
    this.#nowSec = nowSec;
  }

  on(event: RunEvent): void {
    if (event.type === 'estimate') this.#tell(event);
    if (event.type === 'cell-started') this.#start(event.cell);
    if (event.type === 'cell-ended') this.#end(event.result);
  }

  close(): Promise<boolean> {
    this.clear();
    return Promise.resolve(true);
  }

  #tell(estimate: Estimate): void {
    if (this.#estimate === null && estimate.leftSec > 0) this.#stream.write(`${expectedTimeLine(estimate)}\n`);
    this.#estimate = estimate;
    this.#toldSec = this.#nowSec();
  }

  #start(cell: string): void {
    this.#cell = cell;
    this.#startSec = this.#nowSec();
    if (this.#stream.isTTY !== true) return;
    this.refresh();
    this.#timer = setInterval(() => this.refresh(), REFRESH_MS);
  }

  /** Writes the line anew, on a terminal. */
  refresh(): void {
    const nowSec = this.#nowSec();
    const leftSec = Math.max(0, (this.#estimate?.leftSec ?? 0) - (nowSec - this.#toldSec));
    const line = labProgressLine(this.#cell, this.#position(), nowSec - this.#startSec, leftSec);
    // A line that wraps could not be rewritten.
    const room = Math.max(1, columnsOf(this.#stream) - 1);
    this.#stream.write(ERASE_LINE + line.slice(0, room));
    this.#isShown = true;
  }

  #end(result: CellResult): void {
    this.clear();
    const line = cellLine(this.#plan.lab, result, this.#position());
    this.#stream.write(`${withTimeLeft(line, this.#estimate)}\n`);
    this.#ended += 1;
  }

  /** Takes the line off the terminal; no other comes by itself. */
  clear(): void {
    clearInterval(this.#timer);
    if (this.#isShown) this.#stream.write(ERASE_LINE);
    this.#isShown = false;
  }

  #position(): string {
    return `${this.#plan.before + this.#ended + 1}/${this.#plan.total}`;
  }
}
