/**
 * Whether NATS answers, as a controller and its agents both judge it. A connection that is silent without being closed is as good as none:
 * its server hangs, or a link is down, and TCP alone would notice that after minutes.
 */
import type { Bus } from './bus/bus.ts';

/** NATS is asked whether it is there where nothing came for so long. Beats come once a second. */
const ASK_MS = 1250;
/** NATS that does not answer for so long is away. With `ASK_MS` this is less than `TIMES.silenceMs`. */
const ANSWER_MS = 1000;
/** A process that did not look for so long stood still: what came meanwhile is in its socket. */
const STOOD_STILL_MS = 1250;

export interface NatsWatchOptions {
  readonly bus: Pick<Bus, 'isConnected' | 'flush'>;
  /** NATS answers again. No message could come while it did not. */
  readonly onBack: () => void;
  /** This process stood still for so long, and has not read yet what came meanwhile. */
  readonly onStoodStill: (ms: number) => void;
  /** For tests. */
  readonly nowMs?: () => number;
}

export class NatsWatch {
  readonly #o: NatsWatchOptions;
  readonly #nowMs: () => number;
  #lookedMs: number;
  #heardMs: number;
  #awaySinceMs: number | null = null;
  /** Since when NATS owes an answer, and how many answers; null without a question. */
  #askedMs: number | null = null;
  #questions = 0;

  constructor(options: NatsWatchOptions) {
    this.#o = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#lookedMs = this.#nowMs();
    this.#heardMs = this.#lookedMs;
  }

  /** Since when NATS is away, on the clock of `nowMs`; null where it is there. */
  get awaySinceMs(): number | null {
    return this.#awaySinceMs;
  }

  /** Something came. */
  heard(): void {
    this.#heardMs = this.#nowMs();
    // What comes before the answer was sent before it.
    if (this.#askedMs !== null) this.#askedMs = this.#heardMs;
    if (this.#awaySinceMs !== null && this.#o.bus.isConnected) this.#back();
  }

  /** To be called four times a second, and where the connection changes. */
  look(): void {
    const nowMs = this.#nowMs();
    const sinceMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (sinceMs > STOOD_STILL_MS) {
      // The answer may be in the socket.
      if (this.#askedMs !== null) this.#askedMs = nowMs;
      this.#o.onStoodStill(sinceMs);
    }
    if (!this.#o.bus.isConnected) this.#awaySinceMs ??= this.#askedMs ?? nowMs;
    else if (this.#askedMs !== null) {
      if (nowMs - this.#askedMs >= ANSWER_MS) this.#awaySinceMs ??= this.#askedMs;
    } else if (this.#awaySinceMs !== null) this.#back();
    else if (nowMs - this.#heardMs >= ASK_MS) this.caughtUp(() => undefined);
  }

  /** Calls back when this process has all that NATS has for it now; not where the connection breaks before. */
  caughtUp(then: () => void): void {
    if (!this.#o.bus.isConnected) return;
    this.#askedMs ??= this.#nowMs();
    this.#questions++;
    void this.#o.bus.flush().then((isAnswered) => {
      // Answers come in the order of the questions.
      this.#askedMs = --this.#questions > 0 ? this.#nowMs() : null;
      if (!isAnswered) return;
      this.heard();
      then();
    });
  }

  #back(): void {
    this.#awaySinceMs = null;
    this.#heardMs = this.#nowMs();
    this.#o.onBack();
  }
}
