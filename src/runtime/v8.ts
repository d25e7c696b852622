/** How V8 is set up for threads that must not be stopped while they pace. */
import { setFlagsFromString } from 'node:v8';

/**
 * A pacing thread makes 2 to 3 MiB of garbage until its code is compiled, and next to none from then on. So its young generation
 * begins with more room than that, and what a collection finds alive is moved away before a round: there is then no pause in it.
 * Where there is one all the same, it works alone: helpers of an ordinary priority that it must wait for made it longer, 0.4 ms
 * instead of 0.25.
 */
const COLLECTOR_FLAGS = ['--min-semi-space-size=8', '--expose-gc', '--no-parallel-scavenge'];

/** What a survivor of the young generation must go through to leave it. */
const COLLECTIONS = 2;

/** Sets up the collector of the threads that are started next. */
export function configureCollector(): void {
  for (const flag of COLLECTOR_FLAGS) setFlagsFromString(flag);
}

/**
 * Collects now, so that it is not done in the round that comes. Takes some milliseconds, and waits for helpers of V8's at ordinary
 * priority: a thread that calls it must not go before them.
 */
export function collectNow(): void {
  for (let i = 0; i < COLLECTIONS; i++) globalThis.gc?.({ type: 'minor' });
}

/**
 * Has code compiled that runs seldom. V8 before 12 (Node 20) compiles by how much of a function has run, and a few pings a second
 * never come to that: each would be interpreted, for 0.15 ms instead of 0.08. Later versions count calls. It holds for all
 * threads; those that are busy compile a little sooner, too, and are no faster or slower for it.
 */
export function compileSooner(v8Version = process.versions.v8): void {
  if (Number.parseInt(v8Version) < 12) setFlagsFromString('--interrupt-budget=10000');
}
