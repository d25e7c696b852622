/* eslint max-lines: ['error', 710] -- the life of an attempt is one state machine, read from top to bottom */
import { DRAIN_NS, KERNEL_PORT, KERNEL_SOURCE, POLL_NS } from '../engine/seam/engine.ts';
import type { ClientDriver, ClientEngine } from '../engine/seam/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import { SHIFT, STOP } from '../runtime/round-control.ts';
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
import {
  BODIES_KEPT,
  BODIES_SPILLED,
  BODY_BYTES_KEPT,
  BYTES_RECEIVED,
  BYTES_SENT,
  CONNECT,
  CORRECTED_TOTAL,
  EMPTY_RESPONSES,
  ERROR_RESPONSES,
  ESTABLISHED,
  EXCHANGES_LATE,
  FIRST_BYTE,
  FIRST_BYTE_TIMEOUTS,
  HELD_LOST,
  MISSED,
  MISSED_FULL,
  SCHEDULE_LAG,
  SCHEDULED,
  STARTED,
  TIMEOUTS_ANSWERED,
  TOTAL,
} from '../count/load.ts';
import type { Recorder } from '../count/recorder.ts';
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
import type { ClientPlan } from '../plan/plan.ts';
import { isPortConflict, outcomeOf } from './classify.ts';
import type { Exchange } from './exchange.ts';
import type { ResponseHeads } from './head/response-heads.ts';
import type { Pacer } from '../schedule/pacer.ts';
import { NO_PORT, type PortSource } from './source-ports.ts';
import { STAGE_EXCHANGING, STAGE_OPENING, type Stages } from './stages.ts';
import { NONE } from '../runtime/slot-list.ts';

/** How many starts may follow each other before the engine is asked for events again. */
const STARTS_PER_STEP = 64;
/** How many ports one attempt tries before it counts as `source_exhausted`. */
const PORT_TRIES = 32;
/** How long closed loop waits after a failure on this machine: without a wait it would repeat the attempt in a tight loop. */
const LOCAL_FAILURE_PAUSE_NS = 1e6;
/** What was due for longer than this when a stop came, and was not started, is missed. */
const STOP_GRACE_NS = 10e6;
/** An exchange of a round in stages that begins later than this is not at the rate that was asked for. */
const EXCHANGE_LATE_NS = 10e6;

export interface GeneratorOptions {
  /** The options that the generator reads, by their field of the plan; copied into fields of the class. */
  readonly plan: Pick<ClientPlan, 'close' | 'holdNs' | 'timeoutNs'>;
  readonly engine: ClientEngine;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly attempts: AttemptTable;
  readonly pacer: Pacer;
  /** Undefined: the kernel chooses the ports. */
  readonly ports: PortSource | undefined;
  /** 0: the kernel chooses the address too. */
  readonly sources: number;
  readonly exchange: Exchange;
  /** The engine shuts down writing after the payload, so the first FIN is ours. */
  readonly halfClose: boolean;
  /** The timeout from the start of an attempt to its first byte; Infinity where there is none. */
  readonly firstByteTimeoutNs: number;
  /** Undefined: responses are counted and dropped. */
  readonly bodies: ResponseBodies | undefined;
  /** Undefined: nothing is read of responses. */
  readonly heads?: ResponseHeads | undefined;
  /** The words of `round-control.ts`. A stop: start nothing more, drain, return. */
  readonly control: Int32Array;
  /** Undefined: each connection has its exchange as soon as it is established, and is closed after it. */
  readonly stages?: Stages | undefined;
}

/**
 * Opens what is due, follows each attempt to its outcome, and records it. One round of one worker.
 *
 * Everything here runs for each connection: no object, closure, promise or string is made.
 */
