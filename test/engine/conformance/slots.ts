/** Where a slot is in the order of events that the seam promises. */
export type SlotState = 'free' | 'opening' | 'open' | 'ended' | 'failed' | 'closed';

const ALLOWED_FROM: Readonly<Record<string, readonly SlotState[]>> = {
  connected: ['opening'],
  accepted: ['free'],
  sent: ['open', 'ended'],
  flushed: ['open', 'ended'],
  received: ['open'],
  ended: ['open'],
  // What is still being sent, or is only held, can fail after the end.
  failed: ['opening', 'open', 'ended'],
  released: ['closed'],
};

const NEXT: Readonly<Record<string, SlotState>> = {
  connected: 'open',
  accepted: 'open',
  ended: 'ended',
  failed: 'failed',
  released: 'free',
};

/** Checks every event against the order promised in `src/engine/seam/engine.ts` and keeps what was out of order. */
export class SlotStates {
  readonly violations: string[] = [];
  readonly states: SlotState[];

  constructor(capacity: number) {
    this.states = new Array<SlotState>(capacity).fill('free');
  }

  /** An event that the engine reported. */
  hear(slot: number, event: string, value?: number): void {
    const state = this.states[slot];
    if (state === undefined) {
      this.violations.push(`${event} for slot ${slot}, which does not exist`);
      return;
    }
    if (!ALLOWED_FROM[event]!.includes(state)) this.violations.push(`${event} for slot ${slot}, which is ${state}`);
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      this.violations.push(`${event} for slot ${slot} with ${value}`);
    }
    this.states[slot] = NEXT[event] ?? state;
  }

  /** Something that the driver did. */
  set(slot: number, state: SlotState): void {
    this.states[slot] = state;
  }

  count(...states: SlotState[]): number {
    return this.states.filter((state) => states.includes(state)).length;
  }
}
