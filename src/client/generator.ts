/* eslint max-lines: ['error', 430] -- the life of an attempt is one state machine, read from top to bottom */
import { DRAIN_NS, KERNEL_PORT, KERNEL_SOURCE, POLL_NS, STOP } from '../engine/engine.ts';
import type { ClientDriver, ClientEngine, Clock } from '../engine/engine.ts';
import {
  ABORTED,
  CONNECT_TIMEOUT,
  EXCHANGE_TIMEOUT,
  FD_EXHAUSTED,
  OK,
  SHORT_RESPONSE,
  SOURCE_EXHAUSTED,
} from '../measure/outcome.ts';
import {
  BYTES_RECEIVED,
  BYTES_SENT,
  CONNECT,
  CORRECTED_TOTAL,
  ESTABLISHED,
  FIRST_BYTE,
  HELD_LOST,
  MISSED,
  SCHEDULED,
  SCHEDULE_LAG,
  STARTED,
  TOTAL,
} from '../measure/recorder.ts';
import type { Recorder } from '../measure/recorder.ts';
import { CLOSING, CONNECTING, EXCHANGING, HOLDING, NO_TIME_WAIT, RETRYING, TIME_WAIT, UNDECIDED } from './attempts.ts';
import type { AttemptTable } from './attempts.ts';
import { isPortConflict, outcomeOf } from './classify.ts';
import type { Exchange } from './exchange.ts';
import type { Pacer } from './pacer.ts';
import { NO_PORT } from './source-ports.ts';
import type { SourcePortAllocator } from './source-ports.ts';
import { NONE } from './slot-list.ts';

/** How many starts may follow each other before the engine is asked for events again. */
const STARTS_PER_STEP = 64;
/** How many ports one attempt tries before it counts as `source_exhausted`. */
const PORT_TRIES = 32;
/** In closed loop an attempt that failed on this machine would be repeated at once, for ever: it waits this long. */
const LOCAL_FAILURE_PAUSE_NS = 1e6;

export interface GeneratorOptions {
  readonly engine: ClientEngine;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly attempts: AttemptTable;
  readonly pacer: Pacer;
  /** Undefined: the kernel chooses the ports. */
  readonly ports: SourcePortAllocator | undefined;
  /** 0: the kernel chooses the address too. */
  readonly sources: number;
  /** The delay until a port in TIME_WAIT may be used again. */
  readonly reuseDelayNs: number;
  readonly exchange: Exchange;
  /** The engine shuts down writing after the payload, so the first FIN is ours. */
  readonly halfClose: boolean;
  readonly reset: boolean;
  readonly holdNs: number;
  readonly timeoutNs: number;
  /** Nonzero in [0]: stop starting, drain, return. */
  readonly control: Int32Array;
}

/**
 * Opens what is due, follows each attempt to its outcome, and records it. One round of one worker.
 *
 * Everything here runs for each connection: no object, closure, promise or string is made.
 */
export class Generator implements ClientDriver {
  readonly #o: GeneratorOptions;
  readonly #engine: ClientEngine;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly #attempts: AttemptTable;
  readonly #pacer: Pacer;
  /** Whether the recorder's current bank is for the measured phase (1) or the warm-up (0): what of the other phase ends now is not counted. */
  #phase: number;
  #held = 0;
  /** When a stopped round gives up draining; Infinity while it is not stopped. */
  #drainEndNs = Infinity;
  /** Closed loop starts nothing before. */
  #pauseEndNs: number;

  constructor(options: GeneratorOptions) {
    this.#o = options;
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#recorder = options.recorder;
    this.#attempts = options.attempts;
    this.#pacer = options.pacer;
    const { baseNs, measureNs } = options.pacer;
    this.#phase = baseNs >= measureNs ? 1 : 0;
    this.#pauseEndNs = baseNs;
    this.#recorder.begin(baseNs, this.#phase === 0);
    this.#attempts.sinceNs.fill(baseNs);
  }

