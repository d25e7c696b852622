/** Samples of a closed loop: a client that keeps so many connections open, in rounds of a fixed length, each a sample. */
import type { ClientResult, RoundResult } from '../document/client.ts';
import { durationArgument, resultOf } from './children.ts';
import type { CellContext } from './lab.ts';

/** The client's own lead before the first round, and between two. */
const LEAD_SEC = 0.01;

export interface Loop {
  readonly port: number;
  readonly inFlight: number;
  /** The length of one round. */
  readonly sampleNs: number;
  /** What each connection does, and on which engine. */
  readonly exchange: readonly string[];
}

/** The rounds after the warm-up, as many as the cell's duration has room for, and at least one. */
export async function sampledRounds(context: CellContext, loop: Loop): Promise<readonly RoundResult[]> {
  const { warmupNs, durationNs } = context.times;
  const warmups = Math.ceil(warmupNs / loop.sampleNs);
  const samples = Math.max(1, Math.round(durationNs / loop.sampleNs));
  const { rounds, error } = await resultOf<ClientResult>(context, [
    'client',
    `127.0.0.1:${loop.port}`,
    ...Array.from({ length: warmups + samples }, () => ['--rate', 'max']).flat(),
    ...['--max-in-flight', String(loop.inFlight), '--duration', durationArgument(loop.sampleNs)],
    ...loop.exchange,
  ]);
  if (error !== undefined) throw new Error(error.message);
  return rounds.slice(warmups);
}

/** The time from the start of a round until its last connection had ended. */
export function elapsedSec({ intervals }: RoundResult): number {
  return intervals.reduce((sum, { length_sec: lengthSec }) => sum + lengthSec, 0);
}

/** When each round began, since the first did. */
export function startsSec(rounds: readonly RoundResult[]): number[] {
  let atSec = 0;
  return rounds.map((round) => {
    const startSec = atSec;
    atSec += elapsedSec(round) + LEAD_SEC;
    return startSec;
  });
}

/** How many did not end as they should. */
export function failures({ attempts, outcomes }: RoundResult): number {
  return attempts.started - outcomes.ok;
}

export function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

export function meanOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return sumOf(items, value) / items.length;
}
