import t from 'tap';
import { KERNEL_PORT, KERNEL_SOURCE } from '../../src/engine/seam/engine.ts';
import { errnoNumber } from '../../src/kernel/errno.ts';
import type { FakeClientEngine } from '../support/fake-engine.ts';
import { CLOSING, CONNECTING, ESTABLISHED } from '../support/fake-engine.ts';
import { BASE_NS, MS, RoundBench, SEC } from './round-bench.ts';
import type { BenchOptions } from './round-bench.ts';

const EADDRINUSE = errnoNumber('EADDRINUSE');
const EADDRNOTAVAIL = errnoNumber('EADDRNOTAVAIL');

const TEN_PORTS = Array.from({ length: 10 }, (_, i) => 4000 + i);

function portsTried(bench: RoundBench): number[] {
  return bench.engine.opens.map(({ port }) => port);
}

t.test('without sources the kernel chooses address and port', async (t) => {
  const bench = new RoundBench({ durationNs: 2 * MS });
  bench.runTo(MS);
  for (const { source, port } of bench.engine.opens) t.same([source, port], [KERNEL_SOURCE, KERNEL_PORT]);
});

t.test('sources are used in turn, and the kernel chooses the port where none are given', async (t) => {
  const bench = new RoundBench({ durationNs: 7 * MS, sources: 3 });
  bench.runTo(6 * MS);
  t.same(
    bench.engine.opens.map(({ source }) => source),
    [0, 1, 2, 0, 1, 2, 0],
  );
  t.ok(portsTried(bench).every((port) => port === KERNEL_PORT));
});

t.test('each source hands out its own ports', async (t) => {
  const bench = new RoundBench({ durationNs: 5 * MS, sources: 2, ports: [4000, 4001] });
  bench.runTo(4 * MS);
  t.same(
    bench.engine.opens.map(({ source, port }) => [source, port]),
    [
      [0, 4000],
      [1, 4000],
      [0, 4001],
      [1, 4001],
    ],
  );
  bench.stop();
  bench.runOut();
  t.equal(bench.outcomes['source_exhausted'], 1);
});

t.test('a worker can use every 4-tuple that is its own, however many workers and sources there are', async (t) => {
  for (const [workers, sources] of [
    [2, 2],
    [2, 4],
    [3, 2],
    [4, 2],
    [4, 6],
  ] as const) {
    for (let worker = 0; worker < workers; worker++) {
      const bench = new RoundBench({ worker, workers, sources, ports: [4000, 4001], durationNs: 200 * MS });
      bench.runTo(200 * MS);
      const opened = new Set(bench.engine.opens.map(({ source, port }) => `${source}:${port}`));
      t.equal(opened.size, 2 * sources, `worker ${worker} of ${workers}, ${sources} sources`);
    }
  }
});

t.test('without a free port an attempt is source_exhausted, once, and the engine is not asked', async (t) => {
  const bench = new RoundBench({ durationNs: 5 * MS, ports: [4000, 4001], timeoutNs: SEC });
  bench.runOut();
  t.same(portsTried(bench), [4000, 4001]);
  t.same(bench.counts, { scheduled: 5, started: 5, missed: 0, established: 0 });
  t.same(bench.outcomes, { source_exhausted: 3, connect_timeout: 2 });
  t.same(bench.total.errnoCounts(), {}, 'nobody reported an error');
  t.same(bench.latencyCounts, { schedule_lag: 5, connect: 0, first_byte: 0, total: 2, corrected_total: 2 });
});

t.test('open answers that the port is taken: the next one is tried, for the same attempt', async (t) => {
  for (const errno of [EADDRINUSE, EADDRNOTAVAIL]) {
    const bench = new RoundBench({ durationNs: MS, ports: TEN_PORTS, finish: { kind: 'connect' } });
    bench.engine.openErrno = (_slot, _source, port) => (port < 4003 ? errno : 0);
    bench.step();
    t.same(portsTried(bench), [4000, 4001, 4002, 4003]);
    bench.engine.connect(bench.engine.opens[3]!.slot);
    bench.runOut();
    t.same(bench.outcomes, { ok: 1 });
    t.same(bench.counts, { scheduled: 1, started: 1, missed: 0, established: 1 });
    t.same(bench.total.errnoCounts(), {}, 'a conflict that was overcome is no error');
  }
});

