/** Simulated targets: what a trial of a rate and a length would show, without a clock or a socket. */
import { answersSoFar, nextSearchMove, type Answer, type SearchOptions } from '../../../src/limit/decide/search.ts';
import type { Trial } from '../../../src/limit/decide/trial.ts';

/** What a trial is like to one target. `random` is in [0, 1), the same sequence for the same seed. */
export interface Circumstances {
  readonly load: number;
  readonly sec: number;
  readonly trial: number;
  readonly random: () => number;
}

export type Outcome = Pick<Trial, 'passed' | 'served'> & Partial<Pick<Trial, 'standing'>>;
export type Target = (circumstances: Circumstances) => Outcome;

export interface Found {
  readonly answers: readonly Answer[];
  readonly trials: readonly Trial[];
  readonly stoppedBy: string;
  /** With 0.9 s for timeouts and 1 s of cooldown after each trial. */
  readonly sec: number;
}

export const OPTIONS: SearchOptions = { minLoad: 100, maxLoad: 100_000, precision: 0.02, goals: 1 };

const SECONDS = { exploratory: 2, final: 10 };

/** Searches to the end, or until `most` trials have been run. */
export function searchFor(target: Target, changes: Partial<SearchOptions> = {}, seed = 1, most = Infinity): Found {
  const options = { ...OPTIONS, ...changes };
  const trials: Trial[] = [];
  const random = randomFrom(seed);
  let sec = 0;
  for (;;) {
    const move = nextSearchMove(options, trials);
    if (move.kind === 'end' || trials.length === most) {
      const stoppedBy = move.kind === 'end' ? move.stoppedBy : 'most';
      return { answers: answersSoFar(options, trials), trials, stoppedBy, sec };
    }
    const { load, length } = move;
    const outcome = target({ load, sec: SECONDS[length], trial: trials.length, random });
    trials.push({ load, length, standing: 'valid', ...outcome });
    sec += SECONDS[length] + 1.9;
  }
}

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Passes `limit` connections/s and `burst` more; pauses of the generator waste tokens for `pauseSec` of each second. */
export function tokenBucket(limit: number, burst: number, lossPercent = 0.1, pauseSec = 0): Target {
  return ({ load, sec, random }) => {
    // A pause wastes what the bucket cannot hold, and the burst after it is dropped.
    const pause = pauseSec * 2 * random();
    const lost = Math.max(0, pause * sec * load - burst);
    const attempts = Math.floor(load * sec);
    const room = Math.max(0, limit * (1 - pause) * sec + burst);
    const ok = Math.min(attempts - lost, room);
    const noise = 1 + (random() - 0.5) * 0.004;
    return {
      passed: [((attempts - ok) / attempts) * 100 <= lossPercent],
      served: Math.min(load, limit) * (1 - pause) * noise,
    };
  };
}

/** Latency rises as a queue's does, `floorNs / (1 - load)`; beyond `capacity` the queue grows with the trial. */
export function queue(capacity: number, floorMs: number, goalMs: number, noise = 0.05): Target {
  return ({ load, sec, random }) => {
    const use = load / capacity;
    const backlogMs = use > 1 ? (use - 1) * sec * 1000 : 0;
    const waitMs = use < 1 ? floorMs / Math.max(1 - use, 0.002) : floorMs * 500;
    const latencyMs = (waitMs + backlogMs) * (1 + noise * random());
    return { passed: [latencyMs <= goalMs], served: Math.min(load, capacity) };
  };
}
