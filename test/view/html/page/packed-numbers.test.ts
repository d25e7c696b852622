import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { bucketOf, lowestAt } from '../../../../src/count/histogram.ts';
import {
  decodeLists,
  encodeLists,
  type CodedList,
  type Numbers,
} from '../../../../src/view/html/page/packed-numbers.ts';
import { holds } from '../../../support/property.ts';

const highest = (valueNs: number): number => lowestAt(bucketOf(valueNs) + 1) - 1;

/** As it travels: as text. */
const travelled = (lists: readonly Numbers[]): Numbers[] =>
  decodeLists(JSON.parse(JSON.stringify(encodeLists(lists))) as CodedList[]);

t.test('whatever is coded comes back to the last digit', (t) => {
  const percentile = fc.double({ min: 0, max: 4e12, noNaN: true }).map(highest);
  const number = fc.oneof(
    { weight: 6, arbitrary: percentile },
    fc.integer({ min: -5, max: 5000 }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constant(null),
  );
  // JSON has one zero.
  const list = fc.array(
    number.map((value) => (value === 0 ? 0 : value)),
    { maxLength: 40 },
  );
  holds(
    t,
    fc.property(fc.array(list, { maxLength: 6 }), (lists) => {
      t.strictSame(travelled(lists), lists);
    }),
  );
  t.end();
});

t.test('a list takes the shortest of its ways', (t) => {
  const seconds = Array.from({ length: 50 }, (_, second) => second);
  const p50 = seconds.map((second) => highest(3e6 + ((second * 7919) % 101) * 9e4));
  const p90 = p50.map((valueNs) => highest(valueNs * 1.02));
  const rates = seconds.map((second) => second + 0.25);
  const coded = encodeLists([seconds, p50, p90, rates]);
  t.same(
    coded.map(([first]) => first),
    ['t', 't', 'p', 0.25],
  );
  t.same(decodeLists(coded), [seconds, p50, p90, rates]);
  const bytes = (value: unknown): number => gzipSync(JSON.stringify(value)).length;
  t.ok(bytes(coded) < bytes([seconds, p50, p90, rates]) * 0.8);
  t.end();
});
