/** Timers for any duration: Node's own take at most 2^31 - 1 ms, 24.8 days, and run what is later after 1 ms. */

/** The longest delay that a timer of Node's takes. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

export type SetTimer = (run: () => void, delayMs: number) => NodeJS.Timeout;

/** A call in the future. */
export interface Timer {
  cancel(): void;
}

/** Runs `run` once in `delayNs`, on the event loop; a negative delay counts as 0. `setTimer` is replaced in tests. */
export function callAfter(delayNs: number, run: () => void, setTimer: SetTimer = setTimeout): Timer {
  let leftMs = Math.max(0, delayNs / 1e6);
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const delayMs = Math.min(leftMs, TIMER_MS_MAX);
    leftMs -= delayMs;
    timer = setTimer(leftMs > 0 ? wait : run, delayMs);
  };
  wait();
  return { cancel: () => clearTimeout(timer) };
}

/** Resolves in `delayNs`, or as soon as `stop` aborts. */
export function sleepNs(delayNs: number, stop?: AbortSignal, setTimer?: SetTimer): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      stop?.removeEventListener('abort', end);
      resolve();
    };
    const timer = callAfter(delayNs, end, setTimer);
    stop?.addEventListener('abort', end);
    if (stop?.aborted === true) end();
  });
}