t.test('a port that was taken gets its turn again, after the delay', async (t) => {
  const bench = new RoundBench({ durationNs: 20 * MS, ports: [4000, 4001], reuseDelayNs: 7.5 * MS, close: 'rst' });
  bench.engine.openErrno = (_slot, _source, port) =>
    port === 4000 && bench.clock.atNs < BASE_NS + MS ? EADDRINUSE : 0;
  bench.runTo(7 * MS);
  t.same(portsTried(bench), [4000, 4001]);
  bench.runTo(8 * MS);
  t.same(portsTried(bench), [4000, 4001, 4000]);
});

t.test('every port is taken: tried once each, then source_exhausted', async (t) => {
  const bench = new RoundBench({ durationNs: MS, ports: TEN_PORTS });
  bench.engine.openErrno = () => EADDRINUSE;
  bench.runOut();
  t.same(portsTried(bench), TEN_PORTS);
  t.same(bench.outcomes, { source_exhausted: 1 });
  t.same(bench.counts, { scheduled: 1, started: 1, missed: 0, established: 0 });
});

t.test('an attempt gives up after some ports, not after thousands', async (t) => {
  const ports = Array.from({ length: 5000 }, (_, i) => 10_000 + i);
  const bench = new RoundBench({ durationNs: MS, ports });
  bench.engine.openErrno = () => EADDRNOTAVAIL;
  bench.runOut();
  t.ok(bench.engine.opens.length >= 8 && bench.engine.opens.length <= 100, `${bench.engine.opens.length} tries`);
  t.equal(new Set(portsTried(bench)).size, bench.engine.opens.length, 'none twice');
  t.same(bench.outcomes, { source_exhausted: 1 });
  t.same(bench.total.errnoCounts(), { EADDRNOTAVAIL: 1 }, 'counted once, for the attempt');
});

t.test('each attempt has its own tries', async (t) => {
  const ports = Array.from({ length: 500 }, (_, i) => 10_000 + i);
  const bench = new RoundBench({ durationNs: 10 * MS, capacity: 1, ports, finish: { kind: 'connect' } });
  // Of every ten ports nine are taken.
  bench.engine.openErrno = (_slot, _source, port) => (port % 10 === 9 ? 0 : EADDRINUSE);
  bench.peer = () => {
    for (const slot of bench.engine.slots(CONNECTING)) bench.engine.connect(slot);
  };
  bench.runOut();
  t.same(bench.outcomes, { ok: 10 });
  t.equal(bench.engine.opens.length, 100);
});

t.test('a conflict without ports of ours is final: the kernel has searched already', async (t) => {
  const bench = new RoundBench({ durationNs: MS, sources: 1 });
  bench.engine.openErrno = () => EADDRNOTAVAIL;
  bench.runOut();
  t.equal(bench.engine.opens.length, 1);
  t.same(bench.outcomes, { source_exhausted: 1 });
});

for (const releasesAtOnce of [true, false]) {
  const when = releasesAtOnce ? 'at once' : 'later';

  t.test(`failed reports that the port is taken, released ${when}: another one is tried`, async (t) => {
    const bench = new RoundBench({ durationNs: MS, ports: TEN_PORTS, finish: { kind: 'connect' } });
    const { engine } = bench;
    engine.releasesAtOnce = releasesAtOnce;
    bench.step();
    for (const errno of [EADDRINUSE, EADDRNOTAVAIL]) {
      bench.clock.advance(MS);
      const slot = engine.opens.at(-1)!.slot;
      engine.fail(slot, errno);
      if (!releasesAtOnce) {
        t.equal(engine.states[slot], CLOSING);
        bench.step();
        engine.release(slot);
      }
      t.equal(engine.states[slot], CONNECTING);
    }
    t.same(portsTried(bench), [4000, 4001, 4002]);
    bench.clock.advance(MS);
    engine.releasesAtOnce = true;
    engine.connect(engine.opens.at(-1)!.slot);
    bench.runOut();
    t.same(bench.outcomes, { ok: 1 });
    t.same(bench.counts, { scheduled: 1, started: 1, missed: 0, established: 1 });
    t.same(bench.total.errnoCounts(), {});
    t.equal(bench.latency('connect').max, 3 * MS, 'from the start of the attempt, not of the last try');
  });
}

