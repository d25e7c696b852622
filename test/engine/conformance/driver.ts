import { KERNEL_PORT, KERNEL_SOURCE } from '../../../src/engine/seam/engine.ts';
import type { ClientDriver, ClientEngine, ServerDriver, ServerEngine } from '../../../src/engine/seam/engine.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { SlotStates } from './slots.ts';

/** How often a run looks at its peers when nothing is reported. */
const POLL_NS = 5e6;
/** A run that takes longer is broken, also on a busy machine; tests never wait for this otherwise. */
const WATCHDOG_NS = 60e9;

export interface RecordedEvent {
  readonly event: string;
  readonly slot: number;
  readonly value: number;
}

/** What both recorders do: check the order, count, keep the events of short runs. */
class Recorder {
  readonly slots: SlotStates;
  readonly events: RecordedEvent[] = [];
  readonly sentBytes: number[];
  readonly receivedBytes: number[];
  readonly totals = {
    connected: 0,
    accepted: 0,
    sent: 0,
    received: 0,
    flushed: 0,
    ended: 0,
    failed: 0,
    released: 0,
  };
  timedOut = false;
  deadlineNs = 0;
  readonly clock: Clock;
  readonly #startNs: number;

  constructor(capacity: number, clock: Clock) {
    this.slots = new SlotStates(capacity);
    this.sentBytes = new Array<number>(capacity).fill(0);
    this.receivedBytes = new Array<number>(capacity).fill(0);
    this.clock = clock;
    this.#startNs = clock.now();
  }

  protected hear(event: keyof Recorder['totals'], slot: number, value?: number): void {
    this.slots.hear(slot, event, value);
    this.totals[event] += event === 'sent' || event === 'received' ? value! : 1;
    if (event === 'sent') this.sentBytes[slot]! += value!;
    if (event === 'received') this.receivedBytes[slot]! += value!;
    if (event === 'connected' || event === 'accepted') this.sentBytes[slot] = this.receivedBytes[slot] = 0;
    if (this.events.length < 10_000) this.events.push({ event, slot, value: value ?? 0 });
  }

  /** Looks again soon. False if the run takes too long. */
  protected goOn(): boolean {
    const nowNs = this.clock.now();
    this.deadlineNs = nowNs + POLL_NS;
    this.timedOut = nowNs - this.#startNs >= WATCHDOG_NS;
    return !this.timedOut;
  }

  /** The events in order, without those that may come any number of times. */
  milestones(slot: number): string[] {
    const repeated = ['sent', 'received', 'flushed'];
    return this.events.filter((entry) => entry.slot === slot && !repeated.includes(entry.event)).map((e) => e.event);
  }

  /** The errno of every `failed`, in order. */
  errnos(): number[] {
    return this.events.filter(({ event }) => event === 'failed').map(({ value }) => value);
  }
}

/** What a test does at each event. Ended and failed connections are closed unless it says otherwise. */
export interface ClientScript {
  /** At each step. True ends the run; without it the run ends when no slot is in use. */
  step?(run: ClientRun): boolean;
  connected?(run: ClientRun, slot: number): void;
  sent?(run: ClientRun, slot: number, bytes: number): void;
  received?(run: ClientRun, slot: number, bytes: number): void;
  ended?(run: ClientRun, slot: number): void;
  failed?(run: ClientRun, slot: number, errno: number): void;
  released?(run: ClientRun, slot: number): void;
}

/** A client driver that follows a script and asserts the order of events. */
export class ClientRun extends Recorder implements ClientDriver {
  readonly engine: ClientEngine;
  readonly #script: ClientScript;
  readonly #anySource: (source: number) => [source: number, port: number];

  /** `anySource`: where a connection comes from whose port the test does not name. */
  constructor(
    engine: ClientEngine,
    capacity: number,
    clock: Clock,
    script: ClientScript,
    anySource: (source: number) => [source: number, port: number],
  ) {
    super(capacity, clock);
    this.engine = engine;
    this.#script = script;
    this.#anySource = anySource;
  }

