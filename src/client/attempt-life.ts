import { EMPTY_RESPONSES, HELD_LOST, TIMEOUTS_ANSWERED } from '../count/load.ts';
import type { Recorder } from '../count/recorder.ts';
import {
  ABORTED,
  CONNECT_TIMEOUT,
  EXCHANGE_TIMEOUT,
  FD_EXHAUSTED,
  OK,
  SHORT_RESPONSE,
  SOURCE_EXHAUSTED,
  UNEXPECTED_RESPONSE,
} from '../document/outcome.ts';
import { KERNEL_PORT, type ClientDriver, type ClientEngine } from '../engine/seam/engine.ts';
import type { ClientPlan } from '../plan/plan.ts';
import type { Clock } from '../runtime/clock.ts';
import { AttemptCounts } from './attempt-counts.ts';
import {
  CLOSING,
  CONNECTING,
  EXCHANGING,
  HOLDING,
  KEEPING,
  KEEPING_ALONE,
  NO_TIME_WAIT,
  RETRYING,
  TIME_WAIT,
  UNDECIDED,
  WAITING,
  type AttemptTable,
} from './attempts.ts';
import { PENDING, type BodyListener, type ResponseBodies } from './body/response-bodies.ts';
import { isPortConflict, outcomeOf } from './classify.ts';
import type { Exchange } from './exchange.ts';
import type { ResponseHeads } from './head/response-heads.ts';
import { NO_PORT, type PortSource } from './source-ports.ts';
import type { Stages } from './stages.ts';

/** How many ports one attempt tries before it counts as `source_exhausted`. */
const PORT_TRIES = 32;

export interface AttemptLifeOptions {
  /** The options of the plan that an attempt's life depends on. */
  readonly plan: Pick<ClientPlan, 'close' | 'holdNs'>;
  readonly engine: ClientEngine;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly attempts: AttemptTable;
  /** Undefined: the kernel chooses the ports. */
  readonly ports: PortSource | undefined;
  readonly exchange: Exchange;
  /** The engine shuts down writing after the payload, so the first FIN is ours. */
  readonly halfClose: boolean;
  /** The timeout from the start of an attempt to its first byte; Infinity where there is none. */
  readonly firstByteTimeoutNs: number;
  /** Undefined: responses are counted and dropped. */
  readonly bodies: ResponseBodies | undefined;
  /** Undefined: nothing is read of responses. */
  readonly heads?: ResponseHeads | undefined;
  /** Undefined: each connection has its exchange as soon as it is established, and is closed after it. */
  readonly stages?: Stages | undefined;
}

/**
 * The life of an attempt as a state machine, from the port that it takes to the release of its slot. The `Generator` decides when an
 * attempt starts and when it is late. The two are one object, so that an event of the engine needs no second call to reach its attempt.
 *
 * Everything here runs for each connection: no object, closure, promise or string is made.
 */
export abstract class AttemptLife implements Omit<ClientDriver, 'step' | 'deadlineNs'>, BodyListener {
  protected readonly engine: ClientEngine;
  protected readonly clock: Clock;
  protected readonly attempts: AttemptTable;
  protected readonly counts: AttemptCounts;
  protected readonly bodies: ResponseBodies | undefined;
  protected readonly stages: Stages | undefined;
  /** Born doubles, like all times: a zero of the rehearsal would make them small integers, and the code that was compiled for those useless. */
  protected readonly holdNs: number = Infinity;
  /** When a stopped round gives up draining; Infinity while it is not stopped. */
  protected drainEndNs = Infinity;
  /** How many connections are held. */
  protected held = 0;
  readonly #o: AttemptLifeOptions;
  readonly #heads: ResponseHeads | undefined;
  readonly #awaitsFirstByte: boolean;
  readonly #readsTime: boolean;
  readonly #reset: boolean;

  protected constructor(options: AttemptLifeOptions, phase: number) {
    this.#o = options;
    this.engine = options.engine;
    this.clock = options.clock;
    this.attempts = options.attempts;
    this.counts = new AttemptCounts(options.recorder, options.attempts, options.heads, phase);
    this.bodies = options.bodies;
    this.bodies?.listen(this);
    this.stages = options.stages;
    this.holdNs = options.plan.holdNs;
    this.#heads = options.heads;
    this.#readsTime = options.engine.timesEvents !== true;
    this.#awaitsFirstByte = options.firstByteTimeoutNs !== Infinity;
    this.#reset = options.plan.close === 'rst';
  }

