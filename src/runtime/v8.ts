/** How V8 is set up for threads that must not be stopped while they pace. */
import { setFlagsFromString } from 'node:v8';

/**
 * A pacing thread makes 2 to 3 MiB of garbage until its code is compiled, and next to none from then on. So its young generation
 * begins with more room than that, and what a collection finds alive is moved away before a round: there is then no pause in it.
 * Where there is one all the same, it works alone: helpers of an ordinary priority that it must wait for made it longer, 0.4 ms
 * instead of 0.25.
 */
const COLLECTOR_FLAGS: readonly Flag[] = [
  { set: '--min-semi-space-size=8', reset: '--min-semi-space-size=0' },
  { set: '--expose-gc', reset: '--no-expose-gc' },
  { set: '--no-parallel-scavenge', reset: '--parallel-scavenge' },
];

/**
 * Has code compiled that runs seldom. V8 before 12 (Node 20) compiles by how much of a function has run, and a few pings a second
 * never come to that: each would be interpreted, for 0.15 ms instead of 0.08. Later versions count calls. It holds for all
 * threads; those that are busy compile a little sooner, too, and are no faster or slower for it.
 */
const COMPILER_FLAGS: readonly Flag[] =
  Number.parseInt(process.versions.v8) < 12
    ? [{ set: '--interrupt-budget=10000', reset: '--interrupt-budget=67584' }]
    : [];

/**
 * Has calls of an engine that is a TCP itself compiled into their callers as far as V8's limits go, which are otherwise reached after two
 * or three levels. What is left out then differs from run to run, and a packet passes a dozen calls.
 */
const INLINING_FLAGS: readonly Flag[] = [
  { set: '--max-inlined-bytecode-size=1000', reset: '--max-inlined-bytecode-size=460' },
  { set: '--max-inlined-bytecode-size-cumulative=3000', reset: '--max-inlined-bytecode-size-cumulative=920' },
];

/** A flag of V8 as a run needs it, and as V8 has it by default. Flags belong to the whole process. */
interface Flag {
  readonly set: string;
  readonly reset: string;
}

/** What a survivor of the young generation must go through to leave it. */
const COLLECTIONS = 2;

/** How many runs need each flag now. */
const holders = new Map<Flag, number>();

function hold(flags: readonly Flag[]): () => void {
  for (const flag of flags) {
    const held = holders.get(flag) ?? 0;
    if (held === 0) setFlagsFromString(flag.set);
    holders.set(flag, held + 1);
  }
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    for (const flag of flags) {
      const held = holders.get(flag)! - 1;
      holders.set(flag, held);
      if (held === 0 && !isOfProcess(flag)) setFlagsFromString(flag.reset);
    }
  };
}

/** Whether the process was started with the flag, in whatever way it sets it. */
function isOfProcess({ set }: Flag): boolean {
  const bare = (text: string): string =>
    text
      .replace(/^--(no-?)?/, '')
      .replace(/=.*/, '')
      .replaceAll('_', '-');
  return process.execArgv.some((argument) => bare(argument) === bare(set));
}

/** Sets up the collector of the threads that are started next. Returns what undoes it, to be called when they have ended. */
export function configureCollector(): () => void {
  return hold(COLLECTOR_FLAGS);
}

/** As `configureCollector`, for a thread that pings: its code runs seldom and is compiled all the same. */
export function configureForPings(): () => void {
  return hold([...COLLECTOR_FLAGS, ...COMPILER_FLAGS]);
}

/** As `configureCollector`, for threads whose connections are code of ours. */
export function configureForPackets(): () => void {
  return hold([...COLLECTOR_FLAGS, ...INLINING_FLAGS]);
}

/**
 * Collects now, so that it is not done in the round that comes. Takes some milliseconds, and waits for helpers of V8's at ordinary
 * priority: a thread that calls it must not go before them.
 */
export function collectNow(): void {
  for (let i = 0; i < COLLECTIONS; i++) globalThis.gc?.({ type: 'minor' });
}
