/** Tells those who watch a run what its agents do: once a second, and when something happens to one. */
import type { MachineSecond, Notice, RoundPlace, RunContext } from '../../run/events.ts';
import { agentTold } from './agent-rounds.ts';
import type { Driven } from './drive.ts';
import type { Lanes } from './lanes.ts';
import type { Member } from './member.ts';
import { healthOf } from './sums.ts';
import { monotonicNs } from '../../runtime/clock.ts';

const TICKS_PER_TELL = 4;

export class RoundTeller {
  readonly #place: RoundPlace;
  readonly #members: readonly Member[];
  readonly #lanes: Lanes;
  readonly #emit: RunContext['emit'];
  readonly #health = new Map<Member, MachineSecond>();
  #ticks = 0;

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
    this.#emit?.({ type: 'notice', level, text: `${member.name}: ${text}` });
  }

  lost(member: Member): void {
    const text = `agent ${member.name} is lost: ${member.why ?? ''}; what its share has due is missed`;
    this.#emit?.({ type: 'notice', level: 'error', text });
    this.#tell(member);
  }

  /** Four times a second. */
  tick(): void {
    if (this.#emit === undefined || this.#ticks++ % TICKS_PER_TELL !== 0) return;
    this.#tellHealth();
    for (const member of this.#members) this.#tell(member);
  }

  end({ results }: Driven): void {
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
