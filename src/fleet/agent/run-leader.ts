/** Leads the rounds of a session on behalf of the controller. */
import type { Bank } from '../../count/bank.ts';
import type { Counted, RoundLeader } from '../../client/leader.ts';
import type { RoundPlace } from '../../run/events.ts';

export interface LeaderHooks {
  /** The workers are ready for the round, and wait for its begin. */
  onReady(place: RoundPlace): void;
  /** Valid during the call. */
  onBank(of: Counted, bank: Bank, worker: number, measureNs: number): void;
  onStage(stage: number): void;
}

interface Waiting {
  resolve(timeNs: bigint): void;
  reject(error: Error): void;
}

export class RunLeader implements RoundLeader {
  readonly #hooks: LeaderHooks;
  #begin: Waiting | null = null;
  #stage: (Waiting & { readonly stage: number }) | null = null;

  constructor(hooks: LeaderHooks) {
    this.#hooks = hooks;
  }

  /** Whether workers are ready, and wait for the begin of their round. */
  get isReady(): boolean {
    return this.#begin !== null;
  }

  beginAt(place: RoundPlace): Promise<bigint> {
    const begun = new Promise<bigint>((resolve, reject) => {
      this.#begin = { resolve, reject };
    });
    this.#hooks.onReady(place);
    return begun;
  }

  onBank(of: Counted, bank: Bank, worker: number, measureNs: number): void {
    this.#hooks.onBank(of, bank, worker, measureNs);
  }

  afterStage(stage: number): Promise<bigint> {
    const begun = new Promise<bigint>((resolve, reject) => {
      this.#stage = { stage, resolve, reject };
    });
    this.#hooks.onStage(stage);
    return begun;
  }

  /** Begins the round that waits, at a time of CLOCK_MONOTONIC. */
  begin(baseNs: bigint): void {
    const waiting = this.#begin;
    this.#begin = null;
    waiting?.resolve(baseNs);
  }

  /** Returns whether the stage was waited for. */
  beginAfter(stage: number, beginNs: bigint): boolean {
    if (this.#stage?.stage !== stage) return false;
    const waiting = this.#stage;
    this.#stage = null;
    waiting.resolve(beginNs);
    return true;
  }

  /** What waits is not to be. */
  giveUp(why: string): void {
    const waiting = [this.#begin, this.#stage];
    this.#begin = null;
    this.#stage = null;
    for (const each of waiting) each?.reject(new Error(why));
  }
}
