/** HDR counts as exponential histograms, and as the fixed buckets of Prometheus: nothing is lost, and nothing moves far. */
import fc from 'fast-check';
import t from 'tap';
import { LatencyHistogram, NS_MAX } from '../../../src/count/histogram.ts';
import { BOUNDS, countsBelow } from '../../../src/run/metrics/buckets.ts';
import {
  EXPONENTIAL_BUCKETS_MAX,
  SCALE_MAX,
  exponentialOf,
  type ExponentialHistogram,
} from '../../../src/run/metrics/exponential.ts';
import { histogramOf } from '../../support/histograms.ts';
import { holds } from '../../support/property.ts';

/** Even over the digits, so that ns and minutes are met alike. */
const valueNs = fc.oneof(
  fc.constantFrom(0, 1, 2, 2047, 2048, 1e6, 1e9, NS_MAX),
  fc.double({ min: 0, max: 12.55, noNaN: true }).map((exponent) => Math.floor(10 ** exponent)),
);
const values = fc.array(fc.tuple(valueNs, fc.integer({ min: 1, max: 5 })), { maxLength: 60 });

/** Half the width of a bucket of ours, of at most three digits. */
const HDR_SHARE = 1 / 2048;

/** What lies in buckets before the one of index `index`, zeros included. */
function countUpTo({ offset, bucketCounts, zeroCount }: ExponentialHistogram, index: number): number {
  return bucketCounts.slice(0, Math.max(0, index - offset + 1)).reduce((sum, count) => sum + count, zeroCount);
}

t.test('counts, sum, minimum and maximum are kept', async (t) => {
  holds(
    t,
    fc.property(values, (entries) => {
      const histogram = histogramOf(entries);
      const all = entries.flatMap(([value, times]) => new Array<number>(times).fill(value));
      const { scale, bucketCounts, zeroCount, count, sum, min, max } = exponentialOf(histogram);
      const inBuckets = bucketCounts.reduce((total, each) => total + each, 0);
      return (
        count === all.length &&
        inBuckets + zeroCount === count &&
        zeroCount === all.filter((value) => value === 0).length &&
        scale <= SCALE_MAX &&
        bucketCounts.length <= EXPONENTIAL_BUCKETS_MAX &&
        (bucketCounts.length === 0 || (bucketCounts[0]! > 0 && bucketCounts.at(-1)! > 0)) &&
        Math.abs(sum - all.reduce((total, value) => total + value, 0) / 1e9) <= 1e-9 * sum &&
        (count === 0 ? min === null && max === null : min === Math.min(...all) / 1e9 && max === Math.max(...all) / 1e9)
      );
    }),
  );
});

t.test('each value is in the bucket that holds it, or that its HDR bucket reaches into', async (t) => {
  holds(
    t,
    fc.property(values, (entries) => {
      const result = exponentialOf(histogramOf(entries));
      const factor = 2 ** result.scale;
      const all = entries.flatMap(([value, times]) => new Array<number>(times).fill(value));
      const indexOf = (ns: number): number => Math.ceil(Math.log2(ns / 1e9) * factor) - 1;
      // How many values are up to a bound lies between what was counted with the bound moved by the width of an HDR bucket.
      return result.bucketCounts.every((_, place) => {
        const index = result.offset + place;
        const counted = countUpTo(result, index);
        const fewest = all.filter((ns) => ns === 0 || indexOf(ns * (1 + 2 * HDR_SHARE) + 1e-6) <= index).length;
        const most = all.filter((ns) => ns === 0 || indexOf(ns * (1 - 2 * HDR_SHARE)) <= index).length;
        return fewest <= counted && counted <= most;
      });
    }),
  );
});

t.test('scales', async (t) => {
  const scaleOf = (entries: readonly number[]): number => exponentialOf(histogramOf(entries)).scale;
  t.equal(scaleOf([1000]), 8, 'one value: as fine as it goes');
  t.equal(scaleOf([1000, 1500]), 8);
  t.equal(scaleOf([1000, 2000]), 7, 'a doubling has 256 buckets at scale 8');
  t.equal(scaleOf([100_000, 10_000_000]), 4, 'two powers of ten');
  t.equal(scaleOf([1, NS_MAX]), 1, 'all that can be counted');
});

t.test('no value, and only zeros', async (t) => {
  t.same(exponentialOf(new LatencyHistogram()), {
    ...{ scale: 8, offset: 0, bucketCounts: [], zeroCount: 0 },
    ...{ count: 0, sum: 0, min: null, max: null },
  });
  t.match(exponentialOf(histogramOf([[0, 3]])), { bucketCounts: [], zeroCount: 3, count: 3, min: 0, max: 0 });
});

t.test('fixed buckets count what is at most their bound, to the width of a bucket of ours', async (t) => {
  holds(
    t,
    fc.property(values, (entries) => {
      const all = entries.flatMap(([value, times]) => new Array<number>(times).fill(value));
      const counts = countsBelow(histogramOf(entries));
      return counts.every((count, index) => {
        const bound = BOUNDS[index]![1];
        const fewest = all.filter((value) => value <= bound).length;
        const most = all.filter((value) => value <= bound * (1 + 2 * HDR_SHARE)).length;
        return fewest <= count && count <= most;
      });
    }),
  );
  t.same(
    BOUNDS.map(([text, ns]) => Number(text) * 1e9 - ns).filter((difference) => Math.abs(difference) > 1e-3),
    [],
    'texts are the bounds',
  );
});