t.test(
  'failed reports a conflict for one port after the other: source_exhausted in the end, counted once',
  async (t) => {
    const ports = Array.from({ length: 500 }, (_, i) => 10_000 + i);
    const bench = new RoundBench({ durationNs: MS, ports });
    bench.step();
    while (bench.engine.slots(CONNECTING).length > 0) bench.engine.fail(bench.engine.slots(CONNECTING)[0]!, EADDRINUSE);
    bench.runOut();
    t.ok(bench.engine.opens.length >= 8 && bench.engine.opens.length <= 100, `${bench.engine.opens.length} tries`);
    t.same(bench.outcomes, { source_exhausted: 1 });
    t.same(bench.total.errnoCounts(), { EADDRINUSE: 1 });
  },
);

t.test('failed reports a conflict and no other port is free: source_exhausted', async (t) => {
  const bench = new RoundBench({ durationNs: MS, ports: [4000] });
  bench.step();
  bench.engine.fail(bench.engine.slots(CONNECTING)[0]!, EADDRINUSE);
  bench.runOut();
  t.same(portsTried(bench), [4000]);
  t.same(bench.outcomes, { source_exhausted: 1 });
});

t.test('an attempt between two ports is within its timeout too', async (t) => {
  const bench = new RoundBench({ durationNs: MS, ports: TEN_PORTS, timeoutNs: 30 * MS });
  bench.engine.releasesAtOnce = false;
  bench.step();
  bench.engine.fail(bench.engine.slots(CONNECTING)[0]!, EADDRINUSE);
  bench.jumpTo(31 * MS);
  bench.step();
  bench.engine.release(bench.engine.slots(CLOSING)[0]!);
  bench.engine.releasesAtOnce = true;
  bench.runOut();
  t.same(bench.outcomes, { connect_timeout: 1 });
  t.equal(bench.latency('total').max, 31 * MS);
});

t.test('an attempt between two ports does not keep the others from timing out', async (t) => {
  const bench = new RoundBench({ durationNs: 2 * MS, ports: TEN_PORTS, timeoutNs: 30 * MS });
  const { engine } = bench;
  engine.releasesAtOnce = false;
  bench.runTo(MS);
  const [first, second] = engine.opens.map(({ slot }) => slot);
  engine.fail(first!, EADDRINUSE);
  bench.jumpTo(31 * MS);
  bench.step();
  bench.step();
  t.equal(engine.states[second!], CLOSING, 'its deadline was now');
});

/** How one connection ends, and whether its port is in TIME_WAIT here after it. */
interface Ending {
  readonly name: string;
  readonly options: BenchOptions;
  readonly play: (engine: FakeClientEngine, slot: number) => void;
  readonly waits: boolean;
}

const echo1: BenchOptions = { finish: { kind: 'echo' }, payloadBytes: 1 };
const eof: BenchOptions = { finish: { kind: 'eof' } };
const halfClose: BenchOptions = { finish: { kind: 'half-close' } };

function echoed(engine: FakeClientEngine, slot: number): void {
  engine.connect(slot);
  engine.send(slot, 1);
  engine.receive(slot, 1);
}

function ended(engine: FakeClientEngine, slot: number): void {
  engine.connect(slot);
  engine.end(slot);
}

function failedWith(name: string, established: boolean): Ending['play'] {
  return (engine, slot) => {
    if (established) engine.connect(slot);
    engine.fail(slot, errnoNumber(name));
  };
}

