import fc from 'fast-check';
import { build } from 'hdr-histogram-js';
import t from 'tap';
import {
  bucketOf,
  BUCKETS,
  NS_MAX,
  LatencyHistogram,
  lowestAt,
  STAT_COUNT,
  STAT_MAX,
  STAT_MIN,
  STAT_SUM,
  STATS,
} from '../../src/count/histogram.ts';
import { histogramOf as countsOf } from '../support/histograms.ts';
import type { LatencySummary } from '../../src/document/common.ts';

/** What hdr-histogram-js keeps to itself, to compare the layouts. */
interface Layout {
  countsArrayIndex(value: number): number;
  valueFromIndex(index: number): number;
  getCountAtIndex(index: number): number;
  recordValue(value: number): void;
  getValueAtPercentile(percentile: number): number;
  readonly countsArrayLength: number;
}

function newHdr(): Layout {
  return build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: NS_MAX,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  }) as unknown as Layout;
}

const hdr = newHdr();

/** Powers of two and ten, the ends of the arithmetic and their neighbours. */
const BOUNDARIES = [
  ...Array.from({ length: 42 }, (_, power) => 2 ** power),
  ...Array.from({ length: 13 }, (_, power) => 10 ** power),
  2047,
  2 ** 30 + 2 ** 20,
  2 ** 31 + 2 ** 21,
  2 ** 32 + 2 ** 22,
  NS_MAX,
].flatMap((value) => [value - 2, value - 1, value, value + 1, value + 2].filter((near) => near >= 0 && near <= NS_MAX));

/** Even over the digits rather than over the values, so that µs and minutes are met alike. */
const valueNs = fc.oneof(
  fc.integer({ min: 0, max: NS_MAX }),
  fc.double({ min: 0, max: 12.55, noNaN: true }).map((exponent) => Math.floor(10 ** exponent)),
  fc.constantFrom(...BOUNDARIES),
);

/** Raw counts as a recorder makes them. */
function rawOf(values: readonly number[]): { counts: Uint32Array; stats: Float64Array } {
  const counts = new Uint32Array(BUCKETS);
  const stats = new Float64Array(STATS);
  for (const value of values) counts[bucketOf(value)]!++;
  stats[STAT_COUNT] = values.length;
  stats[STAT_MIN] = values.length === 0 ? 0 : Math.min(...values);
  stats[STAT_MAX] = values.length === 0 ? 0 : Math.max(...values);
  stats[STAT_SUM] = values.reduce((sum, value) => sum + value, 0);
  return { counts, stats };
}

function histogramOf(...parts: readonly (readonly number[])[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const part of parts) {
    const { counts, stats } = rawOf(part);
    histogram.add(counts, stats);
  }
  return histogram;
}

t.test('the layout is that of hdr-histogram-js at every boundary', async (t) => {
  for (const value of BOUNDARIES) {
    const bucket = bucketOf(value);
    if (bucket !== hdr.countsArrayIndex(value)) t.equal(bucket, hdr.countsArrayIndex(value), `bucket of ${value}`);
    if (lowestAt(bucket) !== hdr.valueFromIndex(bucket)) {
      t.equal(lowestAt(bucket), hdr.valueFromIndex(bucket), `lowest at ${bucket}`);
    }
  }
  t.pass(`${BOUNDARIES.length} values`);
});

t.test('a value is counted where hdr-histogram-js counts it', async (t) => {
  fc.assert(
    fc.property(valueNs, (value) => {
      const bucket = bucketOf(value);
      return bucket === hdr.countsArrayIndex(value) && lowestAt(bucket) === hdr.valueFromIndex(bucket);
    }),
    { numRuns: 2000 },
  );
  for (const value of [0, 1, 2047, 2048, 123_456, 5e6, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 5e9, NS_MAX]) {
    const one = newHdr();
    one.recordValue(value);
    t.equal(one.getCountAtIndex(bucketOf(value)), 1, `${value} ns`);
  }
});

