/** The counters of the engine, and the names that they have in results. */
import t from 'tap';
import { PACKET_ROWS } from '../../../src/document/packet-table.ts';
import * as counters from '../../../src/engine/packet/packet-counters.ts';
import { COUNTER_PATHS, readCounters } from '../../../src/engine/packet/read-counters.ts';

t.test('every counter has one name, and every name is in the table of results', async (t) => {
  const indices = Object.entries(counters).flatMap(([name, value]) =>
    typeof value === 'number' && name !== 'COUNTERS_PER_ROW' ? [value] : [],
  );
  t.same(
    [...COUNTER_PATHS.values()].sort((a, b) => a - b),
    indices.sort((a, b) => a - b),
  );
  t.same([...COUNTER_PATHS.keys()].sort(), [...PACKET_ROWS.keys()].sort());
});

t.test('the threads are added up', async (t) => {
  const memory = counters.createCounters(3);
  for (const thread of [0, 1, 2]) {
    counters.countersOf(memory, thread)[counters.RETRANSMITTED_FIN] = 2 ** 33 + thread;
  }
  counters.countersOf(memory, 2)[counters.RING_RX_FULL] = 4;
  const reading = readCounters(memory);
  t.equal(reading.get('retransmits.fin'), 3 * 2 ** 33 + 3);
  t.equal(reading.get('ring.rx_ring_full'), 4);
  t.equal(reading.get('sent'), 0);
});
