import { DRAIN_NS, POLL_NS } from '../engine/seam/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import type { PingDriver, PingEngine } from '../engine/seam/ping.ts';
import { LEASE, SHIFT, STOP } from '../runtime/round-control.ts';
import { NONE } from '../runtime/slot-list.ts';
import { EPROTO } from '../kernel/errno.ts';
import {
  CONNECTIONS_LOST,
  CORRECTED_RTT,
  DUPLICATES,
  LATE,
  OUT_OF_ORDER,
  PING_LAG,
  PINGS_ABORTED,
  PINGS_DUE,
  PINGS_LOST,
  PINGS_MISSED,
  PINGS_RECEIVED,
  PINGS_SENT,
  PINGS_UNSENDABLE,
  RTT,
} from '../count/ping.ts';
import type { Recorder } from '../count/recorder.ts';
import type { Pacer } from '../schedule/pacer.ts';
import type { BusyTasks } from '../work/busy-tasks.ts';
import type { PingSamples } from './ping-samples.ts';
import { ANSWERED, LOST, PingTable, UNUSED, WAITING } from './ping-table.ts';
import { Turns } from './turns.ts';

/** Sent in a row before replies are looked at. */
const SENDS_PER_STEP = 32;

export interface PingerOptions {
  readonly engine: PingEngine;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly pacer: Pacer;
  /** 1 for each slot whose connection is up. */
  readonly isUp: Uint8Array;
  /** Pings under way on one connection, and over all. */
  readonly depth: number;
  readonly inFlightLimit: number;
  /** Whether what is lost breaks the connection. */
  readonly isStream: boolean;
  readonly thinkNs: number;
  readonly timeoutNs: number;
  /** Whether to record how late pings are sent, and their latency since they were due. */
  readonly recordsLag: boolean;
  /** A number of this run, so that what others sent is not taken for a reply. */
  readonly token: number;
  /** The words of `round-control.ts`. */
  readonly control: Int32Array;
  /** Keeps single round trips, where they are asked for. */
  readonly samples?: PingSamples | undefined;
  /** What else the loop has to do. */
  readonly busyTasks?: BusyTasks | undefined;
}

/**
 * Sends the pings of a round when they are due, on the next free connection, and counts replies and losses. A ping that
 * finds no connection free waits and is late; its latency counts from when it was due. The driver of a ping engine.
 */
export class Pinger implements PingDriver {
  deadlineNs = -Infinity;
  readonly #options: PingerOptions;
  readonly #engine: PingEngine;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly #pacer: Pacer;
  readonly #pings: PingTable;
  readonly #turns: Turns;
  readonly #samples: PingSamples | undefined;
  readonly #busyTasks: BusyTasks | undefined;
  readonly #inFlight: Int32Array;
  readonly #nextSequence: Int32Array;
  /** The highest sequence number that came back, by slot. */
  readonly #highest: Int32Array;
  /** 0 in the warm-up, 1 after it; what belongs to the other one is not counted. */
  #phase: number;
  /** When a stopped round gives up draining; Infinity while it is not stopped. */
  #drainEndNs = Infinity;
  /** Whether nothing may be sent now. */
  #isHeldBack = false;

  constructor(options: PingerOptions) {
    const { isUp, depth, pacer } = options;
    const connections = isUp.length;
    this.#options = options;
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#recorder = options.recorder;
    this.#pacer = pacer;
    this.#pings = new PingTable(connections * depth);
    this.#turns = new Turns(connections);
    this.#samples = options.samples;
    this.#busyTasks = options.busyTasks;
    this.#inFlight = new Int32Array(connections);
    this.#nextSequence = new Int32Array(connections);
    this.#highest = new Int32Array(connections).fill(-1);
    for (const [slot, up] of isUp.entries()) {
      if (up === 0) continue;
      this.#turns.rise(slot);
      this.#turns.queue(slot, pacer.baseNs);
    }
    this.#phase = pacer.baseNs >= pacer.measureNs ? 1 : 0;
    this.#recorder.begin(pacer.baseNs, this.#phase === 0);
  }

