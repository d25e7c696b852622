import type { EngineName } from '../../../src/plan/engines.ts';
import { once } from 'node:events';
import type { Test } from 'tap';
import { ClientHarness, sharedPattern, stepping } from './harness.ts';
import type { ClientFactory } from './harness.ts';
import type { PairResult } from './pair-server.ts';
import { PeerThread } from './peer-thread.ts';
import { startThread } from '../../../src/runtime/thread.ts';
import { moduleUrl } from '../../support/modules.ts';

const TOTAL = 500;
const SLOTS = 50;
const PAYLOAD_BYTES = 4096;

/** Both sides of one engine against each other, on a thread each: what one has counted, the other has too. */
export function pairConformance(t: Test, name: EngineName, create: ClientFactory): Promise<unknown> {
  return t.test(`client against server: ${TOTAL} exchanges of ${PAYLOAD_BYTES} bytes`, async (t) => {
    const peers = await PeerThread.start();
    t.teardown(() => peers.stop());
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const server = startThread(moduleUrl('test/engine/conformance/pair-server.ts'), { workerData: { name, stop } });
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    const setup = { port, payload: sharedPattern(PAYLOAD_BYTES), halfClose: true, capacity: SLOTS };
    let opened = 0;
    const result = await new ClientHarness(create, peers).run(t, setup, {
      step: stepping(
        (run) => {
          for (; opened < SLOTS; opened++) run.open(opened);
        },
        (run) => run.totals.released === TOTAL,
      ),
      released: (run, slot) => {
        if (opened++ < TOTAL) run.open(slot);
      },
    });
    Atomics.store(stop, 0, 1);
    const [{ totals, violations }] = (await once(server, 'message')) as [PairResult];
    t.strictSame(violations, [], 'events came in the promised order');
    t.strictSame(result.errnos(), []);
    const bytes = TOTAL * PAYLOAD_BYTES;
    const { connected, ended, sent, received } = result.totals;
    t.strictSame(
      { connected, ended, sent, received },
      { connected: TOTAL, ended: TOTAL, sent: bytes, received: bytes },
    );
    t.equal(totals.accepted, TOTAL);
    t.equal(totals.released, TOTAL);
    t.equal(totals.received, bytes);
    t.equal(totals.sent, bytes);
  });
}
