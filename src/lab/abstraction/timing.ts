/** Takes samples of a tree: pure control, with clock and tree given. */
import { OPERATIONS_PER_PASS, type Tree } from './source.ts';

export interface TimingPlan {
  readonly warmupMs: number;
  readonly durationMs: number;
}

export interface Timing {
  /** The times of one call from top to leaf and back, each the mean over one sample's passes. */
  readonly nsPerOperation: readonly number[];
  /** When each sample began, since the first did. */
  readonly atSec: readonly number[];
  readonly operationsPerSample: number;
}

const NS_PER_MS = 1e6;

/** Long against the clock's own cost and resolution, short enough for hundreds of samples in a few seconds. */
const SAMPLE_MS = 5;

/** Runs `tree` until its code is compiled as far as it will be, then samples it. `nowMs` only goes forward. */
export async function timeTree(tree: Tree, plan: TimingPlan, nowMs: () => number): Promise<Timing> {
  const passes = await warmUp(tree, plan.warmupMs, nowMs);
  const operations = passes * OPERATIONS_PER_PASS;
  const nsPerOperation: number[] = [];
  const atSec: number[] = [];
  const startMs = nowMs();
  let beginMs = startMs;
  do {
    await tree.run(passes);
    const endMs = nowMs();
    nsPerOperation.push(((endMs - beginMs) * NS_PER_MS) / operations);
    atSec.push((beginMs - startMs) / 1000);
    beginMs = nowMs();
  } while (beginMs - startMs < plan.durationMs);
  return { nsPerOperation, atSec, operationsPerSample: operations };
}

/** Returns how many passes fill a sample, by what the last ones of the warm-up took. */
async function warmUp(tree: Tree, warmupMs: number, nowMs: () => number): Promise<number> {
  const startMs = nowMs();
  let passes = 1;
  for (;;) {
    const beginMs = nowMs();
    await tree.run(passes);
    const tookMs = nowMs() - beginMs;
    const wanted = tookMs > 0 ? Math.max(1, Math.round((passes * SAMPLE_MS) / tookMs)) : passes * 2;
    // The first passes run uncompiled, so the number of passes at most doubles.
    passes = Math.min(wanted, passes * 2);
    if (nowMs() - startMs >= warmupMs && passes === wanted) return passes;
  }
}
