/** How much of a round was due on an agent by a time: what it would have told, had it not been lost. Pure arithmetic. */
import { countOf, type Share } from '../../plan/fleet/share.ts';
import type { Schedule } from '../../schedule/schedule.ts';

export interface DueOptions {
  /** Null in closed loop, where nothing is due. */
  readonly schedule: Schedule | null;
  /** From the base of the round to the end of its warm-up. */
  readonly unmeasuredNs: number;
  readonly durationNs: number;
  /** Attempts that are measured, in place of a duration; null where the time counts. */
  readonly count: number | null;
}

/** The measured attempts of a round, numbered as the pacing threads number them. */
export class DueSlots {
  readonly #schedule: Schedule | null;
  readonly #unmeasuredNs: number;
  readonly #first: number;
  readonly #end: number;

  constructor({ schedule, unmeasuredNs, durationNs, count }: DueOptions) {
    this.#schedule = schedule;
    this.#unmeasuredNs = unmeasuredNs;
    this.#first = schedule?.countBefore(unmeasuredNs) ?? 0;
    this.#end = count === null ? (schedule?.countBefore(unmeasuredNs + durationNs) ?? 0) : this.#first + count;
  }

  /** Returns how many measured attempts of a share are due before `sinceNs`, counted from the end of the warm-up. */
  until(share: Share, sinceNs: number): number {
    if (this.#schedule === null || sinceNs <= 0) return 0;
    const due = Math.min(this.#end, this.#schedule.countBefore(this.#unmeasuredNs + sinceNs));
    return Math.max(0, countOf(share, due) - countOf(share, this.#first));
  }

  get isClosedLoop(): boolean {
    return this.#schedule === null;
  }

  /** Whether the schedule of the round has nothing for a share. */
  isEmptyFor(share: Share): boolean {
    return this.#schedule !== null && this.of(share) === 0;
  }

  /** Returns how many measured attempts a share has in all. */
  of(share: Share): number {
    return this.#schedule === null ? 0 : countOf(share, this.#end) - countOf(share, this.#first);
  }
}
