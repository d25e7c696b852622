import fc from 'fast-check';
import t from 'tap';
import { portsNeeded, waitForPortsNs } from '../../../src/limit/decide/port-budget.ts';

const BUDGET = { ports: 1000, reuseDelayNs: 60e9 };

t.test('how many ports a trial needs', async (t) => {
  t.equal(portsNeeded(100, 2e9, BUDGET), 200);
  t.equal(portsNeeded(100, 3600e9, BUDGET), 6000, 'no more than rest at the same time');
});

t.test('a trial waits until enough ports have rested', async (t) => {
  const uses = [
    { started: 600, endNs: 10e9 },
    { started: 300, endNs: 20e9 },
  ];
  t.equal(waitForPortsNs(BUDGET, uses, 100, 30e9), 0, 'enough is free');
  t.equal(waitForPortsNs(BUDGET, uses, 101, 30e9), 40e9, 'the oldest come back first');
  t.equal(waitForPortsNs(BUDGET, uses, 701, 30e9), 50e9);
  t.equal(waitForPortsNs(BUDGET, uses, 1001, 30e9), 0, 'it would not help');
  t.equal(waitForPortsNs(BUDGET, uses, 1000, 90e9), 0, 'all have rested');
});

t.test('after the wait there are enough, and never is it longer than the rest', async (t) => {
  const use = fc.record({
    started: fc.integer({ min: 0, max: 2000 }),
    endNs: fc.integer({ min: 0, max: 100_000_000_000 }),
  });
  fc.assert(
    fc.property(fc.array(use), fc.integer({ min: 1, max: 1000 }), (uses, needed) => {
      const waitNs = waitForPortsNs(BUDGET, uses, needed, 100e9);
      const resting = uses.filter(({ endNs }) => endNs + BUDGET.reuseDelayNs > 100e9 + waitNs);
      const taken = resting.reduce((sum, { started }) => sum + Math.min(started, BUDGET.ports), 0);
      return waitNs >= 0 && waitNs <= BUDGET.reuseDelayNs && taken + needed <= BUDGET.ports;
    }),
  );
  t.pass('held in every run');
});