const endings: readonly Ending[] = [
  { name: 'our FIN is the first', options: echo1, play: echoed, waits: true },
  { name: 'our RST', options: { ...echo1, close: 'rst' }, play: echoed, waits: false },
  { name: 'the peer closes first, our FIN follows', options: eof, play: ended, waits: false },
  { name: 'the peer closes first, our RST follows', options: { ...eof, close: 'rst' }, play: ended, waits: false },
  { name: 'the peer closes first and too early', options: echo1, play: ended, waits: false },
  { name: 'half-close: our FIN was the first', options: halfClose, play: ended, waits: true },
  // After both FINs the kernel is in TIME_WAIT before we close, and an RST is no longer sent (seen on Linux 6.18).
  { name: 'half-close, and then --close rst', options: { ...halfClose, close: 'rst' }, play: ended, waits: true },
  { name: 'refused', options: echo1, play: failedWith('ECONNREFUSED', false), waits: false },
  { name: 'unreachable', options: echo1, play: failedWith('EHOSTUNREACH', false), waits: false },
  { name: 'reset by the peer', options: echo1, play: failedWith('ECONNRESET', true), waits: false },
  {
    name: 'reset by the peer after a half-close',
    options: halfClose,
    play: failedWith('ECONNRESET', true),
    waits: false,
  },
];

for (const { name, options, play, waits } of endings) {
  for (const releasesAtOnce of [true, false]) {
    const when = releasesAtOnce ? 'at once' : 'later';
    t.test(`${name}, released ${when}: the port is free ${waits ? 'after the delay' : 'at once'}`, async (t) => {
      const bench = new RoundBench({ durationNs: 10 * MS, ports: [4000], reuseDelayNs: 2.5 * MS, ...options });
      const { engine } = bench;
      engine.releasesAtOnce = releasesAtOnce;
      bench.step();
      bench.jumpTo(0.1 * MS);
      play(engine, engine.opens[0]!.slot);
      bench.jumpTo(0.2 * MS);
      if (!releasesAtOnce) engine.release(engine.opens[0]!.slot);
      bench.runTo(5 * MS);
      // Attempts are due every millisecond; 0.2 + 2.5 ms is before the one at 3 ms.
      t.same(bench.openTimesNs, [0, waits ? 3 * MS : MS]);
    });
  }
}

t.test('a connect that timed out leaves no TIME_WAIT, an exchange that timed out does', async (t) => {
  for (const established of [false, true]) {
    const bench = new RoundBench({
      durationNs: 10 * MS,
      ports: [4000],
      reuseDelayNs: 2.5 * MS,
      timeoutNs: 0.5 * MS,
      ...echo1,
    });
    bench.step();
    if (established) bench.engine.connect(bench.engine.opens[0]!.slot);
    bench.runTo(established ? 5 * MS : MS);
    t.equal(bench.openTimesNs[1], established ? 3 * MS : MS, established ? 'exchange' : 'connect');
  }
});

t.test('a port that open could not use for another reason was never used', async (t) => {
  const bench = new RoundBench({ durationNs: 10 * MS, ports: [4000], reuseDelayNs: 50 * MS });
  bench.engine.openErrno = () => (bench.engine.opens.length === 0 ? errnoNumber('EMFILE') : 0);
  bench.runTo(5 * MS);
  t.same(bench.openTimesNs, [0, MS]);
});

t.test('a held connection ends in TIME_WAIT if it was ours to close, and not if the peer ended it', async (t) => {
  const options: BenchOptions = {
    durationNs: 20 * MS,
    ports: [4000],
    reuseDelayNs: 2.5 * MS,
    finish: { kind: 'connect' },
  };
  const kept = new RoundBench({ ...options, holdNs: 0.5 * MS });
  kept.step();
  kept.engine.connect(kept.engine.opens[0]!.slot);
  kept.runTo(5 * MS);
  t.same(kept.openTimesNs, [0, 3 * MS], 'ours');

  for (const how of ['end', 'fail'] as const) {
    const lost = new RoundBench({ ...options, holdNs: SEC });
    lost.step();
    const [slot] = lost.engine.slots(CONNECTING);
    lost.engine.connect(slot!);
    t.equal(lost.engine.states[slot!], ESTABLISHED);
    if (how === 'end') lost.engine.end(slot!);
    else lost.engine.fail(slot!, errnoNumber('ECONNRESET'));
    lost.runTo(5 * MS);
    t.same(lost.openTimesNs, [0, MS], how === 'end' ? 'ended by the peer' : 'reset by the peer');
  }
});
