/** An end of a list. */
export const NONE = -1;

/** Links for lists over slots; a slot is in one list at a time. Memory is touched only as slots come into use. */
export interface SlotLinks {
  readonly next: Int32Array;
  readonly previous: Int32Array;
}

export function createSlotLinks(capacity: number): SlotLinks {
  return { next: new Int32Array(capacity), previous: new Int32Array(capacity) };
}

/** A doubly linked list of slots in typed arrays. Appended in time order, its head is the next to be due. */
export class SlotList {
  readonly #links: SlotLinks;
  head = NONE;
  #tail = NONE;

  constructor(links: SlotLinks) {
    this.#links = links;
  }

  push(slot: number): void {
    const { next, previous } = this.#links;
    next[slot] = NONE;
    previous[slot] = this.#tail;
    if (this.#tail === NONE) this.head = slot;
    else next[this.#tail] = slot;
    this.#tail = slot;
  }

  remove(slot: number): void {
    const { next, previous } = this.#links;
    const after = next[slot]!;
    const before = previous[slot]!;
    if (before === NONE) this.head = after;
    else next[before] = after;
    if (after === NONE) this.#tail = before;
    else previous[after] = before;
  }
}
