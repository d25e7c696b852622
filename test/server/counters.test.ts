import t from 'tap';
import { EAGAIN, ECONNRESET, EMFILE, EPIPE } from '../../src/kernel/errno.ts';
import { ACCEPTED, COMPLETED, EARLY_EOF, ListenerCounters } from '../../src/server/counters.ts';
import { acceptingOf } from '../../src/server/run.ts';

t.test('errors by class, only those that happened', async (t) => {
  const counters = new ListenerCounters(ListenerCounters.createMemory());
  counters.connectionError(ECONNRESET);
  counters.connectionError(ECONNRESET);
  counters.connectionError(EPIPE);
  counters.acceptError(EMFILE);
  counters.acceptError(ECONNRESET);
  counters.add(EARLY_EOF, 1);
  const sums: Record<string, number> = { reset: 1 };
  counters.sumErrors(sums);
  t.strictSame(sums, { reset: 3, other_EPIPE: 1, accept_EMFILE: 1, accept_ECONNRESET: 1, early_eof: 1 });
  t.equal(counters.connectionErrors, 4, 'those of accept are of no connection');
});

t.test('an errno without a place of its own is counted all the same', async (t) => {
  const counters = new ListenerCounters(ListenerCounters.createMemory());
  counters.connectionError(4000);
  counters.acceptError(4000);
  counters.connectionError(EAGAIN);
  t.equal(counters.connectionErrors, 2);
});

t.test('another view of the memory sees the same', async (t) => {
  const memory = ListenerCounters.createMemory();
  const counters = new ListenerCounters(memory);
  counters.add(ACCEPTED, 3);
  counters.add(COMPLETED, 2);
  const reader = new ListenerCounters(memory);
  t.equal(reader.get(ACCEPTED), 3);
  t.equal(reader.get(COMPLETED), 2);
});

t.test('the average is over the time from the first connection to the last, of all listeners', async (t) => {
  const acceptedAt = (...atMs: number[]): ListenerCounters => {
    const counters = new ListenerCounters(ListenerCounters.createMemory());
    for (const ms of atMs) counters.acceptedAt(ms * 1e6);
    return counters;
  };
  // An idle minute before and any time after count for nothing; nor does a listener that nothing came to.
  t.same(acceptingOf([acceptedAt(60_500, 61_000), acceptedAt(60_000, 62_000), acceptedAt()]), {
    accepting: { duration_sec: 2, rate_per_sec: 1.5 },
  });
  t.same(acceptingOf([acceptedAt(5000)]), {}, 'one connection has no rate');
  t.same(acceptingOf([acceptedAt(5000, 5001)]), {}, 'nor has what came within a moment');
  t.same(acceptingOf([acceptedAt()]), {});
});
