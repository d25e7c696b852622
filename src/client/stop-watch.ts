/**
 * Notices that the process was stopped (SIGSTOP, Ctrl-Z) and went on. The signal that ends a stop says when it ended; that it lasted shows
 * in the ticks of a timer, which are missing. A tick that comes late without that signal is another matter: the machine was busy.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A stop that is shorter cannot be told from a tick that comes late. */
const STOP_MIN_NS = 250e6;
/** For so long after a late tick the signal can still be on its way. */
const SIGNAL_WITHIN_NS = 1e9;

export class StopWatch {
  #lastNs: number;
  #lateNs = 0;
  #lateEndNs = -Infinity;
  #stoppedNs = 0;

  constructor(nowNs: number) {
    this.#lastNs = nowNs;
  }

  /** How long the process was stopped until now, to the distance of two ticks. */
  get stoppedNs(): number {
    return this.#stoppedNs;
  }

  /** The timer ticks. */
  tick(nowNs: number): void {
    const gapNs = nowNs - this.#lastNs;
    this.#lastNs = nowNs;
    if (gapNs < STOP_MIN_NS) return;
    this.#lateNs = gapNs;
    this.#lateEndNs = nowNs;
  }

  /** SIGCONT came. The tick that the stop delayed may have come before it. */
  continued(nowNs: number): void {
    this.tick(nowNs);
    if (nowNs - this.#lateEndNs > SIGNAL_WITHIN_NS) return;
    this.#stoppedNs += this.#lateNs;
    this.#lateNs = 0;
    this.#lateEndNs = -Infinity;
  }
}

/** What watches the stops of one round. */
export interface StopsWatched {
  /** To be called about every 100 ms. */
  tick(): void;
  /** Ends the watch, when the signal of a stop that went past the end of the round has come. */
  end(): Promise<void>;
  stoppedNs(): number;
}

/** Watches for stops, until `end`. The default of SIGCONT, that the process goes on, is left as it is. */
export function watchStops(nowNs: () => number): StopsWatched {
  const watch = new StopWatch(nowNs());
  const onContinue = (): void => watch.continued(nowNs());
  process.on('SIGCONT', onContinue);
  return {
    tick: () => watch.tick(nowNs()),
    end: async () => {
      // A signal is told in the next turn of the loop, or the one after it.
      await nextTurn();
      await nextTurn();
      process.off('SIGCONT', onContinue);
    },
    stoppedNs: () => watch.stoppedNs,
  };
}
