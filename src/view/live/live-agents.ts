/** What a live view knows of the agents of a fleet. */
import type { AgentTold } from '../../run/events.ts';
import { formatCount, formatCountOf, formatLatency } from '../../units/format.ts';

export class LiveAgents {
  readonly #byName = new Map<string, AgentTold>();

  on(event: AgentTold): void {
    this.#byName.set(event.agent, event);
  }

  get count(): number {
    return this.#byName.size;
  }

  /** Those that need a look first: lost ones, then those that start latest. */
  get worstFirst(): AgentTold[] {
    return [...this.#byName.values()].toSorted(
      (a, b) => Number(b.state === 'lost') - Number(a.state === 'lost') || b.lagP99Ns - a.lagP99Ns,
    );
  }

  get lost(): AgentTold[] {
    return [...this.#byName.values()].filter(({ state }) => state === 'lost');
  }

  /** The clocks of two agents are apart by at most the sum of their bounds. */
  get apartAtMostNs(): number {
    const [first = 0, second = 0] = [...this.#byName.values()]
      .map((each) => each.clockErrorNs)
      .toSorted((a, b) => b - a);
    return first + second;
  }

  /** `agents 3, lag p99 up to 90.2 µs (b)`, `agents 2 of 3, lost c`; empty where one machine measures. The lag is that of the round so far. */
  get text(): string {
    if (this.count === 0) return '';
    const { lost } = this;
    const there =
      lost.length === 0
        ? formatCount(this.count)
        : `${formatCount(this.count - lost.length)} of ${formatCount(this.count)}`;
    const [latest] = this.worstFirst.filter(({ state, started }) => state !== 'lost' && started > 0);
    const lag =
      latest === undefined || this.count < 2
        ? ''
        : `, lag p99 up to ${formatLatency(latest.lagP99Ns)} (${latest.agent})`;
    const [first] = lost;
    const gone =
      first === undefined ? '' : `, lost ${lost.length === 1 ? first.agent : formatCountOf(lost.length, 'agent')}`;
    return `agents ${there}${gone}${lag}`;
  }
}
