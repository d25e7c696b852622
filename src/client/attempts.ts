import { SlotList, createSlotLinks } from '../runtime/slot-list.ts';

/** What a slot's attempt is doing. */
export const IDLE = 0;
export const CONNECTING = 1;
export const EXCHANGING = 2;
/** The exchange is complete; the connection stays open for `--hold`. */
export const HOLDING = 3;
/** Closed, not yet released by the engine. */
export const CLOSING = 4;
/** Closed because its source port was taken; opened again with another when released. */
export const RETRYING = 5;
/** Established, and its exchange is still to begin (a round in stages). */
export const WAITING = 6;
/** The response is whole and is being kept; in the second state the peer has also ended the connection. */
export const KEEPING = 7;
export const KEEPING_ALONE = 8;

/** Whether its close leaves the 4-tuple in TIME_WAIT on this machine: not known before the close. */
export const UNDECIDED = 0;
export const TIME_WAIT = 1;
export const NO_TIME_WAIT = 2;

/**
 * The table of what is in flight: one column a property, one row a slot, nothing made or freed for an attempt. About 70 bytes a
 * slot.
 */
export class AttemptTable {
  readonly capacity: number;
  readonly state: Uint8Array;
  /** Intended and actual start, in ns on the run's clock. */
  readonly dueNs: Float64Array;
  readonly startNs: Float64Array;
  /** When the slot was last released, or the hold of its connection began. */
  readonly sinceNs: Float64Array;
  readonly sentBytes: Float64Array;
  readonly receivedBytes: Float64Array;
  readonly source: Int32Array;
  readonly port: Uint16Array;
  /** Ports tried for this attempt. */
  readonly tries: Uint8Array;
  readonly timeWait: Uint8Array;
  /** 1 if part of the measured phase, 0 if of the warm-up. */
  readonly measured: Uint8Array;
  /** Started and unfinished, oldest first: all have the same timeout. */
  readonly unfinished: SlotList;
  /** Attempts without a first byte, where that has a timeout of its own, in the same order. */
  readonly unanswered: SlotList;
  /** Held, oldest first: all are held equally long. */
  readonly held: SlotList;
  /** Established, their exchange still to begin, oldest first. */
  readonly waiting: SlotList;
  readonly #free: Int32Array;
  #freeCount: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.state = new Uint8Array(capacity);
    this.dueNs = new Float64Array(capacity);
    this.startNs = new Float64Array(capacity);
    this.sinceNs = new Float64Array(capacity);
    this.sentBytes = new Float64Array(capacity);
    this.receivedBytes = new Float64Array(capacity);
    this.source = new Int32Array(capacity);
    this.port = new Uint16Array(capacity);
    this.tries = new Uint8Array(capacity);
    this.timeWait = new Uint8Array(capacity);
    this.measured = new Uint8Array(capacity);
    const links = createSlotLinks(capacity);
    this.unfinished = new SlotList(links);
    this.held = new SlotList(links);
    this.waiting = new SlotList(links);
    this.unanswered = new SlotList(createSlotLinks(capacity));
    this.#free = Int32Array.from({ length: capacity }, (_, index) => capacity - 1 - index);
    this.#freeCount = capacity;
  }

  /** Slots in use. */
  get open(): number {
    return this.capacity - this.#freeCount;
  }

  get isFull(): boolean {
    return this.#freeCount === 0;
  }

  /** The slot released last, for its warm cache lines; there must be one. */
  take(): number {
    return this.#free[--this.#freeCount]!;
  }

  give(slot: number): void {
    this.state[slot] = IDLE;
    this.#free[this.#freeCount++] = slot;
  }
}