export class Generator implements ClientDriver, BodyListener {
  deadlineNs = -Infinity;
  readonly #o: GeneratorOptions;
  readonly #engine: ClientEngine;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly #attempts: AttemptTable;
  readonly #pacer: Pacer;
  readonly #bodies: ResponseBodies | undefined;
  readonly #heads: ResponseHeads | undefined;
  readonly #stages: Stages | undefined;
  readonly #awaitsFirstByte: boolean;
  readonly #readsTime: boolean;
  readonly #reset: boolean;
  /** Born doubles, like all times: a zero of the rehearsal would make them small integers, and the code that was compiled for those useless. */
  readonly #holdNs: number = Infinity;
  readonly #timeoutNs: number = Infinity;
  /** Whether the recorder's current bank is for the measured phase (1) or the warm-up (0): what of the other phase ends now is not counted. */
  #phase: number;
  #held = 0;
  /** When a stopped round gives up draining; Infinity while it is not stopped. */
  #drainEndNs = Infinity;
  /** Closed loop starts nothing before. */
  #pauseEndNs = -Infinity;
  /** When the last exchange of the round had ended; Infinity before. */
  endedNs = Infinity;
  /** When the last step began. A step uses one time stamp throughout; a warm-up that ends during the step takes effect in the next one. */
  #stepNs = -Infinity;

  constructor(options: GeneratorOptions) {
    this.#o = options;
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#recorder = options.recorder;
    this.#attempts = options.attempts;
    this.#pacer = options.pacer;
    this.#bodies = options.bodies;
    this.#heads = options.heads;
    this.#stages = options.stages;
    this.#bodies?.listen(this);
    this.#readsTime = options.engine.timesEvents !== true;
    this.#awaitsFirstByte = options.firstByteTimeoutNs !== Infinity;
    this.#reset = options.plan.close === 'rst';
    this.#holdNs = options.plan.holdNs;
    this.#timeoutNs = options.plan.timeoutNs;
    const { baseNs, measureNs } = options.pacer;
    this.#phase = baseNs >= measureNs ? 1 : 0;
    this.#pauseEndNs = baseNs;
    this.#stepNs = baseNs;
    this.#recorder.begin(baseNs, this.#phase === 0);
    this.#attempts.sinceNs.fill(baseNs);
  }

