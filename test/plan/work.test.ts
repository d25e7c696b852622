import fc from 'fast-check';
import t from 'tap';
import { formatWork, formatWorkStrategy, parseWork, parseWorkStrategy } from '../../src/plan/work.ts';
import { holds } from '../support/property.ts';

t.test('work: what is accepted', async (t) => {
  t.same(parseWork('none'), { ok: true, value: { kind: 'none' } });
  t.same(parseWork(' CPU:300 '), { ok: true, value: { kind: 'cpu', integers: 300 } });
  t.same(parseWork('sleep:20us'), { ok: true, value: { kind: 'sleep', sleepNs: 20_000, longestNs: 20_000 } });
  t.same(parseWork('sleep:1us-49us'), { ok: true, value: { kind: 'sleep', sleepNs: 1000, longestNs: 49_000 } });
});

t.test('work: what is refused says what it expects', async (t) => {
  for (const [text, expected] of [
    ['', /^none, cpu:N/],
    ['cpu', /^none, cpu:N/],
    ['none:1', /^none, cpu:N/],
    ['cpu:0', /integers from 1 to 1000000, after cpu:/],
    ['cpu:1.5', /after cpu:/],
    ['sleep:fast', /a duration .*after sleep:/],
    ['sleep:2s', /at most 1s, after sleep:/],
    ['sleep:0', /at least 1us, after sleep:/],
  ] as const) {
    t.match(parseWork(text), { ok: false, expected }, text);
  }
});

t.test('strategies: what is accepted', async (t) => {
  t.same(parseWorkStrategy('direct'), { ok: true, value: { kind: 'direct' } });
  t.same(parseWorkStrategy('Pool'), { ok: true, value: { kind: 'pool' } });
  t.same(parseWorkStrategy('permit:2'), { ok: true, value: { kind: 'permit', permits: 2 } });
  t.same(parseWorkStrategy('dispatch:4, queue=64'), { ok: true, value: { kind: 'dispatch', threads: 4, queue: 64 } });
});

t.test('strategies: what is refused says what it expects', async (t) => {
  for (const [text, expected] of [
    ['', /^direct, permit:N, dispatch:N,queue=L or pool$/],
    ['direct:1', /^direct, permit:N/],
    ['permit', /^direct, permit:N/],
    ['permit:0', /permits from 1 to 1024, after permit:/],
    ['dispatch:4', /^dispatch:N,queue=L, such as/],
    ['dispatch:4,64', /^dispatch:N,queue=L, such as/],
    ['dispatch:0,queue=64', /threads from 1 to 256, after dispatch:/],
    ['dispatch:4,queue=0', /jobs from 1 to 1000000, after queue=/],
    ['dispatch:4,queue=', /after queue=/],
  ] as const) {
    t.match(parseWorkStrategy(text), { ok: false, expected }, text);
  }
});

t.test('what is formatted is read back', async (t) => {
  const work = fc.oneof(
    fc.constant({ kind: 'none' } as const),
    fc.record({ kind: fc.constant('cpu' as const), integers: fc.integer({ min: 1, max: 1_000_000 }) }),
    fc.tuple(fc.integer({ min: 1000, max: 1e9 }), fc.integer({ min: 1000, max: 1e9 })).map(([one, other]) => ({
      kind: 'sleep' as const,
      sleepNs: Math.min(one, other),
      longestNs: Math.max(one, other),
    })),
  );
  holds(
    t,
    fc.property(work, (value) => void t.same(parseWork(formatWork(value)), { ok: true, value })),
  );
  const strategy = fc.oneof(
    fc.record({ kind: fc.constantFrom('direct' as const, 'pool' as const) }),
    fc.record({ kind: fc.constant('permit' as const), permits: fc.integer({ min: 1, max: 1024 }) }),
    fc.record({
      kind: fc.constant('dispatch' as const),
      threads: fc.integer({ min: 1, max: 256 }),
      queue: fc.integer({ min: 1, max: 1_000_000 }),
    }),
  );
  holds(
    t,
    fc.property(strategy, (value) => void t.same(parseWorkStrategy(formatWorkStrategy(value)), { ok: true, value })),
  );
});