  /** An attempt could not be made on this machine. */
  protected abstract failedHere(): void;

  /** Starts the attempt of a slot that has been taken for it and knows when it was due. */
  protected start(slot: number, source: number, measured: number): void {
    const attempts = this.attempts;
    this.clock.tick();
    attempts.startNs[slot] = this.clock.nowNs;
    attempts.sentBytes[slot] = 0;
    attempts.receivedBytes[slot] = 0;
    attempts.measured[slot] = measured;
    attempts.tries[slot] = 0;
    attempts.timeWait[slot] = UNDECIDED;
    attempts.source[slot] = source;
    if (this.#heads !== undefined) this.#heads.begin(slot);
    attempts.unfinished.push(slot);
    if (this.#awaitsFirstByte) attempts.unanswered.push(slot);
    this.counts.started(slot);
    this.#open(slot);
  }

  /** Opens the slot with the next port that will do, or ends the attempt. */
  #open(slot: number): void {
    const attempts = this.attempts;
    const { ports } = this.#o;
    const source = attempts.source[slot]!;
    attempts.state[slot] = CONNECTING;
    let errno: number;
    do {
      let port = KERNEL_PORT;
      if (ports !== undefined) {
        port = ports.take(source);
        if (port === NO_PORT) {
          this.#endUnopened(slot, SOURCE_EXHAUSTED, 0);
          return;
        }
        attempts.port[slot] = port;
      }
      errno = this.engine.open(slot, source, port);
      if (errno === 0) return;
      // A port that is taken or in TIME_WAIT gets its turn again later; one that failed otherwise was never used.
      if (ports !== undefined) this.#givePort(slot, isPortConflict(errno));
    } while (ports !== undefined && isPortConflict(errno) && ++attempts.tries[slot]! < PORT_TRIES);
    this.#endUnopened(slot, outcomeOf(errno, false), errno);
  }

  /** Ends an attempt for which the engine holds nothing. */
  #endUnopened(slot: number, outcome: number, errno: number): void {
    this.#unlist(slot);
    this.counts.failed(slot, outcome, errno, false);
    this.failedHere();
    this.#free(slot);
  }

