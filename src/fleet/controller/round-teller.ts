/** Tells those who watch a run what its agents do: once a second, and when something happens to one. */
import type { MachineSecond, Notice, RoundPlace, RunContext } from '../../run/events.ts';
import { saidOfAgent } from '../../judge/agent-words.ts';
import { agentTold } from './agent-rounds.ts';
import { TIMES } from '../protocol.ts';
import type { Driven } from './drive.ts';
import type { Lanes } from './lanes.ts';
import type { Member } from './member.ts';
import { healthOf } from './sums.ts';
import { monotonicNs } from '../../runtime/clock.ts';

const TICKS_PER_TELL = 4;

/** A sentence about agents. */
interface Told {
  readonly level: Notice['level'];
  /** Of one agent, and of several. */
  readonly verbs: readonly [string, string];
  readonly names: string[];
}

export class RoundTeller {
  readonly #place: RoundPlace;
  readonly #members: readonly Member[];
  readonly #lanes: Lanes;
  readonly #emit: RunContext['emit'];
  readonly #health = new Map<Member, MachineSecond>();
  #ticks = 0;
  readonly #awaited = new Set<Member>();
  /** The agents of which something is to be told, by what: several are lost at one time where NATS is away. */
  readonly #untold = new Map<string, Told>();

  constructor(place: RoundPlace, members: readonly Member[], lanes: Lanes, emit: RunContext['emit']) {
    this.#place = place;
    this.#members = members;
    this.#lanes = lanes;
    this.#emit = emit;
  }

  health(member: Member, second: MachineSecond): void {
    // One that is early by a second must not hide the one before.
    if (this.#health.has(member)) this.#tellHealth();
    this.#health.set(member, second);
  }

  notice(member: Member, level: Notice['level'], text: string): void {
    this.#emit?.({ type: 'notice', level, text: `${member.name}: ${saidOfAgent(text)}` });
  }

  /** `isAwaited`: it may still tell what it did. */
  lost(member: Member, isAwaited: boolean): void {
    const next = isAwaited
      ? `waiting up to ${TIMES.collectMs / 1000} s for its reports (Ctrl-C ends the wait)`
      : 'what its share has due is missed';
    this.#gather(member, 'error', ['is', 'are'], `lost: ${member.why ?? ''}; ${next}`);
    if (isAwaited) this.#awaited.add(member);
    this.#tell(member);
  }

  /** A lost agent was waited for no longer, or is found. */
  settled(member: Member, isTold: boolean): void {
    if (!this.#awaited.delete(member)) return;
    if (isTold) this.#gather(member, 'info', ['has', 'have'], 'reported all that was done there');
    else {
      const text = 'not come back: what was done after the last report is not known, and counts as missed';
      this.#gather(member, 'warning', ['did', 'did'], text);
    }
    this.#tell(member);
  }

  #gather(member: Member, level: Notice['level'], verbs: Told['verbs'], text: string): void {
    const told = this.#untold.get(text) ?? { level, verbs, names: [] };
    told.names.push(member.name);
    this.#untold.set(text, told);
  }

  #tellGathered(): void {
    for (const [text, { level, verbs, names }] of this.#untold) {
      const who = names.length === 1 ? `agent ${names[0]!} ${verbs[0]}` : `agents ${names.join(', ')} ${verbs[1]}`;
      this.#emit?.({ type: 'notice', level, text: `${who} ${text}` });
    }
    this.#untold.clear();
  }

  /** Four times a second. */
  tick(): void {
    this.#tellGathered();
    if (this.#emit === undefined || this.#ticks++ % TICKS_PER_TELL !== 0) return;
    this.#tellHealth();
    for (const member of this.#members) this.#tell(member);
  }

  end({ results }: Driven): void {
    this.#tellGathered();
    this.#tellHealth();
    for (const member of this.#members) if (results.has(member)) this.#tell(member, 'ended');
  }

  #tell(member: Member, state: 'running' | 'ended' = 'running'): void {
    const errorNs = member.clock.at(monotonicNs())?.errorNs ?? 0;
    this.#emit?.(agentTold(this.#place, member, this.#lanes, state, errorNs));
  }

  #tellHealth(): void {
    const reading = healthOf(this.#health);
    this.#health.clear();
    if (reading !== null) this.#emit?.({ type: 'health', ...this.#place, ...reading });
  }
}
