/** What a run shows of itself while it goes on: one line, rewritten once a second on a terminal, otherwise one a second. */
import type { Estimate, LiveSink, RunEvent, RunCommand, SecondEvent } from '../../run/events.ts';
import { LiveAgents } from './live-agents.ts';
import { liveLine, rttLiveLine, SHORTEST_RATE_SEC } from './second-lines.ts';
import { expectedTimeLine, timeLeftText, withTimeLeft } from './time-left.ts';
import { stepLine } from '../text/saturate.ts';
import { trialLine } from '../text/search.ts';
import { columnsOf } from '../layout.ts';

/** The part of a stream that the live view needs. */
export interface LiveStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const ERASE_LINE = '\r\u001b[2K';

/** The live view of a run: a line for each second, or for each trial or step where there are any. */
export class LiveView implements LiveSink {
  readonly #stream: LiveStream;
  #isShown = false;
  /** How many rounds there are to be. */
  #rounds = 1;
  #round = -1;
  #isWarmup = false;
  #errors = 0;
  /** How much of the warm-up, or of the round, was shown. */
  #atSec = 0;
  #command: RunCommand = 'client';
  #estimate: Estimate | null = null;
  readonly #agents = new LiveAgents();

  constructor(stream: LiveStream) {
    this.#stream = stream;
  }

  on(event: RunEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#command = event.command;
        this.#rounds = event.rounds ?? 1;
        return;
      case 'estimate':
        this.#tellTime(event);
        return;
      case 'second':
        // A trial has a line of its own when it ends.
        if (event.trial === undefined) this.#second(event);
        return;
      case 'agent':
        this.#agents.on(event);
        return;
      case 'trial-ended':
        this.#endedLine(trialLine(event.trial, event.result, event.reason));
        return;
      case 'step-ended':
        this.#endedLine(stepLine(event.trial, event.result, event.note));
        return;
      default:
        return;
    }
  }

  close(): Promise<boolean> {
    this.clear();
    return Promise.resolve(true);
  }

  /** Says at the start how long the run takes, and after each round what is left. Trials and steps say that with their own line. */
  #tellTime(estimate: Estimate): void {
    const isFirst = this.#estimate === null;
    this.#estimate = estimate;
    const hasTrials = this.#command === 'search' || this.#command === 'saturate';
    const hasLine = hasTrials ? isFirst : this.#rounds > 1;
    if (!hasLine || estimate.leftSec === 0) return;
    this.clear();
    this.#stream.write(`${isFirst ? expectedTimeLine(estimate) : timeLeftText(estimate)}\n`);
  }

  /** Writes the line of a trial or step that has ended, which stays. */
  #endedLine(line: string): void {
    this.#stream.write(`${withTimeLeft(line, this.#estimate)}\n`);
  }

  /** Shows one more second. Errors and seconds add up within a round, or its warm-up. */
  #second(event: SecondEvent): void {
    const { round, warmup, counts } = event;
    if (round !== this.#round || warmup !== this.#isWarmup) {
      this.#errors = 0;
      this.#atSec = 0;
    }
    this.#round = round;
    this.#isWarmup = warmup;
    this.#atSec += counts.length_sec;
    if (event.of === 'connections') this.#errors += event.counts.failed;
    if (counts.length_sec < SHORTEST_RATE_SEC) return;
    const prefix = (this.#rounds > 1 ? `round ${round + 1}/${this.#rounds} ` : '') + (warmup ? 'warm-up ' : '');
    const line =
      event.of === 'connections'
        ? liveLine(prefix, this.#atSec, event.counts, this.#errors)
        : rttLiveLine(prefix, this.#atSec, event.counts);
    const agents = this.#agents.text;
    this.#line(agents === '' ? line : `${line}  ${agents}`);
  }

  /** Shows a line in place of the one before. */
  #line(line: string): void {
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
