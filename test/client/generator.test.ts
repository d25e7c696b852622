import t from 'tap';
import { errnoNumber } from '../../src/kernel/errno.ts';
import type { OutcomeName } from '../../src/document/outcome.ts';
import type { Finish } from '../../src/plan/exchange/finish.ts';
import { CLOSING, CONNECTING, ESTABLISHED, FREE } from '../support/fake-engine.ts';
import { BASE_NS, MS, RoundBench, SEC, benchOfOne } from './round-bench.ts';

/** What a peer does, in order, after the connection was established. */
type Event = readonly ['sent' | 'received', number] | readonly ['ended'];

interface Exchange {
  readonly name: string;
  readonly finish: Finish;
  readonly payloadBytes: number;
  readonly events: readonly Event[];
  /** Undefined: the connection is still open. */
  readonly outcome: OutcomeName | undefined;
}

const halfClose: Finish = { kind: 'half-close' };
const eof: Finish = { kind: 'eof' };
const echo: Finish = { kind: 'echo' };
const bytes10: Finish = { kind: 'bytes', bytes: 10 };

const exchanges: readonly Exchange[] = [
  {
    name: 'half-close: sent, answered, ended',
    finish: halfClose,
    payloadBytes: 64,
    events: [['sent', 64], ['received', 500], ['received', 12], ['ended']],
    outcome: 'ok',
  },
  {
    name: 'half-close: no answer, ended',
    finish: halfClose,
    payloadBytes: 64,
    events: [['sent', 64], ['ended']],
    outcome: 'ok',
  },
  { name: 'half-close: nothing to send', finish: halfClose, payloadBytes: 0, events: [['ended']], outcome: 'ok' },
  {
    name: 'half-close: answered but not ended',
    finish: halfClose,
    payloadBytes: 64,
    events: [
      ['sent', 64],
      ['received', 1e9],
    ],
    outcome: undefined,
  },
  {
    name: 'half-close: ended before all was sent',
    finish: halfClose,
    payloadBytes: 64,
    events: [['sent', 63], ['received', 500], ['ended']],
    outcome: 'short_response',
  },
  {
    name: 'eof: sent in pieces, answered, ended',
    finish: eof,
    payloadBytes: 64,
    events: [['sent', 40], ['sent', 24], ['received', 1], ['ended']],
    outcome: 'ok',
  },
  { name: 'eof: nothing sent, nothing answered', finish: eof, payloadBytes: 0, events: [['ended']], outcome: 'ok' },
  {
    name: 'eof: ended before anything was sent',
    finish: eof,
    payloadBytes: 1,
    events: [['ended']],
    outcome: 'short_response',
  },
  {
    name: 'echo: all back',
    finish: echo,
    payloadBytes: 64,
    events: [
      ['sent', 64],
      ['received', 64],
    ],
    outcome: 'ok',
  },
  {
    name: 'echo: back in pieces',
    finish: echo,
    payloadBytes: 64,
    events: [
      ['sent', 32],
      ['received', 32],
      ['sent', 32],
      ['received', 31],
      ['received', 1],
    ],
    outcome: 'ok',
  },
  {
    name: 'echo: one byte missing',
    finish: echo,
    payloadBytes: 64,
    events: [
      ['sent', 64],
      ['received', 63],
    ],
    outcome: undefined,
  },
  {
    name: 'echo: ended with one byte missing',
    finish: echo,
    payloadBytes: 64,
    events: [['sent', 64], ['received', 63], ['ended']],
    outcome: 'short_response',
  },
  { name: 'echo: of nothing', finish: echo, payloadBytes: 0, events: [], outcome: 'ok' },
  {
    name: 'bytes:10: as many',
    finish: bytes10,
    payloadBytes: 3,
    events: [
      ['sent', 3],
      ['received', 10],
    ],
    outcome: 'ok',
  },
  {
    name: 'bytes:10: more than that',
    finish: bytes10,
    payloadBytes: 3,
    events: [
      ['sent', 3],
      ['received', 4000],
    ],
    outcome: 'ok',
  },
  {
    name: 'bytes:10: fewer',
    finish: bytes10,
    payloadBytes: 3,
    events: [
      ['sent', 3],
      ['received', 9],
    ],
    outcome: undefined,
  },
  {
    name: 'bytes:10: fewer, ended',
    finish: bytes10,
    payloadBytes: 3,
    events: [['sent', 3], ['received', 9], ['ended']],
    outcome: 'short_response',
  },
  { name: 'connect', finish: { kind: 'connect' }, payloadBytes: 0, events: [], outcome: 'ok' },
];

