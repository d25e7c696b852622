/**
 * What a beat says was received. Every agent hears every beat, so that one which named all agents would grow with their square. A beat
 * names a part of them, in turn: an agent keeps its reports some seconds longer where there are many.
 */
import type { Member } from './member.ts';

/** How many agents a beat names: 1.5 KB. Fewer agents are named in every beat. */
const NAMED_MAX = 64;
/** The places for agents of which a report is missing, which send it again as soon as they hear of it. */
const MISSING_MAX = NAMED_MAX / 2;

export class Acknowledgements {
  readonly #members: readonly Member[];
  /** Where the next beat goes on. */
  #turn = 0;
  #missingTurn = 0;

  constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /** Returns what the next beat says: by agent, the number below which every report came. */
  next(): Record<string, number> {
    const named = new Set<Member>();
    const hasGap = ({ inbox }: Member): boolean => inbox.hasGap;
    this.#missingTurn = this.#name(named, this.#missingTurn, MISSING_MAX, hasGap);
    this.#turn = this.#name(named, this.#turn, NAMED_MAX - named.size, () => true);
    for (const { inbox } of named) if (inbox.hasGap) inbox.gapTold++;
    return Object.fromEntries([...named].map(({ name, inbox }) => [name, inbox.acknowledged]));
  }

  /** Names up to `most` others from a turn on. Returns the turn after them. */
  #name(named: Set<Member>, from: number, most: number, isWanted: (member: Member) => boolean): number {
    const members = this.#members;
    const size = named.size + most;
    for (let step = 0; step < members.length; step++) {
      if (named.size === size) return (from + step) % members.length;
      const member = members[(from + step) % members.length]!;
      if (isWanted(member)) named.add(member);
    }
    return from;
  }
}
