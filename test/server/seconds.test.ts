/** The seconds of a server: differences whose sums are the totals. */
import t from 'tap';
import type { ServerCounts } from '../../src/document/server.ts';
import { COMPLETED, ListenerCounters, REJECTED } from '../../src/server/counters.ts';
import { serverCounts } from '../../src/server/counts.ts';
import type { PacketReading } from '../../src/judge/packet-evidence.ts';
import { ServerSeconds } from '../../src/server/seconds.ts';
import { ECONNRESET } from '../../src/kernel/errno.ts';

const counts = (changes: Partial<ServerCounts> = {}): ServerCounts => ({
  accepted: 0,
  completed: 0,
  rejected: 0,
  idle_closed: 0,
  aborted: 0,
  listeners: [{ accepted: 0, completed: 0, rejected: 0 }],
  bytes: { sent: 0, received: 0 },
  errors: {},
  ...changes,
});

t.test('each second has what was added since the one before', async (t) => {
  let now = 5_000_000_000n;
  let read = { counts: counts(), open: 0 };
  const seconds = new ServerSeconds({ read: () => read, originNs: 5_000_000_000n, nowNs: () => now });
  t.same(seconds.total, counts());
  now += 1_000_400_000n;
  read = {
    counts: counts({ accepted: 10, completed: 7, errors: { reset: 1 }, bytes: { sent: 5, received: 6 } }),
    open: 2,
  };
  t.match(seconds.next(), {
    type: 'server-second',
    second: 0,
    startNs: 0,
    counts: { start_sec: 0, length_sec: 1, accepted: 10, completed: 7, errors: { reset: 1 }, open: 2 },
  });
  now += 500_000_000n;
  read = {
    counts: counts({
      accepted: 12,
      completed: 11,
      errors: { reset: 1, early_eof: 3 },
      listeners: [{ accepted: 12, completed: 11, rejected: 0 }],
      bytes: { sent: 9, received: 6 },
    }),
    open: 0,
  };
  const last = seconds.next();
  t.equal(last.second, 1);
  t.equal(last.startNs, 1_000_400_000);
  t.same(last.counts, {
    ...counts({ accepted: 2, completed: 4, errors: { early_eof: 3 }, bytes: { sent: 4, received: 0 } }),
    listeners: [{ accepted: 12, completed: 11, rejected: 0 }],
    start_sec: 1,
    length_sec: 0.5,
    open: 0,
  });
  t.equal(seconds.total, read.counts);
});

t.test('datagrams that were dropped are there from the second on in which there are any', async (t) => {
  const none = { replies: 0, server_ports: 0, over_rate: 0 };
  const readings = [
    { received: 3, sent: 3 },
    { received: 5, sent: 4, dropped: { ...none, replies: 1 } },
    { received: 6, sent: 5, dropped: { ...none, replies: 1 } },
  ];
  const seconds = new ServerSeconds({
    read: () => ({ counts: counts({ datagrams: readings.shift()! }), open: 0 }),
    originNs: 0n,
  });
  t.same(
    [seconds.next(), seconds.next(), seconds.next()].map((second) => second.counts.datagrams),
    [
      { received: 3, sent: 3 },
      { received: 2, sent: 1, dropped: { ...none, replies: 1 } },
      { received: 1, sent: 1 },
    ],
  );
});

t.test('what is open, and what a listener that died had open', async (t) => {
  const [alive, dead] = [0, 1].map(() => new ListenerCounters(ListenerCounters.createMemory()));
  for (const each of [alive!, dead!]) {
    for (let count = 0; count < 5; count++) each.acceptedAt(count);
    each.add(COMPLETED, 2);
    each.connectionError(ECONNRESET);
    each.add(REJECTED, 1);
  }
  const pool = { counters: [alive!, dead!], countersOf: () => [alive!, dead!] };
  t.equal(serverCounts({ ...pool, failures: [] }, 0).open, 4);
  const failure = { listener: 1, code: 'worker_failed', message: 'x', hint: '' };
  const { counts, open } = serverCounts({ ...pool, failures: [failure] }, 1);
  t.equal(open, 2);
  t.match(counts, { accepted: 10, completed: 4, rejected: 2, aborted: 2 });
  t.same(counts.errors, { reset: 2, worker_failed: 1, work_thread_failed: 1 });
});

t.test('with the packet engine each second has what its counts moved by, and the total all of it', async (t) => {
  const readings = [{ sent: 5 }, { sent: 9, 'retransmits.syn': 1 }, { sent: 9, 'retransmits.syn': 1 }];
  const readPacket = (): PacketReading => new Map(Object.entries(readings.shift()!));
  const seconds = new ServerSeconds({ read: () => ({ counts: counts(), open: 0 }), originNs: 0n, readPacket });
  t.same(
    [seconds.next(), seconds.next()].map((second) => second.counts.packet),
    [{ sent: 4, 'retransmits.syn': 1 }, {}],
  );
  t.match(seconds.packet, { sent: 4, retransmits: { syn: 1, data: 0, fin: 0 } });
  const without = new ServerSeconds({ read: () => ({ counts: counts(), open: 0 }), originNs: 0n });
  t.notOk('packet' in without.next().counts);
  t.equal(without.packet, undefined);
});
