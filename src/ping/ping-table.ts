import { NONE, SlotList, createSlotLinks } from '../runtime/slot-list.ts';
import type { SlotLinks } from '../runtime/slot-list.ts';

/** What became of the last ping that had a ticket. */
export const UNUSED = 0;
export const WAITING = 1;
export const ANSWERED = 2;
export const LOST = 3;

/** Tickets go round: the more there are, the longer a late or a repeated reply is known for what it is. */
const TICKETS_MIN = 1024;

/**
 * The pings under way, one ticket each: one column a property, no object a ping. A ticket that is free again is used
 * last, and remembers until then what became of its ping.
 */
export class PingTable {
  readonly capacity: number;
  readonly state: Uint8Array;
  readonly slot: Int32Array;
  readonly sequence: Int32Array;
  readonly dueNs: Float64Array;
  readonly sentNs: Float64Array;
  /** 1 if it is part of the result, 0 in the warm-up. */
  readonly measured: Uint8Array;
  /** Waiting for their replies, oldest first. */
  readonly waiting: SlotList;
  readonly #links: SlotLinks;
  readonly #free: Int32Array;
  #freeHead = 0;
  #waitingCount = 0;

  constructor(pings: number) {
    const capacity = Math.max(TICKETS_MIN, pings);
    this.capacity = capacity;
    this.state = new Uint8Array(capacity);
    this.slot = new Int32Array(capacity);
    this.sequence = new Int32Array(capacity);
    this.dueNs = new Float64Array(capacity);
    this.sentNs = new Float64Array(capacity);
    this.measured = new Uint8Array(capacity);
    this.#links = createSlotLinks(capacity);
    this.waiting = new SlotList(this.#links);
    this.#free = Int32Array.from({ length: capacity }, (_, ticket) => ticket);
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** The ticket that `take` returns next. There must be one. */
  get next(): number {
    return this.#free[this.#freeHead]!;
  }

  /** A ticket for a ping that has been sent. */
  take(): number {
    const ticket = this.next;
    this.#freeHead = (this.#freeHead + 1) % this.capacity;
    this.#waitingCount++;
    this.state[ticket] = WAITING;
    this.waiting.push(ticket);
    return ticket;
  }

  /** The ping is ANSWERED or LOST; its ticket goes to the end of the free ones. */
  settle(ticket: number, state: number): void {
    this.state[ticket] = state;
    this.waiting.remove(ticket);
    this.#waitingCount--;
    const tail = (this.#freeHead + this.capacity - this.#waitingCount - 1) % this.capacity;
    this.#free[tail] = ticket;
  }

  /** The next waiting ping that was sent after `ticket`; NONE after the last. */
  after(ticket: number): number {
    return this.#links.next[ticket]!;
  }

  /** The one that has waited for longest, or NONE. */
  get oldest(): number {
    return this.waiting.head;
  }

  /** Whether any ping waits. */
  get isEmpty(): boolean {
    return this.waiting.head === NONE;
  }
}
