import { setFlagsFromString } from 'node:v8';

/**
 * A pacing thread leaves 2 to 3 MiB behind until its code is compiled, and nothing from then on. So its young generation begins
 * with more room than that, and what a collection finds alive is moved away before a round: there is then no pause in it. Where
 * there is one all the same, it works alone: helpers of an ordinary priority that it must wait for made it longer, 0.4 ms
 * instead of 0.25.
 */
const FLAGS = ['--min-semi-space-size=8', '--expose-gc', '--no-parallel-scavenge'];

/** What a survivor of the young generation must go through to leave it. */
const COLLECTIONS = 2;

/** Sets up the collector of the threads that are started next. */
export function configureCollector(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}

/** Collects now, so that it is not done in the round that comes. Takes some milliseconds. */
export function collectNow(): void {
  for (let i = 0; i < COLLECTIONS; i++) globalThis.gc?.({ type: 'minor' });
}
