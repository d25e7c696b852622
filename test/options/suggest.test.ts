import fc from 'fast-check';
import t from 'tap';
import { meantOption } from '../../src/options/meanings.ts';
import { CLIENT_OPTIONS } from '../../src/options/tables/client.ts';
import { SEARCH_OPTIONS } from '../../src/options/tables/search.ts';
import { SERVER_OPTIONS } from '../../src/options/tables/server.ts';
import { didYouMean, editDistance, nearest } from '../../src/options/suggest.ts';

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

t.test('options of other tools lead to what does the same', (t) => {
  t.match(meantOption('-c', CLIENT_OPTIONS), /^; here it is --max-in-flight \(/);
  t.match(meantOption('-t', CLIENT_OPTIONS), /--workers \(threads\), --duration \(.*\) or --timeout \(/);
  t.match(meantOption('--vus', CLIENT_OPTIONS), /--max-in-flight/);
  t.match(meantOption('--requests', CLIENT_OPTIONS), /--count/);
  t.match(meantOption('--requests', SEARCH_OPTIONS), /^; here it is --duration \(/, 'only what the command has');
  t.match(meantOption('-R', CLIENT_OPTIONS), /--rate/);
  t.match(meantOption('--Threads', CLIENT_OPTIONS), /--workers/);
  t.equal(meantOption('--vus', SERVER_OPTIONS), null, 'nothing of the kind');
  t.equal(meantOption('--raet', CLIENT_OPTIONS), null);
  t.end();
});