for (const { name, finish, payloadBytes, events, outcome } of exchanges) {
  t.test(name, async (t) => {
    const { bench, slot } = benchOfOne({ finish, payloadBytes });
    const { engine } = bench;
    engine.releasesAtOnce = false;
    engine.connect(slot);
    for (const [what, bytes = 0] of events) {
      t.equal(engine.closes.length, 0, `open until ${what}`);
      if (what === 'sent') engine.send(slot, bytes);
      else if (what === 'received') engine.receive(slot, bytes);
      else engine.end(slot);
    }
    const sumOf = (what: string): number =>
      events.reduce((sum, [each, bytes = 0]) => sum + (each === what ? bytes : 0), 0);
    if (outcome === undefined) {
      t.equal(engine.states[slot], ESTABLISHED);
      engine.fail(slot, errnoNumber('ECONNRESET'));
    }
    t.equal(engine.states[slot], CLOSING);
    t.same(engine.closes, [{ slot, reset: false, atNs: BASE_NS }]);
    engine.release(slot);
    bench.runOut();
    t.same(bench.outcomes, { [outcome ?? 'reset']: 1 });
    t.same(bench.counts, { scheduled: 1, started: 1, missed: 0, established: 1 });
    t.same([bench.total.bytesSent, bench.total.bytesReceived], [sumOf('sent'), sumOf('received')]);
  });
}

t.test('every clock runs from where the contract says', async (t) => {
  const bench = new RoundBench({ durationNs: MS, payloadBytes: 64 });
  // Due at the base and started 7 ms later.
  bench.jumpTo(7 * MS);
  bench.step();
  const { clock, engine } = bench;
  const { slot } = engine.opens[0]!;
  clock.advance(2 * MS);
  engine.connect(slot);
  clock.advance(3 * MS);
  engine.send(slot, 64);
  clock.advance(4 * MS);
  engine.receive(slot, 10);
  clock.advance(5 * MS);
  engine.receive(slot, 10);
  clock.advance(6 * MS);
  engine.end(slot);
  bench.runOut();
  const expected = { schedule_lag: 7, connect: 2, first_byte: 9, total: 20, corrected_total: 27 } as const;
  for (const [name, ms] of Object.entries(expected) as [keyof typeof expected, number][]) {
    const { count, min, max } = bench.latency(name);
    t.same({ count, min, max }, { count: 1, min: ms * MS, max: ms * MS }, name);
  }
});

t.test('the first byte is the first one, and only if one came', async (t) => {
  const answered = benchOfOne({ finish: { kind: 'bytes', bytes: 2 } });
  answered.engine.connect(answered.slot);
  answered.bench.clock.advance(MS);
  answered.engine.receive(answered.slot, 1);
  answered.bench.clock.advance(MS);
  answered.engine.receive(answered.slot, 1);
  answered.bench.runOut();
  t.match(answered.bench.latency('first_byte'), { count: 1, max: MS });
  t.match(answered.bench.latency('total'), { count: 1, max: 2 * MS });

  const silent = benchOfOne();
  silent.engine.connect(silent.slot);
  silent.engine.end(silent.slot);
  silent.bench.runOut();
  t.equal(silent.bench.latency('first_byte').count, 0);
});

