import t from 'tap';
import { Unwatched } from '../../../src/engine/epoll/unwatched.ts';

t.test('gives back what was added, in its order, until it is cleared', (t) => {
  const unwatched = new Unwatched(2);
  t.equal(unwatched.count, 0);
  t.ok(unwatched.add(7, -3));
  t.ok(unwatched.add(1, 4));
  t.equal(unwatched.count, 2);
  t.same([unwatched.slotAt(0), unwatched.generationAt(0)], [7, -3]);
  t.same([unwatched.slotAt(1), unwatched.generationAt(1)], [1, 4]);
  unwatched.clear();
  t.equal(unwatched.count, 0);
  t.end();
});

t.test('refuses what it has no room for', (t) => {
  const unwatched = new Unwatched(1);
  t.ok(unwatched.add(0, 0));
  t.notOk(unwatched.add(1, 0));
  t.equal(unwatched.count, 1);
  t.equal(unwatched.slotAt(0), 0);
  t.end();
});
