/** Who leads the rounds of a session from outside: the agent of a fleet does, on behalf of its controller. */
import type { Bank } from '../count/bank.ts';
import type { RoundPlace } from '../run/events.ts';

/** What a bank counted: connections (`LOAD_BANK`), or the pings of a probe or of a run of round trips (`PING_BANK`). */
export type Counted = 'connections' | 'pings';

/** A session with a leader begins its rounds when the leader says, and tells it all that is counted. */
export interface RoundLeader {
  /**
   * Asked when everything is ready for a round. Resolves to its base, in ns of CLOCK_MONOTONIC: the warm-up, or the ramp up before it,
   * begins then. Rejects where the round is not to be.
   */
  beginAt(place: RoundPlace): Promise<bigint>;
  /** Told every bank, those of the warm-up included, before it is given back. Valid during the call. `measureNs`: the end of the warm-up, on the clock of the bank. */
  onBank(of: Counted, bank: Bank, worker: number, measureNs: number): void;
  /** A round in stages: all workers here have ended one. Resolves to when the next begins, in ns of CLOCK_MONOTONIC. */
  afterStage(stage: number): Promise<bigint>;
}
