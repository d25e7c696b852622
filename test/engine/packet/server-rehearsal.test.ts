/** The rehearsal of a server: whole exchanges in every mode, and nothing of it afterwards. */
import t from 'tap';
import { countersOf } from '../../../src/engine/packet/packet-counters.ts';
import { PacketServerEngine } from '../../../src/engine/packet/server.ts';
import { ACCEPTED, COMPLETED, ListenerCounters } from '../../../src/server/counters.ts';
import { CONTROL_STATE, Listener, QUIT } from '../../../src/server/listener.ts';
import { modeOf } from '../../../src/server/modes.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { linkOf, runOf } from './links.ts';
import { MemoryWire } from './memory-wire.ts';

const MODES = [
  ['echo', 'eof', 0],
  ['discard', 'eof', 0],
  ['hold', 'eof', 0],
  ['reset', 'eof', 0],
  ['respond', 'eof', 100],
  ['respond', 'data', 64],
  ['respond', 'data', 100_000],
  ['respond', 'accept', 100],
] as const;

for (const [name, respondOn, responseBytes] of MODES) {
  t.test(`${name} ${respondOn} ${responseBytes}`, async (t) => {
    for (const [address, vlan] of [
      ['198.18.9.0', null],
      ['fd00::5', 7],
    ] as const) {
      // Every reading takes 10 µs.
      const clock = new ManualClock(0, 10_000);
      const wire = new MemoryWire({ clock });
      wire.isRecording = true;
      const link = linkOf(1, { addresses: [runOf(address, 4)], vlan });
      const mode = modeOf(name, respondOn);
      const { reads, halfCloses } = mode;
      const payload = new Uint8Array(responseBytes);
      const options = { host: null, port: 7000, backlog: 1, payload, capacity: 64, reads, halfCloses, link, clock };
      const engine = new PacketServerEngine(options, wire.ports[1]);
      engine.listen();
      const counters = new ListenerCounters(ListenerCounters.createMemory());
      const control = new Int32Array(new SharedArrayBuffer(8));
      const own = { engine, clock, mode, counters, control };
      const listener = new Listener({ ...own, idleTimeoutNs: 60e9, capacity: 64, maxConnections: 64 });
      engine.rehearse(listener, () => Atomics.store(control, CONTROL_STATE, QUIT));
      t.ok(counters.get(ACCEPTED) > 100, `${counters.get(ACCEPTED)} connections`);
      t.equal(counters.get(COMPLETED), counters.get(ACCEPTED), 'all had their exchange');
      t.equal(wire.sent.length, 0, 'no packet');
      t.notOk(
        countersOf(link.counters, 0).some((count) => count > 0),
        'no count',
      );
      t.equal(engine.connections, 0);
      t.equal(engine.usedChunks, 0);
    }
  });
}
