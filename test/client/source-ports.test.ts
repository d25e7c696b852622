import fc from 'fast-check';
import t from 'tap';
import { NO_PORT, PortsInTurn, SourcePortAllocator, portsOfWorker } from '../../src/client/source-ports.ts';

const DELAY_NS = 1e9;

interface Timed {
  take(source: number, atNs: number): number;
  give(source: number, port: number, atNs: number, rests: boolean): void;
}

/** An allocator that is told the time with each call. */
function allocatorOf(count: number, { sources = 1, offset = 0 } = {}): Timed {
  const ports = Uint16Array.from({ length: count }, (_, i) => 40_000 + i);
  const clock = { nowNs: 0 };
  const allocator = new SourcePortAllocator({ sources, ports, offset, clock, restNs: DELAY_NS });
  return {
    take(source, atNs) {
      clock.nowNs = atNs;
      return allocator.take(source);
    },
    give(source, port, atNs, rests) {
      clock.nowNs = atNs;
      allocator.give(source, port, rests);
    },
  };
}

t.test('the workers share the ports, each port once', async (t) => {
  const range = fc
    .tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 0, max: 3000 }))
    .map(([first, length]) => ({ first, last: first + length }));
  fc.assert(
    fc.property(range, fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 1, max: 9 }), (low, gap, workers) => {
      const high = { first: low.last + gap + 2, last: Math.min(65_535, low.last + gap + 500) };
      const shares = Array.from({ length: workers }, (_, worker) => portsOfWorker([low, high], worker, workers));
      const all = shares.flatMap((share) => [...share]).sort((a, b) => a - b);
      const expected: number[] = [];
      for (const { first, last } of [low, high]) for (let port = first; port <= last; port++) expected.push(port);
      const lengths = shares.map(({ length }) => length);
      return all.join() === expected.join() && Math.max(...lengths) - Math.min(...lengths) <= 1;
    }),
  );
  t.pass('held in every run');
});

t.test('the last port of all is handed out', async (t) => {
  t.same([...portsOfWorker([{ first: 65_534, last: 65_535 }], 0, 1)], [65_534, 65_535]);
  t.same([...portsOfWorker([{ first: 5, last: 5 }], 1, 2)], [], 'a worker can be left without');
});

t.test('fresh ports come first, in order from the offset on', async (t) => {
  const allocator = allocatorOf(4, { offset: 2 });
  t.equal(allocator.take(0, 0), 40_002);
  allocator.give(0, 40_002, 0, false);
  t.same([allocator.take(0, 1), allocator.take(0, 1), allocator.take(0, 1)], [40_003, 40_000, 40_001]);
  t.equal(allocator.take(0, 1), 40_002, 'then the one that came back');
  t.equal(allocator.take(0, 1), NO_PORT);
});

t.test('without ports there is none', async (t) => {
  t.equal(allocatorOf(0).take(0, 0), NO_PORT);
});

t.test('a port in TIME_WAIT comes back at its time and not before', async (t) => {
  const allocator = allocatorOf(1);
  t.equal(allocator.take(0, 0), 40_000);
  allocator.give(0, 40_000, 100, true);
  t.equal(allocator.take(0, 100), NO_PORT);
  t.equal(allocator.take(0, 99 + DELAY_NS), NO_PORT);
  t.equal(allocator.take(0, 100 + DELAY_NS), 40_000);
  t.equal(allocator.take(0, 101 + DELAY_NS), NO_PORT, 'once');
});

t.test('a port that is free at once does not wait behind those in TIME_WAIT', async (t) => {
  const allocator = allocatorOf(2);
  const [a, b] = [allocator.take(0, 0), allocator.take(0, 0)];
  allocator.give(0, a, 10, true);
  allocator.give(0, b, 20, false);
  t.equal(allocator.take(0, 20), b);
  t.equal(allocator.take(0, 30), NO_PORT);
  t.equal(allocator.take(0, 10 + DELAY_NS), a);
});

t.test('the one that has been free longest is taken first', async (t) => {
  const allocator = allocatorOf(3);
  const [a, b, c] = [allocator.take(0, 0), allocator.take(0, 0), allocator.take(0, 0)];
  allocator.give(0, a, 0, true);
  allocator.give(0, b, 5, false);
  allocator.give(0, c, DELAY_NS + 7, false);
  t.same(
    [1, 2, 3].map(() => allocator.take(0, DELAY_NS + 7)),
    [b, a, c],
  );
});

t.test('each source has ports of its own', async (t) => {
  const allocator = allocatorOf(1, { sources: 2 });
  t.equal(allocator.take(0, 0), 40_000);
  t.equal(allocator.take(0, 0), NO_PORT);
  t.equal(allocator.take(1, 0), 40_000);
  allocator.give(1, 40_000, 0, false);
  t.equal(allocator.take(0, 0), NO_PORT, 'what source 1 gave back is not for source 0');
  t.equal(allocator.take(1, 0), 40_000);
});

