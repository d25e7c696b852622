/** Who is there from second to second, by the signs of life that agents publish. */
import type { ListedAgent } from '../document/fleet.ts';
import { listedAgent } from './agent-list.ts';
import type { Bus } from './bus/bus.ts';
import { SUBJECTS, TIMES } from './protocol.ts';
import { readDescription, rollCall, type Answered } from './roll-call.ts';

/** Watches agents come, go and work. */
export class AgentWatch {
  readonly #bus: Bus;
  readonly #nowMs: () => number;
  readonly #seen = new Map<string, { readonly answered: Answered; readonly atMs: number }>();
  #end: () => void = () => undefined;

  constructor(bus: Bus, nowMs: () => number = () => performance.now()) {
    this.#bus = bus;
    this.#nowMs = nowMs;
  }

  /** Listens from here on, and resolves when those who are there were asked. */
  async begin(): Promise<void> {
    this.#end = this.#bus.subscribe(SUBJECTS.alive('*'), ({ subject, data }) => {
      const answered = readDescription(data);
      // The permissions of the server bind the subject to the agent, not what the message says.
      if (answered !== null && subject === SUBJECTS.alive(answered.name)) this.#note(answered);
    });
    for (const answered of await rollCall(this.#bus)) this.#note(answered);
  }

  /** The agents that gave a sign of life within the last 3 s, by name. */
  agents(): ListedAgent[] {
    const now = this.#nowMs();
    for (const [name, { atMs }] of this.#seen) if (now - atMs > TIMES.silenceMs) this.#seen.delete(name);
    return [...this.#seen.values()]
      .map(({ answered }) => listedAgent(answered, null))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  end(): void {
    this.#end();
  }

  #note(answered: Answered): void {
    this.#seen.set(answered.name, { answered, atMs: this.#nowMs() });
  }
}