t.test('a fraction of a nanosecond is counted with its whole', async (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: NS_MAX, noNaN: true }), (value) => {
      return bucketOf(value) === bucketOf(Math.floor(value));
    }),
  );
  t.equal(bucketOf(0.999), 0);
  t.equal(bucketOf(2 ** 30 - 0.5), bucketOf(2 ** 30 - 1));
  t.equal(bucketOf(2 ** 31 - 0.5), bucketOf(2 ** 31 - 1));
});

t.test('every bucket begins at its lowest value and none is left out', async (t) => {
  let wrong = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    if (bucketOf(lowestAt(bucket)) !== bucket) wrong++;
    // The highest value of a bucket is the one below the next one's lowest.
    if (bucket + 1 < BUCKETS && bucketOf(lowestAt(bucket + 1) - 1) !== bucket) wrong++;
  }
  t.equal(wrong, 0, `${BUCKETS} buckets`);
  t.ok(BUCKETS <= hdr.countsArrayLength, 'no bucket that hdr-histogram-js does not have');
});

t.test('a value is known to within 0.1 %', async (t) => {
  fc.assert(
    fc.property(valueNs, (value) => {
      const bucket = bucketOf(value);
      const lowest = lowestAt(bucket);
      const highest = lowestAt(bucket + 1) - 1;
      return lowest <= value && value <= highest && value - lowest <= value / 1000 && highest - value <= value / 1000;
    }),
    { numRuns: 2000 },
  );
  t.pass('held in every run');
});

t.test('a larger value is never in a lower bucket', async (t) => {
  fc.assert(
    fc.property(valueNs, valueNs, (a, b) => bucketOf(Math.min(a, b)) <= bucketOf(Math.max(a, b))),
    { numRuns: 1000 },
  );
  const sorted = [...BOUNDARIES].sort((a, b) => a - b);
  for (const [i, value] of sorted.entries()) {
    if (i > 0 && bucketOf(value) < bucketOf(sorted[i - 1]!)) t.fail(`${value} is below ${sorted[i - 1]!}`);
  }
  t.pass('in order');
});

t.test('what is longer than an hour counts as an hour', async (t) => {
  t.equal(bucketOf(NS_MAX), BUCKETS - 1);
  t.equal(bucketOf(NS_MAX + 1), BUCKETS - 1);
  t.equal(bucketOf(1e15), BUCKETS - 1);
  t.equal(bucketOf(Infinity), BUCKETS - 1);
});

t.test('an empty histogram is all zero', async (t) => {
  const zero: LatencySummary = { count: 0, min: 0, mean: 0, p50: 0, p75: 0, p90: 0, p95: 0, p99: 0, p99_9: 0, max: 0 };
  t.same(new LatencyHistogram().summary(), zero);
  t.same(histogramOf([], []).summary(), zero, 'empty parts added');
  const used = histogramOf([5, 6e9]);
  used.reset();
  t.same(used.summary(), zero, 'reset');
  const { counts, stats } = rawOf([5, 6e9, 7e9, 8e9]);
  used.add(counts, stats);
  t.same(used.summary(), histogramOf([5, 6e9, 7e9, 8e9]).summary(), 'nothing of before the reset is left');
});

t.test('one value is every percentile', async (t) => {
  for (const value of [0, 1, 2047, 2049, 12_345_678, 2 ** 31 + 12_345, 5e9 + 7, NS_MAX]) {
    const expected = {
      min: value,
      mean: value,
      p50: value,
      p75: value,
      p90: value,
      p95: value,
      p99: value,
      p99_9: value,
      max: value,
    };
    t.same(histogramOf([value]).summary(), { count: 1, ...expected }, `${value} ns`);
  }
});