t.test('many ports keep their order through a growing queue', async (t) => {
  const count = 1000;
  const allocator = allocatorOf(count);
  const taken = Array.from({ length: count }, () => allocator.take(0, 0));
  // The queue is not at its beginning when it grows.
  for (let i = 0; i < 10; i++) allocator.give(0, taken[i]!, i, true);
  for (let i = 0; i < 10; i++) t.equal(allocator.take(0, DELAY_NS + 10), taken[i]);
  for (let i = 0; i < count; i++) allocator.give(0, taken[i]!, DELAY_NS + 10 + i, true);
  const again = Array.from({ length: count }, () => allocator.take(0, 4 * DELAY_NS));
  t.same(again, taken);
});

interface Used {
  readonly source: number;
  readonly port: number;
}

t.test(
  'whatever happens: no 4-tuple in use twice, none before its time, none withheld, the oldest first',
  async (t) => {
    const setup = fc.record({
      sources: fc.integer({ min: 1, max: 3 }),
      ports: fc.integer({ min: 1, max: 40 }),
      offset: fc.nat(39),
      steps: fc.array(
        fc.record({
          takes: fc.boolean(),
          source: fc.nat(2),
          which: fc.nat(1000),
          waits: fc.boolean(),
          passNs: fc.nat(2e8),
        }),
        { minLength: 50, maxLength: 400, size: 'max' },
      ),
    });
    fc.assert(
      fc.property(setup, ({ sources, ports, offset, steps }) => {
        const allocator = allocatorOf(ports, { sources, offset });
        const inUse: Used[] = [];
        /** When each tuple is or was free; absent: never used. */
        const freeNs = new Map<string, number>();
        const keyOf = ({ source, port }: Used): string => `${source}:${port}`;
        let nowNs = 0;
        for (const { takes, source: anySource, which, waits, passNs } of steps) {
          nowNs += passNs;
          const source = anySource % sources;
          if (!takes && inUse.length > 0) {
            const [used] = inUse.splice(which % inUse.length, 1);
            const atNs = waits ? nowNs + DELAY_NS : nowNs;
            freeNs.set(keyOf(used!), atNs);
            allocator.give(used!.source, used!.port, nowNs, waits);
            continue;
          }
          const fresh = ports - [...freeNs.keys(), ...inUse.map(keyOf)].filter(ofSource(source)).filter(once).length;
          const waiting = [...freeNs].filter(([key]) => key.startsWith(`${source}:`)).map(([, atNs]) => atNs);
          const oldestNs = Math.min(Infinity, ...waiting);
          const port = allocator.take(source, nowNs);
          if (port === NO_PORT) {
            if (fresh > 0 || oldestNs <= nowNs) return false;
            continue;
          }
          const used = { source, port };
          if (port < 40_000 || port >= 40_000 + ports || inUse.map(keyOf).includes(keyOf(used))) return false;
          const wasFreeNs = freeNs.get(keyOf(used));
          // Never used before, or the one that has been free longest, and free by now.
          if (wasFreeNs === undefined ? fresh === 0 : fresh > 0 || wasFreeNs > nowNs || wasFreeNs !== oldestNs)
            return false;
          freeNs.delete(keyOf(used));
          inUse.push(used);
        }
        return true;
      }),
    );
    t.pass('held in every run');
  },
);

function ofSource(source: number): (key: string) => boolean {
  return (key) => key.startsWith(`${source}:`);
}

function once(key: string, index: number, keys: readonly string[]): boolean {
  return keys.indexOf(key) === index;
}

t.test('exhaustion ends when the first port is free again', async (t) => {
  const allocator = allocatorOf(3);
  const taken = [0, 1, 2].map(() => allocator.take(0, 0));
  t.equal(allocator.take(0, 5), NO_PORT);
  for (const [i, port] of taken.entries()) allocator.give(0, port, 10 + i, true);
  t.equal(allocator.take(0, 50), NO_PORT);
  t.equal(allocator.take(0, 10 + DELAY_NS), taken[0]);
  t.equal(allocator.take(0, 10 + DELAY_NS), NO_PORT);
  t.equal(allocator.take(0, 12 + DELAY_NS), taken[1]);
  t.equal(allocator.take(0, 12 + DELAY_NS), taken[2]);
});

t.test('ports in turn, of each source for itself', (t) => {
  const ports = new PortsInTurn({ sources: 2, ports: Uint16Array.of(10, 11, 12), offset: 2 });
  const take = (source: number, count: number): number[] => Array.from({ length: count }, () => ports.take(source));
  t.same(take(0, 4), [12, 10, 11, 12]);
  t.same(take(1, 2), [12, 10]);
  t.same(take(0, 1), [10]);
  t.same(
    new Set(
      Array.from({ length: 5 }, () => new PortsInTurn({ sources: 1, ports: Uint16Array.of(7), offset: 0 }).take(0)),
    ),
    new Set([7]),
  );
  t.end();
});
