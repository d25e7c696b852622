import t from 'tap';
import { TIMER_MS_MAX, callAfter, sleepNs, type SetTimer } from '../../src/runtime/timer.ts';

const NS_PER_HOUR = 3600e9;

/** Timers that expire when they are told to, and refuse what Node's would run after 1 ms. */
function fakeTimers() {
  const delaysMs: number[] = [];
  let pending: (() => void) | undefined;
  const setTimer: SetTimer = (run, delayMs) => {
    if (delayMs > TIMER_MS_MAX) throw new RangeError(`${delayMs} ms`);
    delaysMs.push(delayMs);
    pending = run;
    // Something to cancel.
    return setTimeout(() => undefined, 0);
  };
  return { delaysMs, setTimer, expire: () => pending?.() };
}

t.test('a call in 720 hours comes after 720 hours', async (t) => {
  const timers = fakeTimers();
  let calls = 0;
  callAfter(720 * NS_PER_HOUR, () => calls++, timers.setTimer);
  t.equal(calls, 0);
  timers.expire();
  t.equal(calls, 0, 'not at the end of the first timer');
  timers.expire();
  t.equal(calls, 1);
  t.equal(
    timers.delaysMs.reduce((sum, delayMs) => sum + delayMs, 0),
    720 * 3600e3,
  );
});

t.test('a short delay is one timer, a negative one none to wait for', async (t) => {
  for (const [delayNs, delayMs] of [
    [5e6, 5],
    [-1, 0],
    [TIMER_MS_MAX * 1e6, TIMER_MS_MAX],
  ] as const) {
    const timers = fakeTimers();
    let calls = 0;
    callAfter(delayNs, () => calls++, timers.setTimer);
    timers.expire();
    t.equal(calls, 1);
    t.same(timers.delaysMs, [delayMs]);
  }
});

t.test('an abort ends a sleep of any length, before it and in it', async (t) => {
  await sleepNs(720 * NS_PER_HOUR, AbortSignal.abort());
  const stop = new AbortController();
  const sleep = sleepNs(720 * NS_PER_HOUR, stop.signal);
  let isOver = false;
  void sleep.then(() => (isOver = true));
  // More than the 1 ms after which an overflowing timer would run.
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(isOver, false, 'a cooldown of 30 days is not over');
  stop.abort();
  await sleep;
  t.pass('ended by the abort');
});
