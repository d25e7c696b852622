/** What a run shows of itself while it goes on: one line, rewritten once a second on a terminal, otherwise one a second. */
import type { IntervalResult, ProbeResult } from '../../document/client.ts';
import { formatCount, formatLatency, formatPerSec } from '../../units/format.ts';
import { columnsOf } from '../layout.ts';

/** The part of a stream that the live view needs. */
export interface LiveStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** `  12 s  1,000/s  in flight 3  errors 0  p99 1.04 ms`; held and missed only if there are any. */
export function liveLine(prefix: string, atSec: number, interval: IntervalResult, errors: number): string {
  const { total } = interval.latency_ns;
  const startedPerSec = interval.length_sec > 0 ? interval.started / interval.length_sec : 0;
  const parts = [
    `${prefix}${clockText(atSec)}`,
    formatPerSec(Math.round(startedPerSec)).padStart(9),
    `in flight ${formatCount(interval.in_flight - interval.held)}`,
    ...(interval.held > 0 ? [`held ${formatCount(interval.held)}`] : []),
    ...(interval.missed > 0 ? [`missed ${formatCount(interval.missed)}`] : []),
    `errors ${formatCount(errors)}`,
    `p99 ${total.count === 0 ? '-' : formatLatency(total.p99)}`,
    ...(interval.probe === undefined ? [] : [probePart(interval.probe)]),
  ];
  return parts.join('  ');
}

/** `  12 s`; with a tenth where a second is not whole. */
export function clockText(atSec: number): string {
  const text = atSec.toFixed(1);
  return `${text.replace('.0', '').padStart(4)} s`;
}

/** `probe p99 84.1 µs`, and how many were lost if there are any. */
function probePart({ lost, rtt_ns: rtt }: ProbeResult): string {
  const p99 = `probe p99 ${rtt.count === 0 ? '-' : formatLatency(rtt.p99)}`;
  return lost === 0 ? p99 : `${p99} lost ${formatCount(lost)}`;
}

/** What is left of a round behind its last whole second deserves no line of its own if it is shorter. */
const SHORTEST_SHOWN_SEC = 0.1;

const ERASE_LINE = '\r\u001b[2K';

export class LiveView {
  readonly #stream: LiveStream;
  #isShown = false;
  #round = -1;
  #isWarmup = false;
  #errors = 0;
  /** How much of the warm-up, or of the round, was shown. */
  #atSec = 0;

  constructor(stream: LiveStream) {
    this.#stream = stream;
  }

  /** Shows one more second. `rounds` is how many there are to be. Errors and seconds add up within a round, or its warm-up. */
  interval(roundIndex: number, rounds: number, interval: IntervalResult, warmup: boolean): void {
    if (roundIndex !== this.#round || warmup !== this.#isWarmup) {
      this.#errors = 0;
      this.#atSec = 0;
    }
    this.#round = roundIndex;
    this.#isWarmup = warmup;
    this.#errors += interval.failed;
    this.#atSec += interval.length_sec;
    if (interval.length_sec < SHORTEST_SHOWN_SEC) return;
    const prefix = (rounds > 1 ? `round ${roundIndex + 1}/${rounds} ` : '') + (warmup ? 'warm-up ' : '');
    this.line(liveLine(prefix, this.#atSec, interval, this.#errors));
  }

  /** Shows a line in place of the one before. */
  line(line: string): void {
    if (this.#stream.isTTY !== true) {
      this.#stream.write(`${line}\n`);
      return;
    }
    // A line that wraps could not be rewritten.
    const room = Math.max(1, columnsOf(this.#stream) - 1);
    this.#stream.write(ERASE_LINE + line.slice(0, room));
    this.#isShown = true;
  }

  /** Takes the line off the terminal, so that something else can be printed. */
  clear(): void {
    if (!this.#isShown) return;
    this.#stream.write(ERASE_LINE);
    this.#isShown = false;
  }
}
