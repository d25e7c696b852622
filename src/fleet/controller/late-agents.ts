/** Lost agents of a round that may still tell what they did: who is waited for, and until when. */
import { TIMES } from '../protocol.ts';
import type { Member } from './member.ts';
import { RECONNECT_MS } from './requests.ts';

/** NATS tells soon when a process is gone. An agent whose connection broke has as long to come back. */
const ABSENT_MS = 3000;
const ASK_MS = 1000;
/** Draining takes seconds. An agent that says for longer that it ends its part does not end it. */
const LONGEST_MS = 120_000;

export interface LateAgentsOptions {
  /** Whether anything listens at NATS in the agent's name. */
  readonly isThere: (member: Member) => Promise<boolean>;
  /** For tests. */
  readonly nowMs?: () => number;
}

interface Awaited {
  readonly lostMs: number;
  /** When it was heard last that the agent is still ending its part. */
  sinceMs: number;
  /** Since when it is known that nothing listens in its name; null where something may. */
  absentMs: number | null;
  askedMs: number;
}

export class LateAgents {
  readonly #o: LateAgentsOptions;
  readonly #nowMs: () => number;
  readonly #awaited = new Map<Member, Awaited>();

  constructor(options: LateAgentsOptions) {
    this.#o = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  get members(): readonly Member[] {
    return [...this.#awaited.keys()];
  }

  has(member: Member): boolean {
    return this.#awaited.has(member);
  }

  add(member: Member): void {
    const nowMs = this.#nowMs();
    this.#awaited.set(member, { lostMs: nowMs, sinceMs: nowMs, absentMs: null, askedMs: nowMs });
  }

  /** Returns whether it was waited for. */
  delete(member: Member): boolean {
    return this.#awaited.delete(member);
  }

  /** The agent lives and ends its part: it is waited for as long as that takes, but not without end. */
  heard(member: Member): void {
    const awaited = this.#awaited.get(member);
    if (awaited !== undefined) awaited.sinceMs = this.#nowMs();
  }

  /** Returns those that nothing is to be expected of any more. `connectedMs`: for how long there is a connection to NATS; null without one. */
  givenUp(connectedMs: number | null): Member[] {
    const nowMs = this.#nowMs();
    // Agents connect again later than this controller.
    const isSettled = connectedMs !== null && connectedMs > RECONNECT_MS;
    return [...this.#awaited].flatMap(([member, awaited]) => {
      if (!isSettled) awaited.absentMs = null;
      else if (nowMs - awaited.askedMs > ASK_MS) this.#ask(member, awaited);
      const isAbsent = awaited.absentMs !== null && nowMs - awaited.absentMs > ABSENT_MS;
      const isLong = nowMs - awaited.sinceMs > TIMES.collectMs || nowMs - awaited.lostMs > LONGEST_MS;
      return isAbsent || isLong ? [member] : [];
    });
  }

  #ask(member: Member, awaited: Awaited): void {
    awaited.askedMs = this.#nowMs();
    void this.#o.isThere(member).then((isThere) => {
      awaited.absentMs = isThere ? null : (awaited.absentMs ?? this.#nowMs());
    });
  }
}
