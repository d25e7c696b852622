import fc from 'fast-check';
import t from 'tap';
import { didYouMean, editDistance, nearest } from '../../src/cli/suggest.ts';

t.test('distance', (t) => {
  t.equal(editDistance('rate', 'rate'), 0);
  t.equal(editDistance('raet', 'rate'), 1, 'a swap is one slip');
  t.equal(editDistance('rte', 'rate'), 1);
  t.equal(editDistance('', 'rate'), 4);
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => editDistance(a, b) === editDistance(b, a)));
  t.end();
});

t.test('nearest', (t) => {
  const names = ['--rate', '--duration', '--max-in-flight', '--payload', '--payload-size'];
  t.equal(nearest('--raet', names), '--rate');
  t.equal(nearest('--max-inflight', names), '--max-in-flight');
  t.equal(nearest('--dur', names), '--duration', 'an abbreviation');
  t.equal(nearest('--xyzzy', names), null);
  t.equal(didYouMean('--RATE', names), '; did you mean --rate?');
  t.equal(didYouMean('--xyzzy', names), '');
  t.end();
});
