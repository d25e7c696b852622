/** Whether the controller of a run is there: its beats, and the connection on which they come. */
import { TIMES } from '../protocol.ts';

/** How often it is looked at. */
const LOOK_MS = 250;
/** A process that was stopped itself for so long has the beats of that time still in its socket. */
const STOPPED_MS = 1000;
/** A controller asks many agents before its first beat. */
const FIRST_BEAT_MS = 10_000;

export interface ControllerWatchOptions {
  readonly isConnected: () => boolean;
  /** Told once, with why the run cannot go on. */
  readonly onLost: (why: string) => void;
  /** For tests. */
  readonly nowMs?: () => number;
}

export class ControllerWatch {
  readonly #o: ControllerWatchOptions;
  readonly #nowMs: () => number;
  readonly #timer: NodeJS.Timeout;
  #lookedMs: number;
  /** When the silence began. */
  #quietMs: number;
  #mayBeQuietMs = FIRST_BEAT_MS;
  /** When the connection broke; null while there is one. */
  #brokenMs: number | null = null;
  #isOver = false;

  constructor(options: ControllerWatchOptions) {
    this.#o = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#lookedMs = this.#nowMs();
    this.#quietMs = this.#lookedMs;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** A beat came. */
  heard(): void {
    this.#quietMs = this.#nowMs();
    this.#mayBeQuietMs = TIMES.silenceMs;
  }

  look(): void {
    if (this.#isOver) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs > STOPPED_MS + LOOK_MS) this.#quietMs = nowMs;
    this.#lookedMs = nowMs;
    if (this.#o.isConnected()) {
      // Beats of the time without a connection are lost: the silence counts from now.
      if (this.#brokenMs !== null) this.#quietMs = nowMs;
      this.#brokenMs = null;
      const limitMs = this.#mayBeQuietMs;
      if (nowMs - this.#quietMs > limitMs) this.#lose(`nothing was heard of the controller for ${limitMs / 1000} s`);
    } else {
      this.#brokenMs ??= nowMs;
      const limitMs = TIMES.disconnectedMs;
      if (nowMs - this.#brokenMs > limitMs) this.#lose(`there was no connection to NATS for ${limitMs / 1000} s`);
    }
  }

  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
  }

  #lose(why: string): void {
    this.end();
    this.#o.onLost(why);
  }
}
