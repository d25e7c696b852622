import t from 'tap';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GcWatch } from '../../src/client/gc-watch.ts';

/** Makes garbage until it must have been collected a few times. */
function litter(): number {
  let sum = 0;
  for (let i = 0; i < 200; i++) sum += Array.from({ length: 50_000 }, (_, n) => ({ n })).length;
  return sum;
}

t.test('pauses of the time asked for, and no earlier ones', async (t) => {
  const watch = new GcWatch();
  t.teardown(() => watch.stop());
  const startMs = performance.now();
  litter();
  await nextTurn();
  const use = watch.take(performance.now() - startMs);
  t.ok(use.gc_pauses > 0, `${use.gc_pauses} pauses`);
  t.ok(use.gc_usec >= use.gc_longest_usec && use.gc_longest_usec > 0);
  t.ok(use.gc_usec <= (performance.now() - startMs) * 1e3, 'not longer than it all took');
  litter();
  await nextTurn();
  const endMs = performance.now();
  t.same(watch.take(performance.now() - endMs), { gc_pauses: 0, gc_usec: 0, gc_longest_usec: 0 }, 'what was before');
});
