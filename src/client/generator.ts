import { EXCHANGES_LATE, FIRST_BYTE_TIMEOUTS, MISSED, MISSED_FULL, STARTED } from '../count/load.ts';
import type { Recorder } from '../count/recorder.ts';
import { ABORTED } from '../document/outcome.ts';
import { DRAIN_NS, KERNEL_SOURCE, POLL_NS, type ClientDriver } from '../engine/seam/engine.ts';
import type { ClientPlan } from '../plan/plan.ts';
import { LEASE, SHIFT, STOP } from '../runtime/round-control.ts';
import { NONE } from '../runtime/slot-list.ts';
import type { Pacer } from '../schedule/pacer.ts';
import { AttemptLife, type AttemptLifeOptions } from './attempt-life.ts';
import { EXCHANGING } from './attempts.ts';
import { STAGE_EXCHANGING, STAGE_OPENING, type Stages } from './stages.ts';

/** How many starts may follow each other before the engine is asked for events again. */
const STARTS_PER_STEP = 64;
/** How long closed loop waits after a failure on this machine: without a wait it would repeat the attempt in a tight loop. */
const LOCAL_FAILURE_PAUSE_NS = 1e6;
/** What was due for longer than this when a stop came, and was not started, is missed. */
const STOP_GRACE_NS = 10e6;
/** An exchange of a round in stages that begins later than this is not at the rate that was asked for. */
const EXCHANGE_LATE_NS = 10e6;
/** A step that comes so late after the one before was held up. */
const HELD_UP_NS = POLL_NS + 100e6;

export interface GeneratorOptions extends AttemptLifeOptions {
  /** The options that the generator reads, by their field of the plan; copied into fields of the class. */
  readonly plan: Pick<ClientPlan, 'close' | 'holdNs' | 'timeoutNs'>;
  readonly pacer: Pacer;
  /** How many source addresses take turns. 0: the kernel chooses the address too. */
  readonly sources: number;
  /** The words of `round-control.ts`. A stop: start nothing more, drain, return. */
  readonly control: Int32Array;
}

/**
 * Starts what is due, ends what is late, and hands its counts over once a second. One round of one worker.
 *
 * Everything here runs for each connection: no object, closure, promise or string is made.
 */
export class Generator extends AttemptLife implements ClientDriver {
  deadlineNs = -Infinity;
  /** When the last exchange of the round had ended; Infinity before. */
  endedNs = Infinity;
  readonly #o: GeneratorOptions;
  readonly #recorder: Recorder;
  readonly #pacer: Pacer;
  /** Born a double, as all times of `AttemptLife`. */
  readonly #timeoutNs: number = Infinity;
  /** Closed loop starts nothing before. */
  #pauseEndNs = -Infinity;
  /** Whether nothing may be started now. */
  #isHeldBack = false;
  /** When the last step began. A step uses one time stamp throughout; a warm-up that ends during the step takes effect in the next one. */
  #stepNs = -Infinity;
  /** No timeout is judged before. */
  #judgeNs = -Infinity;

  constructor(options: GeneratorOptions) {
    const { baseNs, measureNs } = options.pacer;
    super(options, baseNs >= measureNs ? 1 : 0);
    this.#o = options;
    this.#recorder = options.recorder;
    this.#pacer = options.pacer;
    this.#timeoutNs = options.plan.timeoutNs;
    this.#pauseEndNs = baseNs;
    this.#stepNs = baseNs;
    this.#recorder.begin(baseNs, this.counts.phase === 0);
    this.attempts.sinceNs.fill(baseNs);
  }

