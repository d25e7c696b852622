/** A run as a program sees it: its intervals to loop over, and a promise of its result. */
import { encodeHistogram } from '../count/hdr-histogram.ts';
import type { Interval } from '../document/interval.ts';
import type { RunContext, RunEvent } from '../run/events.ts';
import { Intervals } from '../run/interval.ts';
import { IntervalQueue, type Skipped } from './interval-queue.ts';
import type { Planned } from './options.ts';

/** What a program may give beside the options. */
export interface RunControls {
  /** When it aborts, the run starts nothing more, waits at most 5 s for what is open, and resolves to what it has measured. */
  readonly signal?: AbortSignal | undefined;
  /** Is told what the command line would write into its log: remarks, notices and warnings, a sentence each. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Whether each interval has its `histograms`. They take the main thread about a millisecond each. */
  readonly histograms?: boolean | undefined;
}

/**
 * A run that has begun. Loop over it for one interval a second; await `result` for the document. Leaving the loop early (by a break, or an
 * error in it) stops the run, and `result` then has what was measured. Not looping at all is fine: at most an hour of intervals waits,
 * older ones are dropped, and the next that is read says in `skipped` how many.
 */
export interface Run<Result, Each extends Interval = Interval> extends AsyncIterable<Each & Skipped> {
  /**
   * The document, as `--json` has it. An aborted run resolves, with `interrupted: true`. Rejects with `OptionsError` where the options
   * are refused and with an error that has a `code` where the run cannot be done; the loop then throws the same error.
   */
  readonly result: Promise<Result>;
  [Symbol.asyncIterator](): AsyncIterator<Each & Skipped, undefined>;
}

/** Plans and runs. Returns before anything has begun. */
export function startRun<Result, Each extends Interval>(
  plan: () => Promise<Planned<Result>>,
  controls: RunControls,
): Run<Result, Each> {
  const queue = new IntervalQueue<Each>();
  const stop = new AbortController();
  const result = runToEnd(plan, controls, queue, stop);
  // A caller that only loops gets the failure there; a caller that does neither has asked for none.
  result.catch(() => undefined);
  let isRead = false;
  return {
    result,
    [Symbol.asyncIterator]: () => {
      if (isRead) throw new Error('the intervals of a run can be looped over once');
      isRead = true;
      return {
        next: () => queue.next(),
        return: () => {
          queue.drop();
          stop.abort();
          return Promise.resolve({ done: true as const, value: undefined });
        },
      };
    },
  };
}

async function runToEnd<Result, Each extends Interval>(
  plan: () => Promise<Planned<Result>>,
  { signal, onNotice, histograms = false }: RunControls,
  queue: IntervalQueue<Each>,
  stop: AbortController,
): Promise<Result> {
  const notices = guarded(onNotice, () => stop.abort());
  const intervals = new Intervals();
  const emit = (event: RunEvent): void => {
    if (event.type === 'run-started') event.notes.forEach(notices.tell);
    if (event.type === 'notice') notices.tell(event.text);
    const interval = intervals.next(event);
    if (interval !== null) queue.push((histograms ? withHistograms(interval, event) : interval) as Each);
  };
  let unfollow = (): void => undefined;
  try {
    unfollow = follow(signal, stop);
    const planned = await plan();
    planned.notices.forEach(notices.tell);
    const result = await planned.run({ emit, stop: stop.signal } satisfies RunContext);
    notices.rethrow();
    queue.end({});
    return result;
  } catch (error) {
    queue.end({ error });
    throw error;
  } finally {
    unfollow();
  }
}

/**
 * Aborts `stop` when the program's signal aborts, also where it has already. Returns what ends that. Throws `TypeError` for what is
 * no signal: a program in JavaScript can give anything.
 */
export function follow(signal: unknown, stop: AbortController): () => void {
  if (signal === undefined) return () => undefined;
  if (!(signal instanceof AbortSignal)) throw new TypeError('signal: expected an AbortSignal');
  const onAbort = (): void => stop.abort();
  if (signal.aborted) stop.abort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}

/** Calls the program's function; where it throws, the run is stopped and fails with that error in the end. */
export function guarded(
  onNotice: RunControls['onNotice'],
  stop: () => void,
): { readonly tell: (text: string) => void; readonly rethrow: () => void } {
  let thrown: { readonly error: unknown } | null = null;
  return {
    tell: (text) => {
      if (thrown !== null) return;
      try {
        onNotice?.(text);
      } catch (error) {
        thrown = { error };
        stop();
      }
    },
    rethrow: () => {
      if (thrown !== null) throw thrown.error;
    },
  };
}

function withHistograms(interval: Interval, event: RunEvent): Interval {
  if (event.type !== 'second') return interval;
  const histograms = Object.entries(event.latency).map(([clock, each]) => [clock, encodeHistogram(each)] as const);
  return { ...interval, histograms: Object.fromEntries(histograms) };
}