const failures: readonly [errno: string, connecting: OutcomeName, established: OutcomeName][] = [
  ['ECONNREFUSED', 'refused', 'refused'],
  ['ECONNRESET', 'reset', 'reset'],
  ['EPIPE', 'reset', 'reset'],
  ['EHOSTUNREACH', 'unreachable', 'unreachable'],
  ['ENETUNREACH', 'unreachable', 'unreachable'],
  ['ETIMEDOUT', 'connect_timeout', 'exchange_timeout'],
  ['EMFILE', 'fd_exhausted', 'fd_exhausted'],
  ['EADDRNOTAVAIL', 'source_exhausted', 'source_exhausted'],
  ['EACCES', 'other', 'other'],
];

for (const [name, connecting, established] of failures) {
  t.test(`${name} while connecting is ${connecting}`, async (t) => {
    const { bench, slot, engine } = benchOfOne();
    bench.clock.advance(3 * MS);
    engine.fail(slot, errnoNumber(name));
    bench.runOut();
    t.equal(engine.closes.length, 1, 'the driver answers with close');
    t.same(bench.outcomes, { [connecting]: 1 });
    t.same(bench.total.errnoCounts(), { [name]: 1 });
    // Timed out by the kernel is timed out: the time it took counts.
    const timed = connecting === 'connect_timeout' ? 1 : 0;
    t.same(bench.latencyCounts, { schedule_lag: 1, connect: 0, first_byte: 0, total: timed, corrected_total: timed });
    if (timed === 1) t.equal(bench.latency('total').max, 3 * MS);
  });

  t.test(`${name} after it was established is ${established}`, async (t) => {
    const { bench, slot, engine } = benchOfOne();
    engine.connect(slot);
    engine.fail(slot, errnoNumber(name));
    bench.runOut();
    t.equal(engine.closes.length, 1);
    t.same(bench.outcomes, { [established]: 1 });
    t.same(bench.total.errnoCounts(), { [name]: 1 });
    t.same(bench.counts, { scheduled: 1, started: 1, missed: 0, established: 1 });
    const timed = established === 'exchange_timeout' ? 1 : 0;
    t.same(bench.latencyCounts, { schedule_lag: 1, connect: 1, first_byte: 0, total: timed, corrected_total: timed });
  });

  t.test(`${name} from open is ${connecting}, and the engine is asked nothing more`, async (t) => {
    const bench = new RoundBench({ durationNs: MS });
    bench.engine.openErrno = () => errnoNumber(name);
    bench.step();
    bench.runOut();
    t.equal(bench.engine.opens.length, 1);
    t.equal(bench.engine.closes.length, 0, 'the slot is still free');
    t.same(bench.outcomes, { [connecting]: 1 });
    t.same(bench.total.errnoCounts(), { [name]: 1 });
    t.same(bench.counts, { scheduled: 1, started: 1, missed: 0, established: 0 });
  });
}

t.test('a short response has an outcome and no errno', async (t) => {
  const { bench, slot, engine } = benchOfOne({ finish: echo, payloadBytes: 5 });
  engine.connect(slot);
  engine.end(slot);
  bench.runOut();
  t.same(bench.outcomes, { short_response: 1 });
  t.same(bench.total.errnoCounts(), {});
  t.equal(bench.latencyCounts.total, 0);
});

t.test('with --close rst every close is a reset', async (t) => {
  const bench = new RoundBench({ durationNs: 4 * MS, close: 'rst', finish: echo, payloadBytes: 1 });
  bench.runTo(3 * MS);
  const [a, b, c, d] = bench.engine.slots(CONNECTING);
  bench.engine.connect(a!);
  bench.engine.receive(a!, 1);
  bench.engine.connect(b!);
  bench.engine.end(b!);
  bench.engine.fail(c!, errnoNumber('ECONNREFUSED'));
  bench.engine.connect(d!);
  bench.runOut();
  t.same(
    bench.engine.closes.map(({ reset }) => reset),
    [true, true, true, true],
  );
});