  step(): number {
    const nowNs = this.#clock.tick();
    const pacer = this.#pacer;
    const attempts = this.#attempts;
    if (this.#o.control[0] !== 0 && this.#drainEndNs === Infinity) this.#stop(nowNs);
    if (attempts.unfinished.head !== NONE) this.#expire(nowNs);
    if (attempts.held.head !== NONE) this.#endHolds(nowNs);
    if (nowNs >= pacer.intervalEndNs) this.#endInterval(nowNs);
    const hasStartedAll = this.#startDue(nowNs);
    if (!pacer.isDone && pacer.isOverdue(nowNs)) this.#giveUp(nowNs);
    if (pacer.isDone && attempts.open === 0) {
      this.#recorder.handOver(this.#clock.tick(), 0, 0, false, true);
      return STOP;
    }
    return hasStartedAll ? this.#nextDeadlineNs(nowNs) : 0;
  }

  #nextDeadlineNs(nowNs: number): number {
    const attempts = this.#attempts;
    let deadlineNs = Math.min(nowNs + POLL_NS, this.#pacer.intervalEndNs, this.#pacer.wakeNs);
    if (this.#pauseEndNs > nowNs) deadlineNs = Math.min(deadlineNs, this.#pauseEndNs);
    const oldest = attempts.unfinished.head;
    if (oldest !== NONE) {
      deadlineNs = Math.min(deadlineNs, attempts.startNs[oldest]! + this.#o.timeoutNs, this.#drainEndNs);
    }
    const heldLongest = attempts.held.head;
    if (heldLongest !== NONE) deadlineNs = Math.min(deadlineNs, attempts.sinceNs[heldLongest]! + this.#o.holdNs);
    return deadlineNs;
  }

  #stop(nowNs: number): void {
    this.#drainEndNs = nowNs + DRAIN_NS;
    this.#giveUp(nowNs);
  }

  #giveUp(nowNs: number): void {
    const missed = this.#pacer.giveUp(nowNs);
    if (this.#phase === 0) return;
    this.#recorder.count(SCHEDULED, missed);
    this.#recorder.count(MISSED, missed);
  }

  #endInterval(nowNs: number): void {
    const phase = nowNs >= this.#pacer.measureNs ? 1 : 0;
    this.#recorder.handOver(nowNs, this.#attempts.open, this.#held, phase === 0, phase !== this.#phase);
    this.#phase = phase;
    this.#pacer.nextInterval(nowNs);
  }

  /** Starts what is due. False if more is due, but events must be looked at first. */
  #startDue(nowNs: number): boolean {
    const pacer = this.#pacer;
    const attempts = this.#attempts;
    let starts = 0;
    if (pacer.isClosedLoop) {
      while (!attempts.isFull && !pacer.isDone && nowNs < pacer.endNs && nowNs >= this.#pauseEndNs) {
        if (starts++ === STARTS_PER_STEP) return false;
        const index = pacer.take();
        this.#recordScheduled(pacer.measures(index, nowNs) ? 1 : 0, STARTED);
        this.#start(index, Infinity, pacer.measures(index, nowNs) ? 1 : 0);
      }
      return true;
    }
    while (pacer.dueNs <= nowNs) {
      if (starts === STARTS_PER_STEP) return false;
      const dueNs = pacer.dueNs;
      const index = pacer.take();
      const measured = pacer.measures(index, dueNs) ? 1 : 0;
      this.#recordScheduled(measured, attempts.isFull ? MISSED : STARTED);
      if (attempts.isFull) continue;
      this.#start(index, dueNs, measured);
      starts++;
    }
    return true;
  }

  #recordScheduled(measured: number, counter: number): void {
    if (measured !== this.#phase) return;
    this.#recorder.count(SCHEDULED, 1);
    this.#recorder.count(counter, 1);
  }

  /** `dueNs` Infinity: due since the slot was released, which is when closed loop had room for it. */
  #start(index: number, dueNs: number, measured: number): void {
    const attempts = this.#attempts;
    const slot = attempts.take();
    const startNs = this.#clock.tick();
    attempts.dueNs[slot] = dueNs === Infinity ? attempts.sinceNs[slot]! : dueNs;
    attempts.startNs[slot] = startNs;
    attempts.sentBytes[slot] = 0;
    attempts.receivedBytes[slot] = 0;
    attempts.measured[slot] = measured;
    attempts.tries[slot] = 0;
    attempts.timeWait[slot] = UNDECIDED;
    attempts.source[slot] =
      this.#o.sources === 0 ? KERNEL_SOURCE : Math.floor(index / this.#pacer.workers) % this.#o.sources;
    attempts.unfinished.push(slot);
    if (measured === this.#phase) {
      this.#recorder.record(SCHEDULE_LAG, startNs - attempts.dueNs[slot]);
      this.#recorder.inFlight(attempts.open);
    }
    this.#open(slot, startNs);
  }