t.test('percentiles are those of the sorted values to within 0.1 %', async (t) => {
  const ranks = [
    ['p50', 500],
    ['p75', 750],
    ['p90', 900],
    ['p95', 950],
    ['p99', 990],
    ['p99_9', 999],
  ] as const;
  fc.assert(
    fc.property(fc.array(valueNs, { minLength: 1, maxLength: 2500, size: 'max' }), (values) => {
      const sorted = [...values].sort((a, b) => a - b);
      const summary = histogramOf(values).summary();
      return ranks.every(([name, perMille]) => {
        // The nearest rank: the smallest value that this share of all values does not exceed.
        const exact = sorted[Math.ceil((sorted.length * perMille) / 1000) - 1]!;
        return Math.abs(summary[name] - exact) <= exact / 1000;
      });
    }),
  );
  t.pass('held in every run');
});

t.test('percentiles are those of hdr-histogram-js', async (t) => {
  const percentiles = [
    ['p50', 50],
    ['p75', 75],
    ['p90', 90],
    ['p95', 95],
    ['p99', 99],
    ['p99_9', 99.9],
  ] as const;
  fc.assert(
    fc.property(fc.array(valueNs, { minLength: 1, maxLength: 2500, size: 'max' }), (values) => {
      const theirs = newHdr();
      for (const value of values) theirs.recordValue(value);
      const summary = histogramOf(values).summary();
      // Theirs is the upper end of a bucket, also where that is more than the maximum.
      return percentiles.every(([name, percentile]) => {
        return summary[name] === Math.min(summary.max, theirs.getValueAtPercentile(percentile));
      });
    }),
  );
  t.pass('held in every run');
});

t.test('count, minimum, mean and maximum are exact', async (t) => {
  fc.assert(
    fc.property(fc.array(valueNs, { minLength: 1, maxLength: 300, size: 'max' }), (values) => {
      const { count, min, mean, max } = histogramOf(values).summary();
      const sum = values.reduce((total, value) => total + value, 0);
      return (
        count === values.length &&
        min === Math.min(...values) &&
        max === Math.max(...values) &&
        mean === Math.round(sum / values.length)
      );
    }),
  );
  t.pass('held in every run');
});

t.test('percentiles are ordered and within minimum and maximum', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(valueNs, fc.double({ min: 0, max: 1e7, noNaN: true })), { minLength: 1 }),
      (values) => {
        const { min, p50, p75, p90, p95, p99, p99_9, max } = histogramOf(values).summary();
        const row = [min, p50, p75, p90, p95, p99, p99_9, max];
        return row.every((value, i) => Number.isInteger(value) && (i === 0 || value >= row[i - 1]!));
      },
    ),
  );
  t.pass('held in every run');
});

t.test('merging the parts is recording everything in one', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.array(valueNs, { maxLength: 200, size: 'max' }), { minLength: 1, maxLength: 5 }),
      (parts) => {
        const merged = histogramOf(...parts).summary();
        const single = histogramOf(parts.flat()).summary();
        // The sums of doubles may differ in the last digit with their order.
        return (
          Math.abs(merged.mean - single.mean) <= 1 &&
          JSON.stringify({ ...merged, mean: 0 }) === JSON.stringify({ ...single, mean: 0 })
        );
      },
    ),
  );
  t.pass('held in every run');
});

t.test('percentiles are not averaged: a slow second is not hidden by many fast ones', async (t) => {
  const fast = new Array<number>(900).fill(100_000);
  const slow = new Array<number>(100).fill(2e9);
  const { p50, p90, p99 } = histogramOf(fast, slow).summary();
  t.ok(Math.abs(p50 - 100_000) <= 100, `p50 ${p50}`);
  t.ok(Math.abs(p90 - 100_000) <= 100, `p90 ${p90}`);
  t.equal(p99, 2e9);
});

t.test('a bucket counts beyond 2^32', async (t) => {
  const histogram = countsOf([[1000, 3e9], 5_000_000]);
  histogram.join(countsOf([[1000, 3e9], 7_000_000]));
  const filled: (readonly [valueNs: number, count: number])[] = [];
  histogram.forEachFilled((valueNs, count) => filled.push([valueNs, count]));
  t.same(
    filled.map(([, count]) => count),
    [6e9, 1, 1],
  );
  t.match(histogram.summary(), { count: 6e9 + 2, min: 1000, p50: 1000, p99_9: 1000, max: 7_000_000 });
});