  step(): boolean {
    this.#clock.tick();
    const { nowNs } = this.#clock;
    const pacer = this.#pacer;
    const attempts = this.#attempts;
    if (this.#o.control[STOP] !== 0 && this.#drainEndNs === Infinity) this.#stop();
    // Since the step before, the engine has looked for what had come by then: a thread that was stopped reads before it judges.
    const lookedNs = this.#stepNs;
    this.#stepNs = nowNs;
    if (this.#bodies !== undefined) this.#bodies.step();
    if (attempts.unfinished.head !== NONE) this.#expire(lookedNs);
    if (attempts.unanswered.head !== NONE) this.#expireUnanswered(lookedNs);
    const stages = this.#drainEndNs === Infinity ? this.#stages : undefined;
    if (stages === undefined && attempts.held.head !== NONE) this.#endHolds();
    if (nowNs >= pacer.intervalEndNs) this.#endInterval();
    // Before the starts: a thread that was stopped past the end of its round must not load the target then.
    if (!pacer.isDone && nowNs >= pacer.overdueNs) this.#giveUp(nowNs);
    const hasStartedAll = this.#startDue();
    if (stages !== undefined) this.#advance(stages);
    if (this.endedNs === Infinity && pacer.isDone && attempts.unfinished.head === NONE) this.endedNs = nowNs;
    if (pacer.isDone && attempts.open === 0) {
      this.#stages?.leave();
      this.#recorder.handOverAndWait(this.#clock.now(), 0, 0, false);
      return false;
    }
    if (hasStartedAll && this.#bodies?.maySleep() !== false) this.#setDeadline();
    else this.deadlineNs = 0;
    return true;
  }

  #setDeadline(): void {
    const nowNs = this.#stepNs;
    const attempts = this.#attempts;
    let deadlineNs = Math.min(nowNs + POLL_NS, this.#pacer.intervalEndNs, this.#pacer.wakeNs);
    if (this.#pauseEndNs > nowNs) deadlineNs = Math.min(deadlineNs, this.#pauseEndNs);
    const oldest = attempts.unfinished.head;
    if (oldest !== NONE) {
      deadlineNs = Math.min(deadlineNs, attempts.startNs[oldest]! + this.#timeoutNs, this.#drainEndNs);
    }
    const unanswered = attempts.unanswered.head;
    if (unanswered !== NONE) {
      deadlineNs = Math.min(deadlineNs, attempts.startNs[unanswered]! + this.#o.firstByteTimeoutNs);
    }
    const heldLongest = attempts.held.head;
    if (this.#stages !== undefined && this.#drainEndNs === Infinity) {
      const wakeNs = this.#stages.wakeNs(nowNs, attempts.waiting.head !== NONE, heldLongest !== NONE);
      deadlineNs = Math.min(deadlineNs, wakeNs);
    } else if (heldLongest !== NONE) deadlineNs = Math.min(deadlineNs, attempts.sinceNs[heldLongest]! + this.#holdNs);
    this.deadlineNs = deadlineNs;
  }

  #stop(): void {
    const { nowNs } = this.#clock;
    this.#drainEndNs = nowNs + DRAIN_NS;
    // What was due by the step before has been started; what has come due since is not missed: but for the stop it would be now.
    this.#giveUp(Math.max(this.#stepNs, nowNs - STOP_GRACE_NS));
    const { waiting } = this.#attempts;
    while (waiting.head !== NONE) this.#fail(waiting.head, ABORTED, 0);
  }

  /** Moves a round in stages on: what waits has its turn, and when all have had it the next stage begins. */
  #advance(stages: Stages): void {
    const nowNs = this.#stepNs;
    const { waiting, unfinished, held } = this.#attempts;
    if (stages.stage === STAGE_OPENING) {
      if (!this.#pacer.isDone || unfinished.head !== NONE || !stages.arrive(nowNs)) return;
    }
    let turns = 0;
    if (stages.stage === STAGE_EXCHANGING) {
      while (waiting.head !== NONE && stages.dueNs <= nowNs && turns++ < STARTS_PER_STEP) {
        this.#startExchange(waiting.head, stages.take());
      }
      if (waiting.head !== NONE || unfinished.head !== NONE || !stages.arrive(nowNs)) return;
    }
    while (held.head !== NONE && stages.dueNs <= nowNs && turns++ < STARTS_PER_STEP) {
      stages.take();
      this.#release(held.head);
    }
  }

  /** The exchange of a connection that has waited for the others. Its clocks and its timeout begin here anew. */
  #startExchange(slot: number, dueNs: number): void {
    const attempts = this.#attempts;
    this.#clock.tick();
    const { nowNs } = this.#clock;
    attempts.waiting.remove(slot);
    attempts.unfinished.push(slot);
    attempts.state[slot] = EXCHANGING;
    attempts.startNs[slot] = nowNs;
    attempts.dueNs[slot] = dueNs;
    attempts.receivedBytes[slot] = 0;
    if (nowNs - dueNs > EXCHANGE_LATE_NS) this.#recorder.count(EXCHANGES_LATE, 1);
    this.#engine.startSending(slot);
  }

  #giveUp(nowNs: number): void {
    const missed = this.#pacer.giveUp(nowNs);
    if (this.#phase === 0) return;
    this.#recorder.count(SCHEDULED, missed);
    this.#recorder.count(MISSED, missed);
  }

  #endInterval(): void {
    const nowNs = this.#stepNs;
    const phase = nowNs >= this.#pacer.measureNs ? 1 : 0;
    // A warm-up and what is measured must not be in one interval.
    if (phase === this.#phase) this.#recorder.handOver(nowNs, this.#attempts.open, this.#held, phase === 0);
    else this.#recorder.handOverAndWait(nowNs, this.#attempts.open, this.#held, phase === 0);
    this.#phase = phase;
    this.#pacer.shift(this.#o.control[SHIFT]!);
    this.#pacer.nextInterval(nowNs);
  }

  /** Starts what is due. False if more is due, but events must be looked at first. */
  #startDue(): boolean {
    const nowNs = this.#stepNs;
    const pacer = this.#pacer;
    const attempts = this.#attempts;
    let starts = 0;
    if (pacer.isClosedLoop) {
      while (!attempts.isFull && !pacer.isDone && nowNs < pacer.endNs && nowNs >= this.#pauseEndNs) {
        if (starts++ === STARTS_PER_STEP) return false;
        pacer.take();
        const measured = nowNs >= pacer.measureNs ? 1 : 0;
        this.#recordScheduled(measured, STARTED);
        if (measured === 1) pacer.countStart();
        const slot = attempts.take();
        // Due since there was room for it.
        attempts.dueNs[slot] = attempts.sinceNs[slot]!;
        this.#start(slot, measured);
      }
      return true;
    }
    while (pacer.dueNs <= nowNs) {
      if (starts === STARTS_PER_STEP) return false;
      const dueNs = pacer.dueNs;
      const index = pacer.take();
      const measured = pacer.measures(index) ? 1 : 0;
      const isTooLate = nowNs - dueNs > pacer.maxLagNs;
      this.#recordScheduled(measured, isTooLate || attempts.isFull ? MISSED : STARTED);
      if (isTooLate) continue;
      if (attempts.isFull) {
        if (measured === this.#phase) this.#recorder.count(MISSED_FULL, 1);
        continue;
      }
      const slot = attempts.take();
      attempts.dueNs[slot] = dueNs;
      this.#start(slot, measured);
      starts++;
    }
    return true;
  }

  #recordScheduled(measured: number, counter: number): void {
    if (measured !== this.#phase) return;
    this.#recorder.count(SCHEDULED, 1);
    this.#recorder.count(counter, 1);
  }

  /** The attempt that was taken last, on a slot that has been taken for it and knows when it was due. */
  #start(slot: number, measured: number): void {
    const attempts = this.#attempts;
    this.#clock.tick();
    attempts.startNs[slot] = this.#clock.nowNs;
    attempts.sentBytes[slot] = 0;
    attempts.receivedBytes[slot] = 0;
    attempts.measured[slot] = measured;
    attempts.tries[slot] = 0;
    attempts.timeWait[slot] = UNDECIDED;
    if (this.#heads !== undefined) this.#heads.begin(slot);
    if (this.#o.sources === 0) attempts.source[slot] = KERNEL_SOURCE;
    else attempts.source[slot] = (this.#pacer.taken - 1) % this.#o.sources;
    attempts.unfinished.push(slot);
    if (this.#awaitsFirstByte) attempts.unanswered.push(slot);
    if (measured === this.#phase) {
      this.#recorder.recordSince(SCHEDULE_LAG, attempts.dueNs, slot);
      this.#recorder.inFlight(attempts.open);
    }
    this.#open(slot);
  }

  /** Opens the slot with the next port that will do, or ends the attempt. */
  #open(slot: number): void {
    const attempts = this.#attempts;
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
    this.#unlist(slot);
    if (attempts.measured[slot] === this.#phase) this.#recorder.outcome(outcome, errno);
    this.#pause();
    attempts.sinceNs[slot] = this.#clock.nowNs;
    attempts.give(slot);
  }

  #givePort(slot: number, waits: boolean): void {
    this.#o.ports?.give(this.#attempts.source[slot]!, this.#attempts.port[slot]!, waits);
  }

  connected(slot: number): void {
    const attempts = this.#attempts;
    if (this.#readsTime) this.#clock.tick();
    attempts.state[slot] = EXCHANGING;
    if (attempts.measured[slot] === this.#phase) {
      this.#recorder.count(ESTABLISHED, 1);
      this.#recorder.recordSince(CONNECT, attempts.startNs, slot);
    }
    if (this.#o.exchange.atConnect) this.#complete(slot);
    else if (this.#stages !== undefined) this.#await(slot);
  }

  /** The exchange begins when all connections are established. */
  #await(slot: number): void {
    const attempts = this.#attempts;
    attempts.unfinished.remove(slot);
    attempts.state[slot] = WAITING;
    attempts.waiting.push(slot);
    if (this.#drainEndNs !== Infinity) this.#fail(slot, ABORTED, 0);
  }

  sent(slot: number, bytes: number): void {
    const attempts = this.#attempts;
    attempts.sentBytes[slot]! += bytes;
    if (attempts.measured[slot] === this.#phase) this.#recorder.count(BYTES_SENT, bytes);
  }

  received(slot: number, bytes: number): void {
    const attempts = this.#attempts;
    if (this.#readsTime) this.#clock.tick();
    const before = attempts.receivedBytes[slot]!;
    attempts.receivedBytes[slot] = before + bytes;
    if (before === 0 && this.#awaitsFirstByte && attempts.state[slot] === EXCHANGING) attempts.unanswered.remove(slot);
    if (attempts.measured[slot] === this.#phase) {
      this.#recorder.count(BYTES_RECEIVED, bytes);
      if (before === 0 && attempts.state[slot] === EXCHANGING) {
        this.#recorder.recordSince(FIRST_BYTE, attempts.startNs, slot);
      }
    }
    if (attempts.state[slot] !== EXCHANGING) return;
    const { responseBytes } = this.#o.exchange;
    if (this.#heads !== undefined) this.#heads.received(slot, bytes);
    if (this.#bodies !== undefined) {
      // What comes after the response is not part of it.
      const outcome = this.#bodies.received(slot, before, Math.min(bytes, responseBytes - before));
      if (outcome !== OK) {
        this.#reject(slot, outcome);
        return;
      }
    }
    if (before + bytes >= responseBytes) this.#complete(slot);
  }

  ended(slot: number): void {
    const attempts = this.#attempts;
    if (attempts.state[slot] === HOLDING) {
      this.#loseHeld(slot);
      return;
    }
    if (attempts.state[slot] === KEEPING) {
      this.#keepAlone(slot);
      return;
    }
    if (this.#readsTime) this.#clock.tick();
    if (attempts.state[slot] === WAITING) {
      attempts.timeWait[slot] = NO_TIME_WAIT;
      this.#fail(slot, SHORT_RESPONSE, 0);
      return;
    }
    const { responseBytes, payloadBytes } = this.#o.exchange;
    // Who sent the first FIN has the TIME_WAIT; with both of them through, a reset does not shorten it any more.
    const isOurs = this.#o.halfClose && attempts.sentBytes[slot]! >= payloadBytes;
    attempts.timeWait[slot] = isOurs ? TIME_WAIT : NO_TIME_WAIT;
    if (responseBytes === Infinity && attempts.sentBytes[slot]! >= payloadBytes) this.#complete(slot);
    else this.#fail(slot, SHORT_RESPONSE, 0);
  }

  failed(slot: number, errno: number): void {
    const attempts = this.#attempts;
    const state = attempts.state[slot];
    if (this.#readsTime) this.#clock.tick();
    if (state === HOLDING) this.#loseHeld(slot);
    else if (state === KEEPING || state === KEEPING_ALONE) this.#keepAlone(slot);
    else if (
      state === CONNECTING &&
      this.#o.ports !== undefined &&
      isPortConflict(errno) &&
      ++attempts.tries[slot]! < PORT_TRIES
    ) {
      attempts.state[slot] = RETRYING;
      this.#engine.close(slot, false);
    } else this.#fail(slot, outcomeOf(errno, state === EXCHANGING || state === WAITING), errno);
  }

  released(slot: number): void {
    const attempts = this.#attempts;
    if (this.#readsTime) this.#clock.tick();
    const isRetry = attempts.state[slot] === RETRYING;
    this.#givePort(slot, isRetry || attempts.timeWait[slot] === TIME_WAIT);
    if (isRetry) {
      this.#open(slot);
      return;
    }
    if (this.#bodies !== undefined && !this.#bodies.release(slot)) return;
    attempts.sinceNs[slot] = this.#clock.nowNs;
    attempts.give(slot);
  }

  bodyReleased(slot: number): void {
    this.#attempts.sinceNs[slot] = this.#clock.now();
    this.#attempts.give(slot);
  }

  /** The exchange is complete: what came of it is kept, where that is asked for. */
  #complete(slot: number): void {
    const bytes = this.#attempts.receivedBytes[slot]!;
    const { payloadBytes, minResponseBytes } = this.#o.exchange;
    if (bytes === 0 && payloadBytes > 0) this.#countMeasured(slot, EMPTY_RESPONSES);
    if (bytes < minResponseBytes) {
      this.#fail(slot, SHORT_RESPONSE, 0);
      return;
    }
    if (this.#heads !== undefined && !this.#heads.isExpected(slot)) {
      this.#fail(slot, UNEXPECTED_RESPONSE, 0);
      return;
    }
    if (this.#bodies === undefined) {
      this.#unlist(slot);
      this.#succeed(slot);
      return;
    }
    const outcome = this.#bodies.complete(slot, this.#responseBytes(slot));
    if (outcome !== PENDING) {
      this.#endKeeping(slot, outcome, this.#bodies);
      return;
    }
    // From here on it is not the peer who is waited for: no timeout of his applies.
    this.#unlist(slot);
    this.#attempts.state[slot] = KEEPING;
  }

  bodyDone(slot: number, outcome: number): void {
    this.#endKeeping(slot, outcome, this.#bodies!);
  }

  /** The peer has ended or reset a connection whose response is whole and still being kept. */
  #keepAlone(slot: number): void {
    const attempts = this.#attempts;
    attempts.state[slot] = KEEPING_ALONE;
    if (attempts.timeWait[slot] === UNDECIDED) attempts.timeWait[slot] = NO_TIME_WAIT;
  }

  #responseBytes(slot: number): number {
    return Math.min(this.#attempts.receivedBytes[slot]!, this.#o.exchange.responseBytes);
  }

  /** The response is what it should be and has been kept, or not. */
  #endKeeping(slot: number, outcome: number, bodies: ResponseBodies): void {
    const attempts = this.#attempts;
    this.#clock.tick();
    if (outcome !== OK) {
      this.#reject(slot, outcome);
      return;
    }
    if (attempts.state[slot] === EXCHANGING) this.#unlist(slot);
    if (bodies.keeps && attempts.measured[slot] === this.#phase) {
      this.#recorder.count(BODIES_KEPT, 1);
      this.#recorder.count(BODY_BYTES_KEPT, this.#responseBytes(slot));
      if (bodies.isSpilled(slot)) this.#recorder.count(BODIES_SPILLED, 1);
    }
    this.#succeed(slot);
  }

  /** The attempt is ok, and its connection is closed or held. */
  #succeed(slot: number): void {
    const attempts = this.#attempts;
    if (attempts.measured[slot] === this.#phase) {
      this.#recorder.outcome(OK, 0);
      this.#recordTotal(slot);
      if (this.#heads !== undefined) this.#recordStatus(this.#heads, slot);
    }
    // In stages it stays open until all exchanges are done, unless the exchange was its end.
    const stays = this.#stages === undefined ? this.#holdNs > 0 : attempts.timeWait[slot] === UNDECIDED;
    if (!stays || this.#drainEndNs !== Infinity || attempts.state[slot] === KEEPING_ALONE) {
      this.#close(slot);
      return;
    }
    attempts.state[slot] = HOLDING;
    attempts.sinceNs[slot] = this.#clock.nowNs;
    attempts.held.push(slot);
    this.#held++;
  }

  /** Records the response of an attempt that is ok: one with the status of an error is ok where no option says otherwise. */
  #recordStatus(heads: ResponseHeads, slot: number): void {
    this.#recorder.response(heads.indexOf(slot));
    if (heads.isError(slot)) this.#recorder.count(ERROR_RESPONSES, 1);
  }

  /** Ends an attempt whose response is wrong or cannot be kept. The connection itself is intact, so it is closed as usual. */
  #reject(slot: number, outcome: number): void {
    this.#endFailed(slot, outcome, this.#bodies!.errno);
    this.#close(slot);
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
    const state = attempts.state[slot];
    if (state !== KEEPING && state !== KEEPING_ALONE) this.#unlist(slot);
    if (outcome === SOURCE_EXHAUSTED || outcome === FD_EXHAUSTED) this.#pause();
    if (attempts.measured[slot] !== this.#phase) return;
    this.#recorder.outcome(outcome, errno);
    const wasEstablished = state !== CONNECTING && state !== RETRYING;
    if (this.#heads !== undefined && wasEstablished) this.#recorder.response(this.#heads.indexOf(slot));
    // The time that a failure took counts, or slow failures would make latency look better.
    if (outcome === CONNECT_TIMEOUT || outcome === EXCHANGE_TIMEOUT) this.#recordTotal(slot);
  }

  /** Takes an attempt that ends off the lists of those that can be late. */
  #unlist(slot: number): void {
    const attempts = this.#attempts;
    if (attempts.state[slot] === WAITING) attempts.waiting.remove(slot);
    else attempts.unfinished.remove(slot);
    if (this.#awaitsFirstByte && attempts.receivedBytes[slot] === 0) attempts.unanswered.remove(slot);
  }

  #pause(): void {
    if (this.#pacer.isClosedLoop) this.#pauseEndNs = this.#clock.nowNs + LOCAL_FAILURE_PAUSE_NS;
  }

  #recordTotal(slot: number): void {
    this.#recorder.recordSince(TOTAL, this.#attempts.startNs, slot);
    this.#recorder.recordSince(CORRECTED_TOTAL, this.#attempts.dueNs, slot);
  }

  #close(slot: number): void {
    const attempts = this.#attempts;
    const reset = this.#reset;
    if (attempts.timeWait[slot] === UNDECIDED) attempts.timeWait[slot] = reset ? NO_TIME_WAIT : TIME_WAIT;
    attempts.state[slot] = CLOSING;
    this.#engine.close(slot, reset);
  }

  /** Ends what had been unfinished for too long at `lookedNs`. */
  #expire(lookedNs: number): void {
    const attempts = this.#attempts;
    const isDrained = lookedNs >= this.#drainEndNs;
    for (;;) {
      const slot = attempts.unfinished.head;
      if (slot === NONE) return;
      const isLate = lookedNs >= attempts.startNs[slot]! + this.#timeoutNs;
      if (!isLate && !isDrained) return;
      this.#endLate(slot, isLate);
    }
  }

  #expireUnanswered(lookedNs: number): void {
    const attempts = this.#attempts;
    for (;;) {
      const slot = attempts.unanswered.head;
      if (slot === NONE || lookedNs < attempts.startNs[slot]! + this.#o.firstByteTimeoutNs) return;
      if (attempts.measured[slot] === this.#phase && attempts.state[slot] === EXCHANGING) {
        this.#recorder.count(FIRST_BYTE_TIMEOUTS, 1);
      }
      this.#endLate(slot, true);
    }
  }

  /** Ends an attempt that is late, or that must end now. */
  #endLate(slot: number, isLate: boolean): void {
    const attempts = this.#attempts;
    const state = attempts.state[slot];
    const isConnecting = state === CONNECTING || state === RETRYING;
    const outcome = !isLate ? ABORTED : isConnecting ? CONNECT_TIMEOUT : EXCHANGE_TIMEOUT;
    if (outcome === EXCHANGE_TIMEOUT && this.#lacksOnlyEnd(slot)) this.#countMeasured(slot, TIMEOUTS_ANSWERED);
    if (state !== RETRYING) this.#fail(slot, outcome, 0);
    else {
      // Between two ports: it is being closed already.
      this.#endFailed(slot, outcome, 0);
      attempts.state[slot] = CLOSING;
      attempts.timeWait[slot] = TIME_WAIT;
    }
  }

  /** Whether an answer has come, and the exchange is complete only when the peer closes. */
  #lacksOnlyEnd(slot: number): boolean {
    const { responseBytes, payloadBytes } = this.#o.exchange;
    const { receivedBytes, sentBytes } = this.#attempts;
    return responseBytes === Infinity && receivedBytes[slot]! > 0 && sentBytes[slot]! >= payloadBytes;
  }

  #countMeasured(slot: number, counter: number): void {
    if (this.#attempts.measured[slot] === this.#phase) this.#recorder.count(counter, 1);
  }

  #endHolds(): void {
    const nowNs = this.#stepNs;
    const attempts = this.#attempts;
    const holdNs = this.#drainEndNs === Infinity ? this.#holdNs : 0;
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
