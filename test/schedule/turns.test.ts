import fc from 'fast-check';
import t from 'tap';
import { divideShares, type Share } from '../../src/plan/fleet/share.ts';
import { Turns } from '../../src/schedule/turns.ts';

/** The turns of all workers of a machine. */
function turnsOf(share: Share, workers: number): Turns[] {
  return Array.from({ length: workers }, (_, worker) => new Turns({ worker, workers, ...share }));
}

const fleets = fc.array(
  fc.record({ weight: fc.integer({ min: 1, max: 9 }), workers: fc.integer({ min: 1, max: 5 }) }),
  {
    minLength: 1,
    maxLength: 6,
  },
);

function fleetOf(machines: readonly { readonly weight: number; readonly workers: number }[]): Turns[][] {
  const shares = divideShares(machines.map(({ weight }) => weight));
  return machines.map(({ workers }, at) => turnsOf(shares[at]!, workers));
}

function takeBelow(turns: Turns, end: number): number[] {
  const taken: number[] = [];
  while (turns.next < end) taken.push(turns.take());
  return taken;
}

t.test('a machine alone: worker k of W takes every W-th attempt', async (t) => {
  const turns = new Turns({ worker: 2, workers: 3 });
  t.same([turns.take(), turns.take(), turns.take(), turns.next, turns.taken], [2, 5, 8, 11, 3]);
  t.same([turns.countBelow(0), turns.countBelow(2), turns.countBelow(3), turns.countBelow(9)], [0, 0, 1, 3]);
});

t.test('three turns of four, two workers', async (t) => {
  const [first, second] = turnsOf({ turns: [0, 1, 3], of: 4 }, 2);
  t.same(takeBelow(first!, 16), [0, 3, 5, 8, 11, 13]);
  t.same(takeBelow(second!, 16), [1, 4, 7, 9, 12, 15]);
});

t.test('over all workers of all machines each attempt is taken once', async (t) => {
  fc.assert(
    fc.property(fleets, fc.integer({ min: 0, max: 3000 }), (machines, end) => {
      const all = fleetOf(machines).flatMap((workers) => workers.flatMap((turns) => takeBelow(turns, end)));
      all.sort((a, b) => a - b);
      return all.length === end && all.every((n, at) => n === at);
    }),
    { numRuns: 200 },
  );
  t.pass('held in every run');
});

t.test('counts agree with what is taken', async (t) => {
  fc.assert(
    fc.property(fleets, fc.integer({ min: 0, max: 800 }), fc.integer({ min: 0, max: 800 }), (machines, end, later) => {
      return fleetOf(machines)
        .flat()
        .every((turns) => {
          const below = turns.countBelow(end);
          const taken = takeBelow(turns, end).length;
          const rest = turns.countUntaken(end + later);
          return below === taken && turns.countUntaken(end) === 0 && takeBelow(turns, end + later).length === rest;
        });
    }),
    { numRuns: 200 },
  );
  t.pass('held in every run');
});

t.test('a machine takes its part of any stretch, to within as many attempts as there are machines', async (t) => {
  fc.assert(
    fc.property(
      fleets,
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 1, max: 500 }),
      (machines, from, length) => {
        const shares = divideShares(machines.map(({ weight }) => weight));
        const whole = machines.reduce((sum, { weight }) => sum + weight, 0);
        return machines.every(({ weight }, at) => {
          const turns = new Turns({ worker: 0, workers: 1, ...shares[at]! });
          const count = turns.countBelow(from + length) - turns.countBelow(from);
          return Math.abs(count - (length * weight) / whole) <= machines.length;
        });
      },
    ),
    { numRuns: 300 },
  );
  t.pass('held in every run');
});
