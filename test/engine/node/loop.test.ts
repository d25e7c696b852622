import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { MonotonicClock, monotonicNs } from '../../../src/runtime/clock.ts';
import { StepLoop } from '../../../src/engine/node/loop.ts';

t.test('what is reported between two steps is dated by its own time', async (t) => {
  const clock = new MonotonicClock(monotonicNs());
  const loop = new StepLoop(clock);
  let steps = 0;
  const ended = loop.drive({ deadlineNs: clock.now() + 60e9, step: () => ++steps === 1 });
  await sleep(40);
  t.equal(steps, 1);
  const steppedNs = clock.nowNs;
  loop.poke();
  // Timers may be a millisecond early.
  t.ok(clock.nowNs - steppedNs > 30e6, `${clock.nowNs - steppedNs} ns later`);
  await ended;
  t.equal(steps, 2);
});
