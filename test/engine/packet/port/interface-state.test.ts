/** What the errors of a socket say of its interface. */
import t from 'tap';
import { EAGAIN, ENETDOWN, ENXIO } from '../../../../src/kernel/errno.ts';
import { InterfaceState } from '../../../../src/engine/packet/port/interface-state.ts';
import { INTERFACE_DOWN, countersOf, createCounters } from '../../../../src/engine/packet/packet-counters.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

function stateFor(patienceNs: number): { clock: ManualClock; counters: Float64Array; state: InterfaceState } {
  const clock = new ManualClock();
  const counters = countersOf(createCounters(1), 0);
  return { clock, counters, state: new InterfaceState(clock, counters, patienceNs) };
}

t.test('an interface that comes back in time is counted, and may be down again', async (t) => {
  const { clock, counters, state } = stateFor(1000);
  for (const errno of [0, EAGAIN]) {
    state.sent(ENETDOWN);
    clock.advance(999);
    clock.tick();
    state.sent(ENETDOWN);
    state.sent(errno);
    clock.advance(999);
    clock.tick();
  }
  t.equal(counters[INTERFACE_DOWN], 2);
});

t.test('one that stays down ends the run, once', async (t) => {
  const { clock, counters, state } = stateFor(1000);
  state.sent(ENETDOWN);
  clock.advance(1000);
  clock.tick();
  t.throws(() => state.sent(ENETDOWN), { code: 'ENETDOWN', message: 'the interface was set down or removed' });
  state.sent(ENETDOWN);
  t.equal(counters[INTERFACE_DOWN], 1);
});

t.test('one that was removed ends it immediately, and so does any without patience', async (t) => {
  const { counters, state } = stateFor(1000);
  t.throws(() => state.sent(ENXIO), { code: 'ENXIO', hint: 'look at ip link show, then start again' });
  t.throws(() => stateFor(0).state.sent(ENETDOWN), { code: 'ENETDOWN' });
  t.equal(counters[INTERFACE_DOWN], 0);
});