  /** Opens the slot with the next port that will do, or ends the attempt. */
  #open(slot: number, nowNs: number): void {
    const attempts = this.#attempts;
    const { ports } = this.#o;
    const source = attempts.source[slot]!;
    attempts.state[slot] = CONNECTING;
    let errno: number;
    do {
      let port = KERNEL_PORT;
      if (ports !== undefined) {
        port = ports.take(source, nowNs);
        if (port === NO_PORT) {
          this.#endUnopened(slot, SOURCE_EXHAUSTED, 0);
          return;
        }
        attempts.port[slot] = port;
      }
      errno = this.#engine.open(slot, source, port);
      if (errno === 0) return;
      // A port that is taken or in TIME_WAIT gets its turn again later; one that failed otherwise was never used.
      if (ports !== undefined) this.#givePort(slot, isPortConflict(errno));
    } while (ports !== undefined && isPortConflict(errno) && ++attempts.tries[slot]! < PORT_TRIES);
    this.#endUnopened(slot, outcomeOf(errno, false), errno);
  }

  /** Ends an attempt for which the engine holds nothing. */
  #endUnopened(slot: number, outcome: number, errno: number): void {
    const attempts = this.#attempts;
    const nowNs = this.#clock.nowNs;
    attempts.unfinished.remove(slot);
    if (attempts.measured[slot] === this.#phase) this.#recorder.outcome(outcome, errno);
    this.#pause();
    attempts.sinceNs[slot] = nowNs;
    attempts.give(slot);
  }

  #givePort(slot: number, waits: boolean): void {
    const { ports, reuseDelayNs } = this.#o;
    if (ports === undefined) return;
    const nowNs = this.#clock.nowNs;
    ports.give(this.#attempts.source[slot]!, this.#attempts.port[slot]!, nowNs, waits ? nowNs + reuseDelayNs : nowNs);
  }

  connected(slot: number): void {
    const attempts = this.#attempts;
    const nowNs = this.#clock.tick();
    attempts.state[slot] = EXCHANGING;
    if (attempts.measured[slot] === this.#phase) {
      this.#recorder.count(ESTABLISHED, 1);
      this.#recorder.record(CONNECT, nowNs - attempts.startNs[slot]!);
    }
    if (this.#o.exchange.atConnect) this.#complete(slot, nowNs);
  }

  sent(slot: number, bytes: number): void {
    const attempts = this.#attempts;
    attempts.sentBytes[slot]! += bytes;
    if (attempts.measured[slot] === this.#phase) this.#recorder.count(BYTES_SENT, bytes);
  }

  received(slot: number, bytes: number): void {
    const attempts = this.#attempts;
    const nowNs = this.#clock.tick();
    const before = attempts.receivedBytes[slot]!;
    attempts.receivedBytes[slot] = before + bytes;
    if (attempts.measured[slot] === this.#phase) {
      this.#recorder.count(BYTES_RECEIVED, bytes);
      if (before === 0 && attempts.state[slot] === EXCHANGING) {
        this.#recorder.record(FIRST_BYTE, nowNs - attempts.startNs[slot]!);
      }
    }
    if (attempts.state[slot] === EXCHANGING && before + bytes >= this.#o.exchange.responseBytes)
      this.#complete(slot, nowNs);
  }

  ended(slot: number): void {
    const attempts = this.#attempts;
    if (attempts.state[slot] === HOLDING) {
      this.#loseHeld(slot);
      return;
    }
    const nowNs = this.#clock.tick();
    const { responseBytes, payloadBytes } = this.#o.exchange;
    // Who sent the first FIN has the TIME_WAIT; with both of them through, a reset does not shorten it any more.
    const isOurs = this.#o.halfClose && attempts.sentBytes[slot]! >= payloadBytes;
    attempts.timeWait[slot] = isOurs ? TIME_WAIT : NO_TIME_WAIT;
    if (responseBytes === Infinity && attempts.sentBytes[slot]! >= payloadBytes) this.#complete(slot, nowNs);
    else this.#fail(slot, SHORT_RESPONSE, 0);
  }

  failed(slot: number, errno: number): void {
    const attempts = this.#attempts;
    const state = attempts.state[slot];
    this.#clock.tick();
    if (state === HOLDING) this.#loseHeld(slot);
    else if (
      state === CONNECTING &&
      this.#o.ports !== undefined &&
      isPortConflict(errno) &&
      ++attempts.tries[slot]! < PORT_TRIES
    ) {
      attempts.state[slot] = RETRYING;
      this.#engine.close(slot, false);
    } else this.#fail(slot, outcomeOf(errno, state === EXCHANGING), errno);
  }

  released(slot: number): void {
    const attempts = this.#attempts;
    const nowNs = this.#clock.tick();
    const isRetry = attempts.state[slot] === RETRYING;
    this.#givePort(slot, isRetry || attempts.timeWait[slot] === TIME_WAIT);
    if (isRetry) {
      this.#open(slot, nowNs);
      return;
    }
    attempts.sinceNs[slot] = nowNs;
    attempts.give(slot);
  }

  /** The exchange is complete: the attempt is ok, and its connection is closed or held. */
  #complete(slot: number, nowNs: number): void {
    const attempts = this.#attempts;
    attempts.unfinished.remove(slot);
    if (attempts.measured[slot] === this.#phase) {
      this.#recorder.outcome(OK, 0);
      this.#recordTotal(slot, nowNs);
    }
    if (this.#o.holdNs === 0 || this.#drainEndNs !== Infinity) {
      this.#close(slot);
      return;
    }
    attempts.state[slot] = HOLDING;
    attempts.sinceNs[slot] = nowNs;
    attempts.held.push(slot);
    this.#held++;
  }

  #fail(slot: number, outcome: number, errno: number): void {
    const attempts = this.#attempts;
    this.#endFailed(slot, outcome, errno);
    // A connection that failed or was never established leaves no TIME_WAIT; a port that was taken comes back as late as one.
    if (isPortConflict(errno)) attempts.timeWait[slot] = TIME_WAIT;
    else if (errno !== 0 || attempts.state[slot] === CONNECTING) attempts.timeWait[slot] = NO_TIME_WAIT;
    this.#close(slot);
  }

  /** Records a failure; the slot is still to be closed. */
  #endFailed(slot: number, outcome: number, errno: number): void {
    const attempts = this.#attempts;
    attempts.unfinished.remove(slot);
    if (outcome === SOURCE_EXHAUSTED || outcome === FD_EXHAUSTED) this.#pause();
    if (attempts.measured[slot] !== this.#phase) return;
    this.#recorder.outcome(outcome, errno);
    // The time that a failure took counts, or slow failures would make latency look better.
    if (outcome === CONNECT_TIMEOUT || outcome === EXCHANGE_TIMEOUT) this.#recordTotal(slot, this.#clock.nowNs);
  }

  #pause(): void {
    if (this.#pacer.isClosedLoop) this.#pauseEndNs = this.#clock.nowNs + LOCAL_FAILURE_PAUSE_NS;
  }

  #recordTotal(slot: number, nowNs: number): void {
    this.#recorder.record(TOTAL, nowNs - this.#attempts.startNs[slot]!);
    this.#recorder.record(CORRECTED_TOTAL, nowNs - this.#attempts.dueNs[slot]!);
  }

  #close(slot: number): void {
    const attempts = this.#attempts;
    const { reset } = this.#o;
    if (attempts.timeWait[slot] === UNDECIDED) attempts.timeWait[slot] = reset ? NO_TIME_WAIT : TIME_WAIT;
    attempts.state[slot] = CLOSING;
    this.#engine.close(slot, reset);
  }

  /** Ends what has been unfinished for too long. */
  #expire(nowNs: number): void {
    const attempts = this.#attempts;
    const isDrained = nowNs >= this.#drainEndNs;
    for (;;) {
      const slot = attempts.unfinished.head;
      if (slot === NONE) return;
      const isLate = nowNs >= attempts.startNs[slot]! + this.#o.timeoutNs;
      if (!isLate && !isDrained) return;
      const state = attempts.state[slot];
      const isConnecting = state === CONNECTING || state === RETRYING;
      const outcome = !isLate ? ABORTED : isConnecting ? CONNECT_TIMEOUT : EXCHANGE_TIMEOUT;
      if (state !== RETRYING) this.#fail(slot, outcome, 0);
      else {
        // Between two ports: it is being closed already.
        this.#endFailed(slot, outcome, 0);
        attempts.state[slot] = CLOSING;
        attempts.timeWait[slot] = TIME_WAIT;
      }
    }
  }

  #endHolds(nowNs: number): void {
    const attempts = this.#attempts;
    const holdNs = this.#drainEndNs === Infinity ? this.#o.holdNs : 0;
    for (;;) {
      const slot = attempts.held.head;
      if (slot === NONE || nowNs < attempts.sinceNs[slot]! + holdNs) return;
      this.#release(slot);
    }
  }

  #loseHeld(slot: number): void {
    const attempts = this.#attempts;
    if (attempts.measured[slot] === this.#phase) this.#recorder.count(HELD_LOST, 1);
    // The peer was first to close, or reset it.
    if (attempts.timeWait[slot] === UNDECIDED) attempts.timeWait[slot] = NO_TIME_WAIT;
    this.#release(slot);
  }

  /** Closes a held connection. */
  #release(slot: number): void {
    this.#attempts.held.remove(slot);
    this.#held--;
    this.#close(slot);
  }
}
