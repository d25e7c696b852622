/** The work that a connection of a server costs (`--work`): a `JobModule`. */
import { pbkdf2, pbkdf2Sync } from 'node:crypto';
import { CLOCK_MONOTONIC } from '../kernel/constants.ts';
import { loadLibc } from '../kernel/libc.ts';
import type { Work } from '../plan/plan.ts';
import { NS_PER_SEC } from '../units/quantity.ts';
import type { AsyncJobRunner, JobRunner } from './executor.ts';
import { xorshift32 } from './xorshift.ts';

export function createRunner(data: unknown): JobRunner {
  const work = data as Work;
  switch (work.kind) {
    case 'none':
      return () => 0;
    case 'cpu':
      return shuffleAndSort(work.integers);
    case 'sleep': {
      const libc = loadLibc();
      const next = sleepRequests(work);
      return () => libc.clock_nanosleep(CLOCK_MONOTONIC, 0, next(), 0);
    }
  }
}

/** Shuffles (Fisher and Yates) and sorts the same integers each time, in place. The result is the smallest: always 0. */
function shuffleAndSort(count: number): JobRunner {
  const integers = Uint32Array.from({ length: count }, (_, index) => index);
  let state = 0x9e3779b9;
  return () => {
    for (let i = count - 1; i > 0; i--) {
      // The shuffle is to cost little beside the sort, and to differ each time.
      state = xorshift32(state);
      const j = (state >>> 0) % (i + 1);
      const kept = integers[i]!;
      integers[i] = integers[j]!;
      integers[j] = kept;
    }
    return integers.sort()[0]!;
  };
}

/** How many lengths are prepared where sleeps differ. */
const LENGTHS = 64;
/** Where the exponential distribution is cut off, in means: it has fallen to e⁻⁴, a fiftieth. */
const FALL = 4;

/** Gives the address of a struct timespec for each sleep, in an order that repeats only after 2³² - 1 of them. */
function sleepRequests({ sleepNs, longestNs }: Extract<Work, { kind: 'sleep' }>): () => number {
  if (longestNs === sleepNs) {
    const request = sleepRequest(sleepNs);
    return () => request;
  }
  // The inverse of the distribution, in the middle of each 64th.
  const requests = Array.from({ length: LENGTHS }, (_, i) => {
    const share = -Math.log(1 - ((i + 0.5) / LENGTHS) * (1 - Math.exp(-FALL))) / FALL;
    return sleepRequest(Math.round(sleepNs + (longestNs - sleepNs) * share));
  });
  let state = 0x9e3779b9;
  return () => {
    state = xorshift32(state);
    return requests[(state >>> 0) % LENGTHS]!;
  };
}

/** The address of a struct timespec that stays. */
function sleepRequest(sleepNs: number): number {
  const request = loadLibc().alloc(16);
  const words = new Int32Array(request.bytes.buffer, 0, 4);
  words[0] = Math.floor(sleepNs / NS_PER_SEC);
  words[2] = sleepNs % NS_PER_SEC;
  return request.address;
}

/** What the runtime's own threads do. */
export type RuntimeWork =
  | Extract<Work, { kind: 'sleep' }>
  /** Rounds of PBKDF2, in the place of the work. */
  | { readonly kind: 'pbkdf2'; readonly iterations: number };

/**
 * The runtime's threads run no JavaScript. A sleep is the same call there. For integers to sort, a PBKDF2 that costs as much on this
 * machine stands in: measured here, for about 20 ms. For nothing, its shortest: what is left is the way there and back.
 */
export function runtimeWorkFor(work: Work): RuntimeWork {
  if (work.kind === 'sleep') return work;
  if (work.kind === 'none') return { kind: 'pbkdf2', iterations: 1 };
  const run = createRunner(work);
  const job = new Int32Array(0);
  const derive = (iterations: number): void => void pbkdf2Sync('conngen', 'conngen', iterations, 20, 'sha1');
  // What it takes to call it is paid on the loop and not on the runtime's thread, so only the iterations count.
  const iterationNs = (fastestNs(() => derive(2001)) - fastestNs(() => derive(1))) / 2000;
  return { kind: 'pbkdf2', iterations: Math.max(1, Math.round(fastestNs(() => run(job)) / iterationNs)) };
}

/** The shortest of many: what it costs when nothing comes between. */
function fastestNs(action: () => unknown): number {
  let bestNs = Infinity;
  const endNs = performance.now() * 1e6 + 5e6;
  for (let runs = 0, nowNs = performance.now() * 1e6; runs < 50 || nowNs < endNs; runs++) {
    action();
    const thenNs = performance.now() * 1e6;
    bestNs = Math.min(bestNs, thenNs - nowNs);
    nowNs = thenNs;
    if (runs >= 1000) break;
  }
  return bestNs;
}

export function createAsyncRunner(work: RuntimeWork): AsyncJobRunner {
  if (work.kind === 'pbkdf2') {
    return (_job, done) => pbkdf2('conngen', 'conngen', work.iterations, 20, 'sha1', () => done(0));
  }
  const libc = loadLibc();
  const next = sleepRequests(work);
  return (_job, done) => libc.clock_nanosleep_async(CLOCK_MONOTONIC, 0, next(), 0, () => done(0));
}
