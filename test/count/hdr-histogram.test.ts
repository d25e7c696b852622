import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import t from 'tap';
import { encodeHistogram, percentileTable } from '../../src/count/hdr-histogram.ts';
import { NS_MAX, bucketOf } from '../../src/count/histogram.ts';
import { histogramOf } from '../support/histograms.ts';

/**
 * Written by HdrHistogram 2.1.11 for Java, as `new Histogram(1, 3600000000000L, 3)` encodes itself into compressed bytes: i⁴ × 431
 * for i from 0 to 299, 70 000 times 1, 2047 and 2048.
 */
const FROM_JAVA =
  'HISTFAAAAbJ4nFWPb0RdcRjH7/M5t7urSEwv2h9JapKp68rkSJKVzGSSZJJrZjJJZi8mM9m45pqZzFyTSpLpxSSx5OrFlfQi04vJlRh7MTNjmb3o3Z7fc86x2/n4nvPznOf7/Z5z5cXcxViMrVhweeFT9NjX/mkx1v07GPB1N1lKMF8Hfy/xspnTOgq17NdQrGatioNKflVycIGzJJsJcknyFbxOkE+wHnfnwwqKHtk4X+IsxZn1WPf47rnzHnyGP5D32PE4ghwsQwFKNj+GI+GHcCbu1QJs4Fw63BJ2hUPhRPhpC1l4B2tCXlgWPggbQiFaKwnf7D7DrO4Kr4Q54b2wIKwKH4VNYdvWdf6ASaZ5zBOehvs54Y3wNrKsCM8Y5q4yzj3uM8FDpnj03/M8qsnQzy1lkDvKMCOMMqZEvgntmrK2DD5ddCs99HJT6WdAnbcV5x4y94i1jul2RjNSSpoO5Ybh06kZvqUEOb2W45LKs1xai9HKdVObKRUmpstSOw3fvq6rLLnHvtGnkQZVI02ma6aAIN/JNQS4nlTYlC5riv4gaGviMldD6k2OBlPA+daIqPcf/u5/BA==';

/** What is compressed: the result of compressing depends on the version of zlib. */
function payload(encoded: string): Buffer {
  const bytes = Buffer.from(encoded, 'base64');
  t.equal(bytes.readInt32BE(0), 0x1c849314, 'the cookie of V2, compressed');
  t.equal(bytes.readInt32BE(4), bytes.length - 8, 'and the length');
  return inflateSync(bytes.subarray(8));
}

/** What hdr-histogram-js keeps to itself. */
interface Counts {
  readonly totalCount: number;
  getCountAtIndex(index: number): number;
}

function decode(encoded: string): Counts {
  return decodeFromCompressedBase64(encoded, 64, false) as unknown as Counts;
}

t.test('byte for byte what the first implementation writes', async (t) => {
  const values = Array.from({ length: 300 }, (_, i) => i ** 4 * 431);
  t.same(payload(encodeHistogram(histogramOf([...values, [1, 70_000], 2047, 2048]))), payload(FROM_JAVA));
});

t.test('the header that hdr-histogram-js 3.0.1 gets wrong', async (t) => {
  const header = payload(encodeHistogram(histogramOf([1000, 2000])));
  t.equal(header.readInt32BE(8), 0, 'no offset');
  t.equal(header.readInt32BE(12), 3, 'three digits');
  t.equal(header.readBigInt64BE(16), 1n, 'from 1 ns');
  t.equal(header.readBigInt64BE(24), 3_600_000_000_000n, 'to an hour');
  t.equal(header.readDoubleBE(32), 1, 'and values as they are');
});

const valueNs = fc.oneof(
  fc.integer({ min: 0, max: NS_MAX }),
  fc.double({ min: 0, max: 12.55, noNaN: true }).map((exponent) => 10 ** exponent),
);

t.test('every count arrives in its bucket', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(valueNs, fc.integer({ min: 1, max: 1e6 })), { maxLength: 60 }), (values) => {
      const histogram = histogramOf(values);
      const decoded = decode(encodeHistogram(histogram));
      t.equal(decoded.totalCount, histogram.count);
      for (const [value] of values) {
        const bucket = bucketOf(value);
        t.equal(decoded.getCountAtIndex(bucket), histogram.counts[bucket]);
      }
    }),
    { numRuns: 60 },
  );
});

t.test('the whole is the sum of its seconds', async (t) => {
  const seconds = [[10, 5_000_000, 70_000], [12, 70_001], [], [3_000_000_000]];
  const whole = histogramOf(seconds.flat());
  const decoded = seconds.map((values) => decode(encodeHistogram(histogramOf(values))));
  for (const value of seconds.flat()) {
    const bucket = bucketOf(value);
    const sum = decoded.reduce((total, second) => total + second.getCountAtIndex(bucket), 0);
    t.equal(sum, whole.counts[bucket]);
  }
});

t.test('nothing, the longest, and what is beyond it', async (t) => {
  t.equal(decode(encodeHistogram(histogramOf([]))).totalCount, 0);
  for (const value of [NS_MAX, NS_MAX * 3]) {
    t.equal(decode(encodeHistogram(histogramOf([5, value]))).getCountAtIndex(bucketOf(NS_MAX)), 1);
  }
});

t.test('a percentile table has the percentiles of the summary', async (t) => {
  const histogram = histogramOf(Array.from({ length: 1000 }, (_, i) => (i + 1) * 1_237));
  const lines = percentileTable(histogram).split('\n');
  t.match(lines[0], /^ +Value +Percentile TotalCount 1\/\(1-Percentile\)$/);
  const { p50, p75, p90, max } = histogram.summary();
  for (const [value, percentile, count] of [
    [p50, '0.500000000000', 500],
    [p75, '0.750000000000', 750],
    [p90, '0.900000000000', 900],
  ] as const) {
    const [us, , total] = lines
      .find((line) => line.includes(` ${percentile} `))!
      .trim()
      .split(/ +/);
    t.equal(us, (value / 1e3).toFixed(3));
    t.ok(Number(total) >= count && Number(total) <= count + 1, 'those in the same bucket come with it');
  }
  t.match(lines.at(-3), `#[Max     = ${(max / 1e3).toFixed(3).padStart(12)}, Total count    =         1000]`);
});
