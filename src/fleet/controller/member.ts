/** An agent in a run, as its controller knows it. */
import type { Share } from '../../plan/fleet/share.ts';
import type { Description, Opened } from '../protocol.ts';
import { AgentClock } from './clock.ts';
import { Inbox } from './inbox.ts';

export class Member {
  readonly clock = new AgentClock();
  readonly inbox = new Inbox();
  readonly description: Description;
  readonly share: Share;
  /** Which part of the source ports is its own, where it shares an address with others. */
  readonly portsPart: { readonly index: number; readonly of: number };
  /** What it answered to `open`; null before. */
  opened: Opened | null = null;
  /** It may be held by the run: it was asked to open it, and did not refuse. */
  isHeld = false;
  /** When something of it was heard last, on `performance.now()`. */
  heardMs = performance.now();
  /** When a report of its counts came last, in the same way. */
  countedMs = 0;
  /** The bytes of its last sign of life in which it said that it has the run; null before. */
  said: Uint8Array | null = null;
  #why: string | null = null;
  #leftWhy: string | null = null;
  #lost!: Promise<void>;
  #tellLost!: () => void;

  constructor(description: Description, share: Share, portsPart: { readonly index: number; readonly of: number }) {
    this.description = description;
    this.share = share;
    this.portsPart = portsPart;
    this.#expectLoss();
  }

  #expectLoss(): void {
    this.#lost = new Promise((resolve) => (this.#tellLost = resolve));
  }

  get name(): string {
    return this.description.name;
  }

  /** Nothing that came before this time, or did not come, speaks against it. */
  hear(nowMs: number): void {
    this.heardMs = nowMs;
    this.countedMs = nowMs;
  }

  /** Whether a sign of life is the same as the last one that was read: it need not be read again. */
  saysSame(data: Uint8Array): boolean {
    return this.said !== null && Buffer.compare(this.said, data) === 0;
  }

  /** Why the agent is lost; null where it is there. */
  get why(): string | null {
    return this.#why;
  }

  get isLost(): boolean {
    return this.#why !== null;
  }

  /** Why the agent takes part in no further round, though nothing is missing of its last one; null where it does. */
  get leftWhy(): string | null {
    return this.#leftWhy;
  }

  lose(why: string): void {
    if (this.#why !== null) return;
    this.#why = why;
    this.#tellLost();
  }

  /** The agent did all of its part in a round, and cannot do more. */
  leave(why: string): void {
    this.#leftWhy ??= why;
  }

  /** The agent was thought to be lost, and has told the whole of its part after all. It was ordered to stop, so it has left. */
  find(): void {
    if (this.#why === null) return;
    this.leave(this.#why);
    this.#why = null;
    this.#expectLoss();
  }

  /** Resolves to what `waited` resolves to; to null where the agent is lost before. */
  orLost<T>(waited: Promise<T>): Promise<T | null> {
    return Promise.race([waited, this.#lost.then(() => null)]);
  }
}
