/** Whether the controller of a run is there: its beats, and the connection on which they come. */
import type { Bus } from '../bus/bus.ts';
import { NatsWatch } from '../nats-watch.ts';
import { TIMES } from '../protocol.ts';

/** How often it is looked at. */
const LOOK_MS = 250;
/** A controller asks many agents before its first beat. */
const FIRST_BEAT_MS = 10_000;

export interface ControllerWatchOptions {
  readonly bus: Pick<Bus, 'isConnected' | 'flush'>;
  /**
   * Told with each change until when the agent may start something, on the clock of `nowMs`: the time at which it would give the run up,
   * or its controller would give up an agent that stands still.
   */
  readonly onLease: (untilMs: number) => void;
  /** Told once, with why the run cannot go on. */
  readonly onLost: (why: string) => void;
  /** For tests. */
  readonly nowMs?: () => number;
}

/**
 * `reading`: this process stood still until after its lease. Beats that it reads now may be from before that. `listening`: it has read them
 * all; the next one is of a controller that is there.
 */
type State = 'led' | 'reading' | 'listening' | 'over';

export class ControllerWatch {
  readonly #o: ControllerWatchOptions;
  readonly #nowMs: () => number;
  readonly #nats: NatsWatch;
  readonly #timer: NodeJS.Timeout;
  #state: State = 'led';
  /** When the silence began. */
  #quietMs: number;
  #mayBeQuietMs = FIRST_BEAT_MS;
  /** When this agent said last that it is there. */
  #spokeMs: number;
  #leaseMs = -Infinity;

  constructor(options: ControllerWatchOptions) {
    this.#o = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#quietMs = this.#nowMs();
    this.#spokeMs = this.#quietMs;
    this.#nats = new NatsWatch({
      bus: options.bus,
      nowMs: this.#nowMs,
      onBack: () => this.#listenFrom(this.#nowMs()),
      onStoodStill: () => this.#stoodStill(),
    });
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#renew();
  }

  /** This agent says that it is there: its controller does not give it up for `TIMES.silenceMs`. */
  spoke(): void {
    this.#spokeMs = this.#nowMs();
    this.#renew();
  }

  /** A beat came. */
  heard(): void {
    this.#nats.heard();
    if (this.#state === 'reading' || this.#state === 'over') return;
    this.#state = 'led';
    this.#quietMs = this.#nowMs();
    this.#mayBeQuietMs = TIMES.silenceMs;
    this.#renew();
  }

  look(): void {
    if (this.#state === 'over') return;
    this.#nats.look();
    this.#renew();
    const { awaySinceMs } = this.#nats;
    const nowMs = this.#nowMs();
    if (awaySinceMs !== null) {
      const limitMs = TIMES.disconnectedMs;
      if (nowMs - awaySinceMs > limitMs) this.#lose(`there was no connection to NATS for ${limitMs / 1000} s`);
    } else if (this.#state !== 'reading' && this.#isSilent) this.#judge();
  }

  end(): void {
    this.#state = 'over';
    clearInterval(this.#timer);
  }

  get #isSilent(): boolean {
    return this.#nowMs() - this.#quietMs > this.#mayBeQuietMs;
  }

  /** A beat may have come that this process has not read: silence counts when NATS has nothing more for it. */
  #judge(): void {
    this.#nats.caughtUp(() => {
      if (this.#state === 'over' || this.#nats.awaySinceMs !== null || !this.#isSilent) return;
      this.#lose(`nothing was heard of the controller for ${this.#mayBeQuietMs / 1000} s`);
    });
  }

  /** Beats of that time are still to be read. A controller may have given up an agent whose lease is over: nothing is started before it is heard. */
  #stoodStill(): void {
    if (this.#nowMs() < this.#leaseMs) {
      this.#listenFrom(this.#nowMs());
      return;
    }
    this.#state = 'reading';
    this.#nats.caughtUp(() => this.#listenFrom(this.#nowMs()));
  }

  /** Nothing could be heard before: the silence counts from then on. */
  #listenFrom(nowMs: number): void {
    if (this.#state === 'reading') this.#state = 'listening';
    this.#quietMs = nowMs;
    this.#renew();
  }

  #renew(): void {
    if (this.#state !== 'led') return;
    const { awaySinceMs } = this.#nats;
    const untilMs =
      awaySinceMs === null
        ? Math.min(this.#quietMs + this.#mayBeQuietMs, this.#spokeMs + TIMES.silenceMs)
        : awaySinceMs + TIMES.disconnectedMs;
    if (untilMs === this.#leaseMs) return;
    this.#leaseMs = untilMs;
    this.#o.onLease(untilMs);
  }

  #lose(why: string): void {
    this.end();
    this.#o.onLost(why);
  }
}
