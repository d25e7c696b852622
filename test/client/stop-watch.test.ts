import t from 'tap';
import { StopWatch } from '../../src/client/stop-watch.ts';

const MS = 1e6;

/** A watch that has ticked once in 100 ms until `untilMs`. */
function tickedUntil(untilMs: number): StopWatch {
  const watch = new StopWatch(0);
  for (let ms = 100; ms <= untilMs; ms += 100) watch.tick(ms * MS);
  return watch;
}

t.test('a stop is the time without ticks before SIGCONT', async (t) => {
  const watch = tickedUntil(1000);
  watch.continued(4000 * MS);
  t.equal(watch.stoppedNs, 3000 * MS);
  watch.tick(4100 * MS);
  watch.continued(5100 * MS);
  t.equal(watch.stoppedNs, 4000 * MS, 'a second one is added');
});

t.test('the tick that the stop delayed may come before the signal', async (t) => {
  const watch = tickedUntil(1000);
  watch.tick(4000 * MS);
  watch.continued(4001 * MS);
  t.equal(watch.stoppedNs, 3000 * MS);
  watch.continued(4002 * MS);
  t.equal(watch.stoppedNs, 3000 * MS, 'and counts once');
});

t.test('a busy machine stops nothing', async (t) => {
  const late = tickedUntil(1000);
  late.tick(3000 * MS);
  t.equal(late.stoppedNs, 0, 'no signal came');
  for (let ms = 3100; ms <= 5000; ms += 100) late.tick(ms * MS);
  late.continued(5010 * MS);
  t.equal(late.stoppedNs, 0, 'or long after');
});
