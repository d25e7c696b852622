import fc from 'fast-check';
import t from 'tap';
import { holds } from '../../support/property.ts';
import { Inbox } from '../../../src/fleet/controller/inbox.ts';
import type { Report } from '../../../src/fleet/protocol.ts';

const EMPTY = new Uint8Array(0);

function reportOf(number: number): Report {
  return { run: 'a-run-of-tests', instance: 'i', number, kind: 'stage', stage: 0 };
}

t.test('reports are given in order, each once, however they come', async (t) => {
  const arrivals = fc.integer({ min: 1, max: 40 }).chain((count) =>
    fc.tuple(
      fc.constant(count),
      fc.shuffledSubarray(
        Array.from({ length: 2 * count }, (_, index) => index % count),
        { minLength: count },
      ),
    ),
  );
  holds(
    t,
    fc.property(arrivals, ([, numbers]) => {
      const inbox = new Inbox();
      const given: number[] = [];
      for (const number of numbers) inbox.take(reportOf(number), EMPTY, (report) => given.push(report.number));
      const came = new Set(numbers);
      let whole = 0;
      while (came.has(whole)) whole++;
      return (
        given.length === whole &&
        given.every((number, index) => number === index) &&
        inbox.acknowledged === whole &&
        inbox.missing === Math.max(...numbers, -1) + 1 - came.size
      );
    }),
  );
});

t.test('what is missing is known, and comes again', async (t) => {
  const inbox = new Inbox();
  const given: number[] = [];
  const take = (number: number): void => inbox.take(reportOf(number), EMPTY, (report) => given.push(report.number));
  for (const number of [0, 1, 4, 5]) take(number);
  t.equal(inbox.missing, 2);
  t.equal(inbox.acknowledged, 2, 'the agent sends again from here');
  for (const number of [2, 3, 4, 5]) take(number);
  t.same(given, [0, 1, 2, 3, 4, 5]);
  t.equal(inbox.missing, 0);
});