  step(): boolean {
    this.clock.tick();
    const { nowNs } = this.clock;
    const pacer = this.#pacer;
    const attempts = this.attempts;
    if (this.#o.control[STOP] !== 0 && this.drainEndNs === Infinity) this.#stop();
    // Since the step before, the engine has looked for what had come by then: a thread that was stopped reads before it judges.
    const lookedNs = this.#stepNs;
    this.#stepNs = nowNs;
    if (this.bodies !== undefined) this.bodies.step();
    if (nowNs >= this.#judgeNs || lookedNs >= this.drainEndNs) {
      if (attempts.unfinished.head !== NONE) this.#expire(lookedNs);
      if (attempts.unanswered.head !== NONE) this.#expireUnanswered(lookedNs);
    }
    // A request that was kept waiting with the thread needs time for its answer. Half of that time, so that a thread which is held up again
    // and again still judges.
    if (nowNs - lookedNs > HELD_UP_NS) this.#judgeNs = Math.max(this.#judgeNs, nowNs + (nowNs - lookedNs) / 2);
    const stages = this.drainEndNs === Infinity ? this.stages : undefined;
    if (stages === undefined && attempts.held.head !== NONE) this.#endHolds();
    if (nowNs >= pacer.intervalEndNs) this.#endInterval();
    // Before the starts: a thread that was stopped past the end of its round must not load the target then.
    if (!pacer.isDone && nowNs >= pacer.overdueNs) this.#giveUp(nowNs);
    const leaseMs = this.#o.control[LEASE]!;
    this.#isHeldBack = leaseMs !== 0 && nowNs >= leaseMs * 1e6;
    const hasStartedAll = this.#isHeldBack || this.#startDue();
    if (stages !== undefined && !this.#isHeldBack) this.#advance(stages);
    if (this.endedNs === Infinity && pacer.isDone && attempts.unfinished.head === NONE) this.endedNs = nowNs;
    if (pacer.isDone && attempts.open === 0) {
      this.stages?.leave();
      this.#recorder.handOverAndWait(this.clock.now(), 0, 0, false);
      return false;
    }
    if (hasStartedAll && this.bodies?.maySleep() !== false) this.#setDeadline();
    else this.deadlineNs = 0;
    return true;
  }

  #setDeadline(): void {
    const nowNs = this.#stepNs;
    const attempts = this.attempts;
    let deadlineNs = Math.min(nowNs + POLL_NS, this.#pacer.intervalEndNs);
    if (!this.#isHeldBack) deadlineNs = Math.min(deadlineNs, this.#pacer.wakeNs);
    if (this.#pauseEndNs > nowNs) deadlineNs = Math.min(deadlineNs, this.#pauseEndNs);
    const oldest = attempts.unfinished.head;
    if (oldest !== NONE) {
      const lateNs = attempts.startNs[oldest]! + this.#timeoutNs;
      deadlineNs = Math.min(deadlineNs, Math.max(lateNs, this.#judgeNs), this.drainEndNs);
    }
    const unanswered = attempts.unanswered.head;
    if (unanswered !== NONE) {
      const lateNs = attempts.startNs[unanswered]! + this.#o.firstByteTimeoutNs;
      deadlineNs = Math.min(deadlineNs, Math.max(lateNs, this.#judgeNs));
    }
    const heldLongest = attempts.held.head;
    if (this.stages !== undefined && this.drainEndNs === Infinity) {
      const wakeNs = this.stages.wakeNs(nowNs, attempts.waiting.head !== NONE, heldLongest !== NONE);
      if (!this.#isHeldBack) deadlineNs = Math.min(deadlineNs, wakeNs);
    } else if (heldLongest !== NONE) deadlineNs = Math.min(deadlineNs, attempts.sinceNs[heldLongest]! + this.holdNs);
    this.deadlineNs = deadlineNs;
  }

  #stop(): void {
    const { nowNs } = this.clock;
    this.drainEndNs = nowNs + DRAIN_NS;
    // What was due by the step before has been started; what has come due since is not missed: but for the stop it would be now.
    this.#giveUp(Math.max(this.#stepNs, nowNs - STOP_GRACE_NS));
    const { waiting } = this.attempts;
    while (waiting.head !== NONE) this.fail(waiting.head, ABORTED, 0);
  }

  /** Moves a round in stages on: what waits has its turn, and when all have had it the next stage begins. */
  #advance(stages: Stages): void {
    const nowNs = this.#stepNs;
    const { waiting, unfinished, held } = this.attempts;
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
      this.release(held.head);
    }
  }

  /** The exchange of a connection that has waited for the others. Its clocks and its timeout begin here anew. */
  #startExchange(slot: number, dueNs: number): void {
    const attempts = this.attempts;
    this.clock.tick();
    const { nowNs } = this.clock;
    attempts.waiting.remove(slot);
    attempts.unfinished.push(slot);
    attempts.state[slot] = EXCHANGING;
    attempts.startNs[slot] = nowNs;
    attempts.dueNs[slot] = dueNs;
    attempts.receivedBytes[slot] = 0;
    if (nowNs - dueNs > EXCHANGE_LATE_NS) this.#recorder.count(EXCHANGES_LATE, 1);
    this.engine.startSending(slot);
  }

  #giveUp(nowNs: number): void {
    this.counts.givenUp(this.#pacer.giveUp(nowNs));
  }

  #endInterval(): void {
    const nowNs = this.#stepNs;
    const phase = nowNs >= this.#pacer.measureNs ? 1 : 0;
    // A warm-up and what is measured must not be in one interval.
    if (phase === this.counts.phase) this.#recorder.handOver(nowNs, this.attempts.open, this.held, phase === 0);
    else this.#recorder.handOverAndWait(nowNs, this.attempts.open, this.held, phase === 0);
    this.counts.phase = phase;
    this.#pacer.shift(this.#o.control[SHIFT]!);
    this.#pacer.nextInterval(nowNs);
  }

  /** Starts what is due. False if more is due, but events must be looked at first. */
  #startDue(): boolean {
    const nowNs = this.#stepNs;
    const pacer = this.#pacer;
    const attempts = this.attempts;
    let starts = 0;
    if (pacer.isClosedLoop) {
      while (!attempts.isFull && !pacer.isDone && nowNs < pacer.endNs && nowNs >= this.#pauseEndNs) {
        if (starts++ === STARTS_PER_STEP) return false;
        pacer.take();
        const measured = nowNs >= pacer.measureNs ? 1 : 0;
        this.counts.scheduled(measured, STARTED);
        if (measured === 1) pacer.countStart();
        const slot = attempts.take();
        // Due since there was room for it.
        attempts.dueNs[slot] = attempts.sinceNs[slot]!;
        this.start(slot, this.#takenSource, measured);
      }
      return true;
    }
    while (pacer.dueNs <= nowNs) {
      if (starts === STARTS_PER_STEP) return false;
      const dueNs = pacer.dueNs;
      const index = pacer.take();
      const measured = pacer.measures(index) ? 1 : 0;
      const isTooLate = nowNs - dueNs > pacer.maxLagNs;
      this.counts.scheduled(measured, isTooLate || attempts.isFull ? MISSED : STARTED);
      if (isTooLate) continue;
      if (attempts.isFull) {
        if (measured === this.counts.phase) this.#recorder.count(MISSED_FULL, 1);
        continue;
      }
      const slot = attempts.take();
      attempts.dueNs[slot] = dueNs;
      this.start(slot, this.#takenSource, measured);
      starts++;
    }
    return true;
  }

  /** The source address of the attempt that was taken last. */
  get #takenSource(): number {
    const { sources } = this.#o;
    return sources === 0 ? KERNEL_SOURCE : (this.#pacer.taken - 1) % sources;
  }

  protected failedHere(): void {
    if (this.#pacer.isClosedLoop) this.#pauseEndNs = this.clock.nowNs + LOCAL_FAILURE_PAUSE_NS;
  }

  /** Ends what had been unfinished for too long at `lookedNs`. */
  #expire(lookedNs: number): void {
    const attempts = this.attempts;
    const isDrained = lookedNs >= this.drainEndNs;
    for (;;) {
      const slot = attempts.unfinished.head;
      if (slot === NONE) return;
      const isLate = lookedNs >= attempts.startNs[slot]! + this.#timeoutNs;
      if (!isLate && !isDrained) return;
      this.endLate(slot, isLate);
    }
  }

  #expireUnanswered(lookedNs: number): void {
    const attempts = this.attempts;
    for (;;) {
      const slot = attempts.unanswered.head;
      if (slot === NONE || lookedNs < attempts.startNs[slot]! + this.#o.firstByteTimeoutNs) return;
      if (attempts.state[slot] === EXCHANGING) this.counts.count(slot, FIRST_BYTE_TIMEOUTS);
      this.endLate(slot, true);
    }
  }

  #endHolds(): void {
    const nowNs = this.#stepNs;
    const attempts = this.attempts;
    const holdNs = this.drainEndNs === Infinity ? this.holdNs : 0;
    for (;;) {
      const slot = attempts.held.head;
      if (slot === NONE || nowNs < attempts.sinceNs[slot]! + holdNs) return;
      this.release(slot);
    }
  }
}
