/**
 * Requests of a controller, where the connection to NATS may break before the answer. A server that was started again does not let
 * agents answer what they were asked before, so such an answer does not come: it is asked for again where that is harmless.
 */
import type { Bus } from '../bus/bus.ts';
import { TIMES, type Refusal } from '../protocol.ts';

/** The longest wait of an agent between two tries to connect to NATS again, with what it adds at random. */
export const RECONNECT_MS = 2500;
/** After so long with a connection again, an answer from before it broke does not come any more. */
const ANSWER_MS = 1000;
const AGAIN_MS = 100;

/** What an order comes to whose answer is lost with the connection. */
export const AWAY = {
  refused: { code: 'failed', message: 'NATS was away while agents got ready; type it again' },
} as const satisfies { readonly refused: Refusal };
export type Away = typeof AWAY;

export class Requests {
  readonly #bus: Bus;
  /** When the connection broke, and when it was there again, on `performance.now()`. */
  #brokenMs: number | null = null;
  #backMs: number | null = null;
  #breaks = 0;
  #isClosed = false;
  /** Those that wait for an answer since before the connection broke. */
  readonly #waiting = new Set<{ readonly breaks: number; readonly lose: () => void }>();

  constructor(bus: Bus) {
    this.#bus = bus;
    bus.onEvent(({ kind }) => {
      if (kind === 'closed') this.#isClosed = true;
      if (kind === 'disconnected') {
        this.#brokenMs = performance.now();
        this.#breaks++;
      }
      if (kind === 'reconnected') this.#reconnected();
    });
  }

  /** How often the connection broke so far. */
  get breaks(): number {
    return this.#breaks;
  }

  /** Whether agents may still be without a connection because NATS was away. */
  get isUnsettled(): boolean {
    if (this.#isClosed) return false;
    const nowMs = performance.now();
    if (this.#brokenMs !== null) return nowMs - this.#brokenMs < TIMES.disconnectedMs;
    return this.#backMs !== null && nowMs - this.#backMs < RECONNECT_MS;
  }

  /** Asks what may be asked twice, until it is answered; null where no answer comes in time, with a connection. */
  async ask(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array | null> {
    for (;;) {
      const answer = await this.#once(subject, data, timeoutMs);
      if (answer instanceof Uint8Array) return answer;
      if (!this.isUnsettled) return null;
      await sleep(AGAIN_MS);
    }
  }

  /**
   * Gives an order, which is carried out once. `dataOf` makes its bytes, again where the last ones reached no agent. Resolves to the
   * answer; to null where none comes in time; to `AWAY` where none comes because the connection broke.
   */
  async order(
    subject: string,
    dataOf: () => Uint8Array,
    timeoutMs: number,
    isWanted: () => boolean,
  ): Promise<Uint8Array | Away | null> {
    const { breaks } = this;
    const wasUnsettled = this.isUnsettled;
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      const answer = await this.#once(subject, dataOf(), untilMs - performance.now());
      if (answer !== null) return answer;
      const isOver = untilMs - performance.now() < 2 * AGAIN_MS || !isWanted();
      if (isOver || !this.isUnsettled) return wasUnsettled || this.breaks > breaks ? AWAY : null;
      await sleep(AGAIN_MS);
    }
  }

  async #once(subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array | Away | null> {
    // What is sent without a connection waits for one, and is answered after it.
    const breaks = this.#brokenMs === null ? this.#breaks : Number.POSITIVE_INFINITY;
    let waiting: { readonly breaks: number; readonly lose: () => void };
    const lost = new Promise<Away>((resolve) => {
      waiting = { breaks, lose: () => resolve(AWAY) };
      this.#waiting.add(waiting);
    });
    try {
      return await Promise.race([this.#bus.request(subject, data, timeoutMs), lost]);
    } finally {
      this.#waiting.delete(waiting!);
    }
  }

  #reconnected(): void {
    this.#brokenMs = null;
    this.#backMs = performance.now();
    const before = this.#breaks;
    setTimeout(() => {
      for (const each of this.#waiting) if (each.breaks < before) each.lose();
    }, ANSWER_MS).unref();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
