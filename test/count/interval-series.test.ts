import fc from 'fast-check';
import t from 'tap';
import {
  EVERY_SECOND_SEC,
  IntervalSeries,
  intervalLengthAt,
  intervalStartAt,
} from '../../src/count/interval-series.ts';

interface Span {
  readonly startSec: number;
  readonly seconds: readonly number[];
}

function seriesOf(seconds: Iterable<number>): readonly Span[] {
  const series = new IntervalSeries<number[], Span>({
    intervalOf: (startSec, joined) => ({ startSec, seconds: joined }),
    join: (joined, next) => [...(joined ?? []), ...next],
  });
  for (const second of seconds) series.add(second, [second], { startSec: second, seconds: [second] });
  series.finish();
  return series.intervals;
}

t.test('twenty minutes have an interval a second, and the next twenty one of two seconds', async (t) => {
  t.same([0, 1199, 1200, 2399, 2400, 4799, 4800, 2_591_999].map(intervalLengthAt), [1, 1, 2, 2, 4, 4, 8, 4096]);
  t.same([-3, 1199, 1200, 1201, 1202, 4799, 4800].map(intervalStartAt), [-3, 1199, 1200, 1200, 1202, 4796, 4800]);
  const intervals = seriesOf(Array(1203).keys());
  t.equal(intervals.length, EVERY_SECOND_SEC + 2);
  t.same(intervals.slice(-3), [
    { startSec: 1199, seconds: [1199] },
    { startSec: 1200, seconds: [1200, 1201] },
    { startSec: 1202, seconds: [1202] },
  ]);
});

t.test('a round of 30 days, the longest one, has 8 000 intervals', async (t) => {
  let intervals = 0;
  for (let second = 0; second < 30 * 86_400; second += intervalLengthAt(second)) {
    if (intervalStartAt(second) !== second) t.fail(`no interval begins in second ${second}`);
    intervals++;
  }
  t.ok(intervals < 8000, String(intervals));
});

t.test('every second is in one interval, whichever seconds there are', async (t) => {
  const someSeconds = fc.uniqueArray(fc.integer({ min: 0, max: 20_000 }), { maxLength: 300 });
  fc.assert(
    fc.property(someSeconds, (unsorted) => {
      const seconds = [...unsorted].sort((a, b) => a - b);
      const intervals = seriesOf(seconds);
      t.same(
        intervals.flatMap((interval) => interval.seconds),
        seconds,
      );
      for (const { startSec, seconds: own } of intervals) {
        const lengthSec = intervalLengthAt(startSec);
        if (!own.every((second) => second >= startSec && second < startSec + lengthSec)) return false;
      }
      return new Set(intervals.map(({ startSec }) => startSec)).size === intervals.length;
    }),
    { numRuns: 50 },
  );
});
