/**
 * The banks of all agents, given to the round that one machine's banks are given to. Each worker of each agent is a worker of the round.
 * What a lost agent cannot tell any more is put in its place.
 */
import { END_NS, WARMUP, emptyBank, type Bank } from '../../count/bank.ts';
import { LOAD_BANK, MISSED, SCHEDULED, SCHEDULE_LAG, STARTED } from '../../count/load.ts';
import {
  PING_BANK,
  PING_LAG,
  PINGS_ABORTED,
  PINGS_DUE,
  PINGS_LOST,
  PINGS_MISSED,
  PINGS_RECEIVED,
  PINGS_SENT,
} from '../../count/ping.ts';
import type { NamedLayout } from '../../count/tally.ts';
import { ABORTED } from '../../document/outcome.ts';
import { decodeBank, makeReceivedBank, type ReceivedBank } from '../bank-code.ts';
import type { DueSlots } from './due.ts';
import { LagCounts } from './lag-counts.ts';
import type { Member } from './member.ts';

/** What takes the banks: a `LoadRound` or a `PingRound`. */
export interface BankTaker {
  add(bank: Bank, worker: number): void;
  leaveOut(worker: number): void;
}

/** What is counted in banks of a kind, as far as it must be known here. */
export interface LaneKind {
  readonly layout: NamedLayout<string>;
  readonly scheduled: number;
  readonly started: number;
  readonly missed: number;
  readonly lagClock: number;
  /** What was started in a bank, less what ended in it. */
  unresolved(bank: Bank): number;
  /** Says in an empty bank that so many ended, and how is not known. */
  abort(bank: Bank, count: number): void;
}

export const LOAD_LANES: LaneKind = {
  layout: LOAD_BANK,
  scheduled: SCHEDULED,
  started: STARTED,
  missed: MISSED,
  lagClock: SCHEDULE_LAG,
  unresolved: ({ counters, outcomes }) => counters[STARTED]! - outcomes.reduce((sum, count) => sum + count, 0),
  abort: ({ outcomes }, count) => {
    outcomes[ABORTED] = count;
  },
};

export const PING_LANES: LaneKind = {
  layout: PING_BANK,
  scheduled: PINGS_DUE,
  started: PINGS_SENT,
  missed: PINGS_MISSED,
  lagClock: PING_LAG,
  unresolved: ({ counters }) =>
    counters[PINGS_SENT]! - counters[PINGS_RECEIVED]! - counters[PINGS_LOST]! - counters[PINGS_ABORTED]!,
  abort: ({ counters }, count) => {
    counters[PINGS_ABORTED] = count;
  },
};

/** What one agent counted in a round so far, without its warm-up. */
export interface AgentCounts {
  scheduled: number;
  started: number;
  missed: number;
  /** What was due and it did not start, or did not report, because it was lost. Part of `missed`. */
  lost: number;
  /** The part of `lost` that it may have started: it has not told all that it did. */
  unreported: number;
  readonly lag: LagCounts;
  readonly errnos: Map<number, number>;
}

interface Lane {
  readonly first: number;
  readonly workers: number;
  readonly counts: AgentCounts;
  /** Started and without an end so far, by worker. */
  readonly unresolved: Float64Array;
  /** The end of the last bank, by worker, since the end of the warm-up. */
  readonly reachedNs: Float64Array;
  /** Up to where a lost agent's part was put in its place; null where nothing is. */
  lostToNs: number | null;
  /** A lost agent has told all that it did. */
  isTold: boolean;
}

export interface LanesOptions {
  readonly kind: LaneKind;
  readonly members: readonly Member[];
  /** How many threads of an agent hand over such banks. */
  readonly workersOf: (member: Member) => number;
  /** Null where a lost agent's share is not to be told: nothing is due, or it is not counted. */
  readonly due: DueSlots | null;
  /** From the base of the round to the end of its warm-up. */
  readonly unmeasuredNs: number;
  readonly durationNs: number;
}

