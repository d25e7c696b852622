import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import { MODULE_ARGS, modulePath } from '../../support/modules.ts';
import { factoriesOf } from './factories.ts';
import { ClientHarness, sharedPattern, stepping } from './harness.ts';
import type { EngineTraits } from './harness.ts';
import type { PairResult, PairServerArgs } from './pair-server.ts';
import { PeerThread } from './peer-thread.ts';
import type { Site } from './site.ts';

const TOTAL = 500;
const SLOTS = 50;
const PAYLOAD_BYTES = 4096;

export interface Pair {
  readonly client: { readonly name: string; readonly traits: EngineTraits };
  readonly server: string;
  /** What a command runs in the namespace of the peers. */
  readonly prefix?: readonly string[];
  readonly family?: 4 | 6;
}

/** Two engines against each other: what one has counted, the other has too. */
export function pairConformance(t: Test, site: Site, pair: Pair): Promise<unknown> {
  const { client, server: name, prefix = [], family = 4 } = pair;
  const what = `${client.name} against ${name} over IPv${family}: ${TOTAL} exchanges of ${PAYLOAD_BYTES} bytes`;
  const skip = family === 6 ? site.noIpv6 : false;
  return t.test(what, { skip }, async (t) => {
    const peers = await PeerThread.start(site);
    t.teardown(() => peers.stop());
    const address = site.peer[family];
    const there: Site = { ...site, own: site.peer, peer: site.own, peerNamespace: null };
    const args: PairServerArgs = { name, site: there, host: address, connections: TOTAL };
    const program = [process.execPath, ...MODULE_ARGS, modulePath('test/engine/conformance/pair-server.ts')];
    const [command, ...rest] = [...prefix, ...program, JSON.stringify(args)];
    const server = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    t.teardown(() => server.kill('SIGKILL'));
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    const setup = { address, port, payload: sharedPattern(PAYLOAD_BYTES), halfClose: true, capacity: SLOTS };
    const { client: create } = await factoriesOf(client.name, site);
    let opened = 0;
    const result = await new ClientHarness(create, peers, client.traits).run(t, setup, {
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
