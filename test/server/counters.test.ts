import t from 'tap';
import { EAGAIN, ECONNRESET, EMFILE, EPIPE } from '../../src/linux/errno.ts';
import { ACCEPTED, COMPLETED, EARLY_EOF, ListenerCounters } from '../../src/server/counters.ts';

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
