/** Histograms that were encoded are read back, and what is none is refused. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import t from 'tap';
import { decodeHistogram } from '../../src/count/hdr-decode.ts';
import { encodeHistogram } from '../../src/count/hdr-histogram.ts';
import { bucketOf, lowestAt, NS_MAX } from '../../src/count/histogram.ts';
import { histogramOf } from '../support/histograms.ts';

t.test('any histogram comes back with its buckets and counts', async (t) => {
  let tried = 0;
  const value = fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.double({ min: 0, max: NS_MAX, noNaN: true }));
  const entries = fc.array(fc.tuple(value.map(Math.floor), fc.integer({ min: 1, max: 1_000_000 })), { maxLength: 40 });
  fc.assert(
    fc.property(entries, (pairs) => {
      tried++;
      const histogram = histogramOf(pairs);
      const decoded = decodeHistogram(encodeHistogram(histogram));
      if (decoded === null) return false;
      const expected = new Map<number, number>();
      for (const [valueNs, times] of pairs)
        expected.set(bucketOf(valueNs), (expected.get(bucketOf(valueNs)) ?? 0) + times);
      return (
        decoded.total === histogram.count &&
        decoded.buckets.every((bucket, index) => expected.get(bucket) === decoded.counts[index]) &&
        decoded.buckets.length === expected.size
      );
    }),
  );
  t.ok(tried >= 100, 'every one was read back');
});

t.test('buckets are those of HdrHistogram', async (t) => {
  const text = encodeHistogram(histogramOf([[1234, 7], [9_876_543, 3], 3_000_000_000]));
  const decoded = decodeHistogram(text)!;
  t.same(
    decoded.buckets.map((bucket) => lowestAt(bucket)),
    [1234, 9_871_360, 2_998_927_360].map((valueNs) => lowestAt(bucketOf(valueNs))),
  );
  t.same(decoded.counts, [7, 3, 1]);
  t.equal(decodeFromCompressedBase64(text).totalCount, decoded.total);
});

t.test('what is no histogram is null', async (t) => {
  const good = Buffer.from(encodeHistogram(histogramOf([[1000, 5]])), 'base64');
  const payloadOf = (bytes: Buffer): string => {
    const envelope = Buffer.from(good.subarray(0, 8));
    return Buffer.concat([envelope, deflateSync(bytes)]).toString('base64');
  };
  const header = Buffer.alloc(40);
  header.writeUInt32BE(0x1c849313, 0);
  header.writeInt32BE(3, 12);
  const endless = Buffer.concat([header, Buffer.from([0x80])]);
  endless.writeInt32BE(1, 4);
  const far = Buffer.concat([header, Buffer.from([0xff, 0xff, 0xff, 0x7f])]);
  far.writeInt32BE(4, 4);
  const cases = {
    nothing: '',
    'another text': 'aGVsbG8gd29ybGQ=',
    'half of one': good.subarray(0, good.length / 2).toString('base64'),
    'a header alone': payloadOf(Buffer.from('short')),
    'a count that is cut off': payloadOf(endless),
    'buckets beyond the layout': payloadOf(far),
    'far more than a histogram has': payloadOf(Buffer.concat([header, Buffer.alloc(10_000_000)])),
  };
  for (const [name, text] of Object.entries(cases)) t.equal(decodeHistogram(text), null, name);
});