t.test('a slot carries nothing over from its last attempt', async (t) => {
  const bench = new RoundBench({ durationNs: 2 * MS, capacity: 1, finish: bytes10, payloadBytes: 8 });
  bench.step();
  bench.engine.connect(0);
  bench.engine.send(0, 8);
  bench.engine.receive(0, 10);
  t.equal(bench.engine.states[0], FREE);
  bench.runTo(MS);
  bench.engine.connect(0);
  bench.engine.receive(0, 9);
  t.equal(bench.engine.states[0], ESTABLISHED, 'nine bytes are not enough the second time either');
  bench.engine.receive(0, 1);
  bench.runOut();
  t.same(bench.outcomes, { ok: 2 });
  t.match(bench.latencyCounts, { first_byte: 2, connect: 2, total: 2 });
});

t.test('nor what the last one sent', async (t) => {
  const bench = new RoundBench({ durationNs: 2 * MS, capacity: 1, finish: eof, payloadBytes: 8 });
  for (const sent of [8, 0]) {
    bench.step();
    bench.engine.connect(0);
    if (sent > 0) bench.engine.send(0, sent);
    bench.engine.end(0);
    bench.clock.advance(MS);
  }
  bench.runOut();
  t.same(bench.outcomes, { ok: 1, short_response: 1 });
});

t.test('what an engine has timed is as late as the last reading of the clock says', async (t) => {
  for (const [timesEvents, expectedNs] of [
    [true, 2 * MS],
    [undefined, 5 * MS],
  ] as const) {
    const options = { durationNs: MS, capacity: 1, finish: echo, payloadBytes: 8 };
    const bench = new RoundBench({ ...options, ...(timesEvents && { timesEvents }) });
    bench.step();
    bench.clock.advance(2 * MS);
    bench.clock.tick();
    // Other frames of the batch keep the thread.
    bench.clock.advance(3 * MS);
    bench.engine.connect(0);
    bench.engine.send(0, 8);
    bench.engine.receive(0, 8);
    bench.runOut();
    t.same(bench.outcomes, { ok: 1 });
    for (const name of ['connect', 'first_byte', 'total'] as const) t.equal(bench.latency(name).max, expectedNs, name);
  }
});

t.test('a slot that the engine has not released is not used again', async (t) => {
  const bench = new RoundBench({ durationNs: 3 * MS, capacity: 1, finish: { kind: 'connect' } });
  bench.engine.releasesAtOnce = false;
  bench.step();
  bench.engine.connect(0);
  bench.runTo(MS);
  t.equal(bench.total.started + bench.engine.opens.length, 1);
  bench.engine.release(0);
  bench.runTo(2 * MS);
  t.equal(bench.engine.opens.length, 2);
  bench.engine.connect(0);
  bench.engine.release(0);
  bench.runOut();
  t.same(bench.counts, { scheduled: 3, started: 2, missed: 1, established: 2 });
});

t.test('a round ends only when the last slot is released', async (t) => {
  const { bench, slot, engine } = benchOfOne({ finish: { kind: 'connect' } });
  engine.releasesAtOnce = false;
  engine.connect(slot);
  bench.runTo(3 * SEC);
  t.equal(bench.hasEnded, false);
  engine.release(slot);
  bench.step();
  t.equal(bench.hasEnded, true);
});

t.test('a second round begins with clear figures', async (t) => {
  const { bench, slot, engine } = benchOfOne({ finish: { kind: 'connect' } });
  engine.connect(slot);
  bench.runOut();
  t.same(bench.outcomes, { ok: 1 });
  bench.clock.advance(SEC);
  bench.begin(bench.clock.atNs + 10 * MS);
  bench.runTo(bench.clock.atNs - BASE_NS + 10 * MS);
  t.equal(engine.opens.length, 2);
  t.equal(engine.opens[1]!.atNs, bench.pacer.baseNs);
  engine.fail(slot, errnoNumber('ECONNREFUSED'));
  bench.runOut();
  t.same(bench.outcomes, { refused: 1 });
  t.same(bench.counts, { scheduled: 1, started: 1, missed: 0, established: 0 });
});