  #givePort(slot: number, waits: boolean): void {
    this.#o.ports?.give(this.attempts.source[slot]!, this.attempts.port[slot]!, waits);
  }

  #free(slot: number): void {
    this.attempts.sinceNs[slot] = this.clock.nowNs;
    this.attempts.give(slot);
  }

  connected(slot: number): void {
    if (this.#readsTime) this.clock.tick();
    this.attempts.state[slot] = EXCHANGING;
    this.counts.established(slot);
    if (this.#o.exchange.atConnect) this.#complete(slot);
    else if (this.stages !== undefined) this.#await(slot);
  }

  /** The exchange begins when all connections are established. */
  #await(slot: number): void {
    const attempts = this.attempts;
    attempts.unfinished.remove(slot);
    attempts.state[slot] = WAITING;
    attempts.waiting.push(slot);
    if (this.drainEndNs !== Infinity) this.fail(slot, ABORTED, 0);
  }

  sent(slot: number, bytes: number): void {
    this.attempts.sentBytes[slot]! += bytes;
    this.counts.sent(slot, bytes);
  }

  received(slot: number, bytes: number): void {
    const attempts = this.attempts;
    if (this.#readsTime) this.clock.tick();
    const before = attempts.receivedBytes[slot]!;
    const isExchanging = attempts.state[slot] === EXCHANGING;
    attempts.receivedBytes[slot] = before + bytes;
    if (before === 0 && this.#awaitsFirstByte && isExchanging) attempts.unanswered.remove(slot);
    this.counts.received(slot, bytes, before === 0 && isExchanging);
    if (!isExchanging) return;
    const { responseBytes } = this.#o.exchange;
    if (this.#heads !== undefined) this.#heads.received(slot, bytes);
    if (this.bodies !== undefined) {
      // What comes after the response is not part of it.
      const outcome = this.bodies.received(slot, before, Math.min(bytes, responseBytes - before));
      if (outcome !== OK) {
        this.#reject(slot, outcome);
        return;
      }
    }
    if (before + bytes >= responseBytes) this.#complete(slot);
  }

  ended(slot: number): void {
    const { state, timeWait, sentBytes } = this.attempts;
    if (state[slot] === HOLDING) this.#loseHeld(slot);
    else if (state[slot] === KEEPING) this.#keepAlone(slot);
    else {
      if (this.#readsTime) this.clock.tick();
      // Who sent the first FIN has the TIME_WAIT; with both of them through, a reset does not shorten it any more.
      const isOurs = this.#o.halfClose && state[slot] !== WAITING && sentBytes[slot]! >= this.#o.exchange.payloadBytes;
      timeWait[slot] = isOurs ? TIME_WAIT : NO_TIME_WAIT;
      if (state[slot] !== WAITING && this.#lacksOnlyEnd(slot)) this.#complete(slot);
      else this.fail(slot, SHORT_RESPONSE, 0);
    }
  }

  failed(slot: number, errno: number): void {
    const attempts = this.attempts;
    const state = attempts.state[slot];
    if (this.#readsTime) this.clock.tick();
    if (state === HOLDING) this.#loseHeld(slot);
    else if (state === KEEPING || state === KEEPING_ALONE) this.#keepAlone(slot);
    else if (
      state === CONNECTING &&
      this.#o.ports !== undefined &&
      isPortConflict(errno) &&
      ++attempts.tries[slot]! < PORT_TRIES
    ) {
      attempts.state[slot] = RETRYING;
      this.engine.close(slot, false);
    } else this.fail(slot, outcomeOf(errno, state === EXCHANGING || state === WAITING), errno);
  }

  released(slot: number): void {
    const attempts = this.attempts;
    if (this.#readsTime) this.clock.tick();
    const isRetry = attempts.state[slot] === RETRYING;
    this.#givePort(slot, isRetry || attempts.timeWait[slot] === TIME_WAIT);
    if (isRetry) this.#open(slot);
    else if (this.bodies === undefined || this.bodies.release(slot)) this.#free(slot);
  }

  bodyReleased(slot: number): void {
    this.clock.tick();
    this.#free(slot);
  }

  /** The exchange is complete: what came of it is kept, where that is asked for. */
  #complete(slot: number): void {
    const bytes = this.attempts.receivedBytes[slot]!;
    const { payloadBytes, minResponseBytes } = this.#o.exchange;
    if (bytes === 0 && payloadBytes > 0) this.counts.count(slot, EMPTY_RESPONSES);
    if (bytes < minResponseBytes) {
      this.fail(slot, SHORT_RESPONSE, 0);
      return;
    }
    if (this.#heads !== undefined && !this.#heads.isExpected(slot)) {
      this.fail(slot, UNEXPECTED_RESPONSE, 0);
      return;
    }
    if (this.bodies === undefined) {
      this.#unlist(slot);
      this.#succeed(slot);
      return;
    }
    const outcome = this.bodies.complete(slot, this.#responseBytes(slot));
    if (outcome !== PENDING) {
      this.bodyDone(slot, outcome);
      return;
    }
    // From here on it is not the peer who is waited for: no timeout of his applies.
    this.#unlist(slot);
    this.attempts.state[slot] = KEEPING;
  }

  /** The response is what it should be and has been kept, or not. */
  bodyDone(slot: number, outcome: number): void {
    this.clock.tick();
    if (outcome !== OK) {
      this.#reject(slot, outcome);
      return;
    }
    if (this.attempts.state[slot] === EXCHANGING) this.#unlist(slot);
    const bodies = this.bodies!;
    if (bodies.keeps) this.counts.kept(slot, this.#responseBytes(slot), bodies.isSpilled(slot));
    this.#succeed(slot);
  }

  /** The peer has ended or reset a connection whose response is whole and still being kept. */
  #keepAlone(slot: number): void {
    const attempts = this.attempts;
    attempts.state[slot] = KEEPING_ALONE;
    if (attempts.timeWait[slot] === UNDECIDED) attempts.timeWait[slot] = NO_TIME_WAIT;
  }

  #responseBytes(slot: number): number {
    return Math.min(this.attempts.receivedBytes[slot]!, this.#o.exchange.responseBytes);
  }

  /** The attempt is ok, and its connection is closed or held. */
  #succeed(slot: number): void {
    const attempts = this.attempts;
    this.counts.succeeded(slot);
    // In stages it stays open until all exchanges are done, unless the exchange was its end.
    const stays = this.stages === undefined ? this.holdNs > 0 : attempts.timeWait[slot] === UNDECIDED;
    if (!stays || this.drainEndNs !== Infinity || attempts.state[slot] === KEEPING_ALONE) {
      this.#close(slot);
      return;
    }
    attempts.state[slot] = HOLDING;
    attempts.sinceNs[slot] = this.clock.nowNs;
    attempts.held.push(slot);
    this.held++;
  }

  /** Ends an attempt whose response is wrong or cannot be kept. The connection itself is intact: it is closed as usual. */
  #reject(slot: number, outcome: number): void {
    this.#endFailed(slot, outcome, this.bodies!.errno);
    this.#close(slot);
  }

  protected fail(slot: number, outcome: number, errno: number): void {
    const attempts = this.attempts;
    this.#endFailed(slot, outcome, errno);
    // A connection that failed or was never established leaves no TIME_WAIT; a port that was taken comes back as late as one.
    if (isPortConflict(errno)) attempts.timeWait[slot] = TIME_WAIT;
    else if (errno !== 0 || attempts.state[slot] === CONNECTING) attempts.timeWait[slot] = NO_TIME_WAIT;
    this.#close(slot);
  }

  /** Counts a failure; the slot is still to be closed. */
  #endFailed(slot: number, outcome: number, errno: number): void {
    const state = this.attempts.state[slot];
    if (state !== KEEPING && state !== KEEPING_ALONE) this.#unlist(slot);
    if (outcome === SOURCE_EXHAUSTED || outcome === FD_EXHAUSTED) this.failedHere();
    this.counts.failed(slot, outcome, errno, state !== CONNECTING && state !== RETRYING);
  }

  /** Takes an attempt that ends off the lists of those that can be late. */
  #unlist(slot: number): void {
    const attempts = this.attempts;
    if (attempts.state[slot] === WAITING) attempts.waiting.remove(slot);
    else attempts.unfinished.remove(slot);
    if (this.#awaitsFirstByte && attempts.receivedBytes[slot] === 0) attempts.unanswered.remove(slot);
  }

  /** Ends an attempt that is late, or that must end now. */
  protected endLate(slot: number, isLate: boolean): void {
    const attempts = this.attempts;
    const state = attempts.state[slot];
    const isConnecting = state === CONNECTING || state === RETRYING;
    const outcome = !isLate ? ABORTED : isConnecting ? CONNECT_TIMEOUT : EXCHANGE_TIMEOUT;
    const isAnswered = outcome === EXCHANGE_TIMEOUT && attempts.receivedBytes[slot]! > 0 && this.#lacksOnlyEnd(slot);
    if (isAnswered) this.counts.count(slot, TIMEOUTS_ANSWERED);
    if (state !== RETRYING) this.fail(slot, outcome, 0);
    else {
      // Between two ports: it is being closed already.
      this.#endFailed(slot, outcome, 0);
      attempts.state[slot] = CLOSING;
      attempts.timeWait[slot] = TIME_WAIT;
    }
  }

  /** Whether the payload is sent, and the peer's end is what completes the exchange. */
  #lacksOnlyEnd(slot: number): boolean {
    const { responseBytes, payloadBytes } = this.#o.exchange;
    return responseBytes === Infinity && this.attempts.sentBytes[slot]! >= payloadBytes;
  }

  #loseHeld(slot: number): void {
    const attempts = this.attempts;
    this.counts.count(slot, HELD_LOST);
    // The peer was first to close, or reset it.
    if (attempts.timeWait[slot] === UNDECIDED) attempts.timeWait[slot] = NO_TIME_WAIT;
    this.release(slot);
  }

  /** Closes a held connection. */
  protected release(slot: number): void {
    this.attempts.held.remove(slot);
    this.held--;
    this.#close(slot);
  }

  #close(slot: number): void {
    const attempts = this.attempts;
    if (attempts.timeWait[slot] === UNDECIDED) attempts.timeWait[slot] = this.#reset ? NO_TIME_WAIT : TIME_WAIT;
    attempts.state[slot] = CLOSING;
    this.engine.close(slot, this.#reset);
  }
}