export class Lanes {
  readonly workers: number;
  readonly #o: LanesOptions;
  readonly #lanes = new Map<Member, Lane>();
  readonly #scratch: ReceivedBank;
  #taker: BankTaker | null = null;

  constructor(options: LanesOptions) {
    this.#o = options;
    this.#scratch = makeReceivedBank(options.kind.layout);
    let first = 0;
    for (const member of options.members) {
      const workers = options.workersOf(member);
      const sums = { scheduled: 0, started: 0, missed: 0, lost: 0, unreported: 0 };
      const counts = { ...sums, lag: new LagCounts(), errnos: new Map() };
      const reachedNs = new Float64Array(workers).fill(-options.unmeasuredNs);
      const unresolved = new Float64Array(workers);
      this.#lanes.set(member, { first, workers, counts, unresolved, reachedNs, lostToNs: null, isTold: false });
      first += workers;
    }
    this.workers = first;
  }

  /** Who takes the banks; given before the first of them. */
  give(taker: BankTaker): void {
    this.#taker = taker;
  }

  countsOf(member: Member): AgentCounts {
    return this.#lanes.get(member)!.counts;
  }

  /** The member whose thread a worker of the round is. */
  memberOf(worker: number): Member {
    for (const [member, { first, workers }] of this.#lanes)
      if (worker >= first && worker < first + workers) return member;
    throw new RangeError(`there is no worker ${worker}`);
  }

  /** The first worker of an agent in the round. */
  firstOf(member: Member): number {
    return this.#lanes.get(member)!.first;
  }

  /** Up to where all threads of an agent have reported, in ns since the end of the warm-up. */
  reachedNs(member: Member): number {
    return Math.min(...this.#lanes.get(member)!.reachedNs);
  }

  /** Takes an encoded bank. Returns false where it is none. */
  take(member: Member, worker: number, body: Uint8Array): boolean {
    const lane = this.#lanes.get(member)!;
    const { kind } = this.#o;
    const bank = this.#scratch;
    if (worker >= lane.workers || !decodeBank(body, kind.layout, bank)) return false;
    const { counters } = bank;
    if (counters[WARMUP] !== 1) {
      lane.counts.scheduled += counters[kind.scheduled]!;
      lane.counts.started += counters[kind.started]!;
      lane.counts.missed += counters[kind.missed]!;
      lane.counts.lag.add(bank.counts[kind.lagClock]!, bank.stats[kind.lagClock]!, bank.filled[kind.lagClock]!);
      lane.unresolved[worker]! += kind.unresolved(bank);
      for (const [errno, count] of bank.errnos.entries()) {
        if (count > 0) lane.counts.errnos.set(errno, (lane.counts.errnos.get(errno) ?? 0) + count);
      }
    }
    lane.reachedNs[worker] = counters[END_NS]!;
    this.#taker!.add(bank, lane.first + worker);
    return true;
  }

  /** Whether nothing was due on an agent in all of the round. */
  hasNothing({ share }: Member): boolean {
    return this.#o.due?.isEmptyFor(share) === true;
  }

  /** The agent has told all. `scheduled`: how much it says was due there. What of that is in none of its banks is missed, as far as is known. */
  end(member: Member, scheduled = 0): void {
    const lane = this.#lanes.get(member)!;
    const { first, workers } = lane;
    this.#addUntold(lane, member, scheduled);
    for (let worker = 0; worker < workers; worker++) this.#taker!.leaveOut(first + worker);
  }

  /** Makes up for banks that did not come: attempts that began in them and ended later, that ended in them, and that are only known to have been due. */
  #addUntold(lane: Lane, member: Member, scheduled: number): void {
    const { due, durationNs, kind } = this.#o;
    const { counts, workers, unresolved } = lane;
    if (workers === 0) return;
    const most = due === null || due.isClosedLoop ? scheduled : Math.min(scheduled, due.of(member.share));
    const ended = unresolved.reduce((sum, count) => sum + Math.max(0, count), 0);
    const begun = unresolved.reduce((sum, count) => sum + Math.max(0, -count), 0);
    const missed = Math.max(0, most - counts.scheduled - begun);
    if (ended + begun + missed === 0) return;
    const atNs = Math.max(0, Math.min(durationNs, this.reachedNs(member)));
    const bank = emptyBank(kind.layout, atNs, atNs);
    bank.counters[kind.scheduled] = begun;
    bank.counters[kind.started] = begun;
    kind.abort(bank, ended);
    counts.scheduled += begun;
    counts.started += begun;
    this.#taker!.add(bank, lane.first);
    if (missed > 0) this.#addMissed(lane, missed, atNs, atNs);
  }

  /**
   * The agent is lost, and tells no more: how that ended which it started and did not tell of is unknown. What it had due follows with
   * `fillLost`. `isTold`: it has told all that it did.
   */
  lose(member: Member, isTold: boolean): void {
    const lane = this.#lanes.get(member)!;
    lane.isTold = isTold;
    // The first thread stands for all of them from here on, from where it is.
    const atNs = lane.reachedNs[0] ?? 0;
    lane.lostToNs = atNs;
    let count = 0;
    for (let worker = 0; worker < lane.workers; worker++) count += lane.unresolved[worker]!;
    for (let worker = 1; worker < lane.workers; worker++) this.#taker!.leaveOut(lane.first + worker);
    if (lane.workers === 0) return;
    const bank = emptyBank(this.#o.kind.layout, Math.max(0, atNs), Math.max(0, atNs));
    this.#o.kind.abort(bank, count);
    // Before the end of the warm-up nothing can have been started that counts.
    if (count > 0) this.#taker!.add(bank, lane.first);
  }

  /**
   * Puts what a lost agent had due by `nowNs`, since the end of the warm-up, in its place: missed, in the seconds in which it was due.
   * Nothing for an agent of which `lose` was not told.
   */
  fillLost(member: Member, nowNs: number, isEnd: boolean): void {
    const lane = this.#lanes.get(member)!;
    const { durationNs } = this.#o;
    if (lane.workers === 0 || lane.lostToNs === null) return;
    const endNs = Math.min(nowNs, durationNs);
    while (lane.lostToNs < endNs) {
      const startNs: number = lane.lostToNs;
      const nextNs = (Math.floor(startNs / 1e9) + 1) * 1e9;
      if (nextNs > endNs && !isEnd) return;
      const toNs = Math.min(nextNs, endNs);
      lane.lostToNs = toNs;
      this.#addLost(lane, this.#untold(lane, member, toNs), startNs, toNs);
    }
    if (!isEnd) return;
    // One that stopped early and waited for what was open has reported past the end, without what was due after its stop.
    const untold = this.#untold(lane, member, endNs);
    if (untold > 0) this.#addLost(lane, untold, lane.lostToNs, lane.lostToNs);
    this.#taker!.leaveOut(lane.first);
  }

  /** What a member had due before `untilNs` and is in no bank of it. */
  #untold({ counts }: Lane, { share }: Member, untilNs: number): number {
    return Math.max(0, (this.#o.due?.until(share, untilNs) ?? 0) - counts.scheduled);
  }

  #addLost(lane: Lane, missed: number, startNs: number, endNs: number): void {
    lane.counts.lost += missed;
    if (!lane.isTold) lane.counts.unreported += missed;
    this.#addMissed(lane, missed, startNs, endNs);
  }

  /** Adds a bank of what is untold as missed. */
  #addMissed(lane: Lane, missed: number, startNs: number, endNs: number): void {
    const { kind } = this.#o;
    const bank = emptyBank(kind.layout, startNs, endNs);
    bank.counters[WARMUP] = startNs < 0 ? 1 : 0;
    bank.counters[kind.scheduled] = missed;
    bank.counters[kind.missed] = missed;
    lane.counts.scheduled += missed;
    lane.counts.missed += missed;
    this.#taker!.add(bank, lane.first);
  }
}