  step(): boolean {
    this.#clock.tick();
    const { nowNs } = this.#clock;
    const pacer = this.#pacer;
    const busyNs = this.#busyTasks === undefined ? Infinity : this.#busyTasks.run(nowNs);
    if (!this.#pings.isEmpty) this.#expire(nowNs);
    if (nowNs >= pacer.intervalEndNs) this.#endInterval(nowNs);
    this.#turns.wake(nowNs);
    // Before the pings: a thread that was stopped past the end of its round must send nothing then.
    if (!pacer.isDone && nowNs >= pacer.overdueNs) this.#giveUp(nowNs);
    const leaseMs = this.#options.control[LEASE]!;
    this.#isHeldBack = leaseMs !== 0 && nowNs >= leaseMs * 1e6;
    const hasSentAll = this.#isHeldBack || this.#sendDue(nowNs);
    // Behind it: what became due while this thread slept is no miss of this machine.
    if (this.#options.control[STOP] !== 0 && this.#drainEndNs === Infinity) this.#stop(nowNs);
    if (!pacer.isDone && this.#turns.up === 0 && this.#phase === 1) this.#giveUpWithoutConnection();
    if (pacer.isDone && this.#pings.isEmpty) {
      this.#end();
      return false;
    }
    this.deadlineNs = hasSentAll ? Math.min(this.#nextDeadlineNs(nowNs), busyNs) : 0;
    return true;
  }

  #nextDeadlineNs(nowNs: number): number {
    const pacer = this.#pacer;
    let deadlineNs = Math.min(nowNs + POLL_NS, pacer.intervalEndNs, this.#turns.thinkEndNs);
    if ((pacer.isClosedLoop && !this.#isHeldBack) || this.#canSend()) deadlineNs = Math.min(deadlineNs, pacer.wakeNs);
    if (nowNs < pacer.baseNs) deadlineNs = Math.min(deadlineNs, pacer.baseNs);
    const { oldest } = this.#pings;
    if (oldest !== NONE) {
      deadlineNs = Math.min(deadlineNs, this.#pings.sentNs[oldest]! + this.#options.timeoutNs, this.#drainEndNs);
    }
    return deadlineNs;
  }

  #canSend(): boolean {
    return !this.#isHeldBack && this.#turns.isAnyReady && this.#pings.waitingCount < this.#options.inFlightLimit;
  }

  #stop(nowNs: number): void {
    this.#drainEndNs = nowNs + DRAIN_NS;
    this.#giveUp(nowNs);
  }

  /** Returns how many pings were due by `dueNs` and are missed. */
  #giveUp(dueNs: number): number {
    const missed = this.#pacer.giveUp(dueNs);
    if (this.#phase === 0) return 0;
    this.#recorder.count(PINGS_DUE, missed);
    this.#recorder.count(PINGS_MISSED, missed);
    return missed;
  }

  /** The last connection is lost. Pings that would be due until the end of the round count, or the rest of the schedule would not show. */
  #giveUpWithoutConnection(): void {
    this.#recorder.count(PINGS_UNSENDABLE, this.#giveUp(this.#pacer.endNs));
  }

  #endInterval(nowNs: number): void {
    const phase = nowNs >= this.#pacer.measureNs ? 1 : 0;
    const { waitingCount } = this.#pings;
    // A warm-up and what is measured must not be in one interval.
    if (phase === this.#phase) this.#recorder.handOver(nowNs, waitingCount, 0, phase === 0);
    else this.#recorder.handOverAndWait(nowNs, waitingCount, 0, phase === 0);
    this.#phase = phase;
    this.#pacer.shift(this.#options.control[SHIFT]!);
    this.#pacer.nextInterval(nowNs);
  }

  #end(): void {
    for (let slot = 0; slot < this.#inFlight.length; slot++) {
      if (this.#turns.isUp(slot)) this.#engine.close(slot);
      this.#turns.fall(slot);
    }
    this.#recorder.handOverAndWait(this.#clock.now(), 0, 0, false);
  }

  /** Sends what is due. False if more is due, but replies must be looked at first. */
  #sendDue(nowNs: number): boolean {
    const pacer = this.#pacer;
    const turns = this.#turns;
    let sends = 0;
    while (this.#canSend()) {
      if (pacer.isClosedLoop) {
        if (pacer.isDone || nowNs >= pacer.endNs || nowNs < pacer.baseNs) return true;
      } else if (pacer.dueNs > nowNs) return true;
      if (sends === SENDS_PER_STEP) return false;
      const slot = turns.take();
      const dueNs = pacer.isClosedLoop ? turns.readyNs[slot]! : pacer.dueNs;
      if (this.#send(slot, dueNs, nowNs)) sends++;
    }
    return true;
  }

  /** Sends the ping that is due next. False if the kernel does not take it; it is then due still. */
  #send(slot: number, dueNs: number, nowNs: number): boolean {
    const pings = this.#pings;
    const sequence = this.#nextSequence[slot]!;
    this.#clock.tick();
    const sentNs = this.#clock.nowNs;
    const errno = this.#engine.send(slot, sequence, pings.next ^ this.#options.token);
    if (errno !== 0) {
      this.#turns.block(slot);
      return false;
    }
    const index = this.#pacer.take();
    const ticket = pings.take();
    const { isClosedLoop, measureNs } = this.#pacer;
    const measured = (isClosedLoop ? nowNs >= measureNs : this.#pacer.measures(index)) ? 1 : 0;
    pings.slot[ticket] = slot;
    pings.sequence[ticket] = sequence;
    pings.dueNs[ticket] = dueNs;
    pings.sentNs[ticket] = sentNs;
    pings.measured[ticket] = measured;
    this.#nextSequence[slot] = (sequence + 1) | 0;
    this.#inFlight[slot]! += 1;
    if (this.#inFlight[slot]! < this.#options.depth) this.#turns.queue(slot, sentNs);
    if (measured === this.#phase) {
      const recorder = this.#recorder;
      recorder.count(PINGS_DUE, 1);
      recorder.count(PINGS_SENT, 1);
      if (this.#options.recordsLag) recorder.recordSince(PING_LAG, pings.dueNs, ticket);
      recorder.inFlight(pings.waitingCount);
    }
    return true;
  }

  connected(_slot: number): void {
    // All that are in use were up before the round.
  }

  received(slot: number, sequence: number, ticketAndToken: number): void {
    if (!this.#turns.isUp(slot)) return;
    this.#clock.tick();
    const { nowNs } = this.#clock;
    const pings = this.#pings;
    const ticket = (ticketAndToken ^ this.#options.token) >>> 0;
    if (ticket >= pings.capacity || pings.state[ticket] === UNUSED) {
      this.#hearNonsense(slot);
      return;
    }
    const isKnown = pings.sequence[ticket] === sequence && pings.slot[ticket] === slot;
    const state = pings.state[ticket];
    if (!isKnown || state !== WAITING) {
      this.#countLate(isKnown && state === ANSWERED ? DUPLICATES : LATE);
      return;
    }
    if (nowNs >= pings.sentNs[ticket]! + this.#options.timeoutNs) {
      // An engine that sleeps in a receive may hand over a late reply before the ping is given up.
      this.#lose(ticket, PINGS_LOST);
      this.#free(slot, nowNs);
      this.#countLate(LATE);
      return;
    }
    pings.settle(ticket, ANSWERED);
    this.#free(slot, nowNs);
    const isOvertaken = ((sequence - this.#highest[slot]!) | 0) < 0;
    if (!isOvertaken) this.#highest[slot] = sequence;
    if (pings.measured[ticket] !== this.#phase) return;
    const recorder = this.#recorder;
    recorder.count(PINGS_RECEIVED, 1);
    recorder.recordSince(RTT, pings.sentNs, ticket);
    if (this.#phase === 1) this.#samples?.add(nowNs, nowNs - pings.sentNs[ticket]!);
    if (this.#options.recordsLag) recorder.recordSince(CORRECTED_RTT, pings.dueNs, ticket);
    if (isOvertaken) recorder.count(OUT_OF_ORDER, 1);
  }

  /** Who answers something else is no echo. Of a stream nothing can be made out any more. */
  #hearNonsense(slot: number): void {
    if (this.#options.isStream) this.failed(slot, EPROTO);
    else this.#recorder.error(EPROTO);
  }

  #countLate(counter: number): void {
    if (this.#phase === 1) this.#recorder.count(counter, 1);
  }

  /** The connection has one ping less under way. */
  #free(slot: number, nowNs: number): void {
    this.#inFlight[slot]! -= 1;
    if (this.#options.thinkNs > 0) this.#turns.think(slot, nowNs + this.#options.thinkNs);
    else this.#turns.queue(slot, nowNs);
  }

  writable(slot: number): void {
    this.#turns.unblock(slot);
    if (this.#inFlight[slot]! < this.#options.depth) this.#turns.queue(slot, this.#clock.now());
  }

  undelivered(_slot: number, errno: number): void {
    this.#recorder.error(errno);
  }

  failed(slot: number, errno: number): void {
    if (!this.#turns.isUp(slot)) return;
    this.#turns.fall(slot);
    this.#engine.close(slot);
    this.#recorder.error(errno);
    this.#recorder.count(CONNECTIONS_LOST, 1);
    const pings = this.#pings;
    for (let ticket = pings.oldest; ticket !== NONE;) {
      const next = pings.after(ticket);
      if (pings.slot[ticket] === slot) this.#lose(ticket, PINGS_LOST);
      ticket = next;
    }
  }

  #lose(ticket: number, counter: number): void {
    const pings = this.#pings;
    pings.settle(ticket, LOST);
    if (pings.measured[ticket] === this.#phase) this.#recorder.count(counter, 1);
  }

  /** Gives up what has waited for too long. */
  #expire(nowNs: number): void {
    const pings = this.#pings;
    const isDrained = nowNs >= this.#drainEndNs;
    for (;;) {
      const ticket = pings.oldest;
      if (ticket === NONE) return;
      const isLate = nowNs >= pings.sentNs[ticket]! + this.#options.timeoutNs;
      if (!isLate && !isDrained) return;
      this.#lose(ticket, isLate ? PINGS_LOST : PINGS_ABORTED);
      this.#free(pings.slot[ticket]!, nowNs);
    }
  }
}