  open(slot: number, source = KERNEL_SOURCE, port = KERNEL_PORT): number {
    const state = this.slots.states[slot]!;
    if (state !== 'free') throw new Error(`the test opens slot ${slot}, which is ${state}`);
    this.slots.set(slot, 'opening');
    const errno = this.engine.open(
      slot,
      ...(port === KERNEL_PORT ? this.#anySource(source) : ([source, port] as const)),
    );
    if (errno !== 0) this.slots.set(slot, 'free');
    return errno;
  }

  close(slot: number, reset = false): void {
    this.slots.set(slot, 'closed');
    this.engine.close(slot, reset);
  }

  step(): boolean {
    const over = this.#script.step ? this.#script.step(this) : this.slots.count('free') === this.slots.states.length;
    return !over && this.goOn();
  }

  connected(slot: number): void {
    this.hear('connected', slot);
    this.#script.connected?.(this, slot);
  }

  sent(slot: number, bytes: number): void {
    this.hear('sent', slot, bytes);
    this.#script.sent?.(this, slot, bytes);
  }

  received(slot: number, bytes: number): void {
    this.hear('received', slot, bytes);
    this.#script.received?.(this, slot, bytes);
  }

  ended(slot: number): void {
    this.hear('ended', slot);
    if (this.#script.ended) this.#script.ended(this, slot);
    else this.close(slot);
  }

  failed(slot: number, errno: number): void {
    this.hear('failed', slot, errno);
    if (this.#script.failed) this.#script.failed(this, slot, errno);
    else this.close(slot);
  }

  released(slot: number): void {
    this.hear('released', slot);
    this.#script.released?.(this, slot);
  }
}

/** What a test does at each event of a server. Ended and failed connections are closed unless it says otherwise. */
export interface ServerScript {
  /** At each step. True ends the run. */
  step(run: ServerRun): boolean;
  admits?(run: ServerRun): boolean;
  accepted?(run: ServerRun, slot: number): void;
  received?(run: ServerRun, slot: number, bytes: number): void;
  sent?(run: ServerRun, slot: number, bytes: number): void;
  flushed?(run: ServerRun, slot: number): void;
  ended?(run: ServerRun, slot: number): void;
  failed?(run: ServerRun, slot: number, errno: number): void;
}

/** A server driver that follows a script and asserts the order of events. */
export class ServerRun extends Recorder implements ServerDriver {
  readonly engine: ServerEngine;
  readonly acceptErrnos: number[] = [];
  readonly #script: ServerScript;

  constructor(engine: ServerEngine, capacity: number, clock: Clock, script: ServerScript) {
    super(capacity, clock);
    this.engine = engine;
    this.#script = script;
  }

  close(slot: number, reset = false): void {
    this.slots.set(slot, 'closed');
    this.engine.close(slot, reset);
  }

  step(): boolean {
    return !this.#script.step(this) && this.goOn();
  }

  admits(): boolean {
    return this.#script.admits?.(this) ?? true;
  }

  accepted(slot: number): void {
    this.hear('accepted', slot);
    this.#script.accepted?.(this, slot);
  }

  received(slot: number, bytes: number): void {
    this.hear('received', slot, bytes);
    this.#script.received?.(this, slot, bytes);
  }

  sent(slot: number, bytes: number): void {
    this.hear('sent', slot, bytes);
    this.#script.sent?.(this, slot, bytes);
  }

  flushed(slot: number): void {
    this.hear('flushed', slot);
    this.#script.flushed?.(this, slot);
  }

  ended(slot: number): void {
    this.hear('ended', slot);
    if (this.#script.ended) this.#script.ended(this, slot);
    else this.close(slot);
  }

  failed(slot: number, errno: number): void {
    this.hear('failed', slot, errno);
    if (this.#script.failed) this.#script.failed(this, slot, errno);
    else this.close(slot);
  }

  released(slot: number): void {
    this.hear('released', slot);
  }

  acceptFailed(errno: number): void {
    this.acceptErrnos.push(errno);
  }
}
