// tier: netns
/** The packet engine over a veth pair, against node:net and against the engines on the kernel's sockets. */
import { SOCKET_ENGINE_NAMES } from '../../src/plan/engines.ts';
import { troubleOf } from '../../src/engine/registry.ts';
import { clientConformance, SUITE_TIMEOUT_MS } from './conformance/client.ts';
import { factoriesOf } from './conformance/factories.ts';
import type { EngineTraits } from './conformance/harness.ts';
import { overVeth } from './conformance/over-veth.ts';
import { pairConformance } from './conformance/pair.ts';
import { serverConformance } from './conformance/server.ts';

const TRAITS: EngineTraits = {
  payloadBytesMax: 256 * 1024,
  choosesNoPorts: true,
  acknowledgesLater: 'the acknowledgement of the SYN-ACK leaves after `connected`, with the first data',
  noKernelAddresses: 'it answers for the addresses that it is given, whether the kernel has them or not',
  noEveryAddress: 'a listener has the addresses that it is given',
  noReusePort: 'an interface is held by one engine',
  answersInRun: true,
  resetsAtDispose: true,
  noAcceptErrors: 'a connection needs no descriptor',
};

// Small receive buffers, so that a peer that does not read stalls a payload of 256 KiB.
await overVeth(
  import.meta.filename,
  { kernelHasSources: false, peerReceiveBytes: [4096, 65_536, 131_072] },
  async (t, site, prefix) => {
    const trouble = await troubleOf('packet');
    if (trouble !== null) {
      t.pass('engine packet', { skip: trouble.reason });
      return;
    }
    t.setTimeout(SUITE_TIMEOUT_MS);
    const { client, server } = await factoriesOf('packet', site);
    await clientConformance(t, site, client, TRAITS);
    await serverConformance(t, site, server, TRAITS);
    for (const family of [4, 6] as const) {
      await pairConformance(t, site, { client: { name: 'packet', traits: TRAITS }, server: 'packet', prefix, family });
      for (const other of SOCKET_ENGINE_NAMES) {
        await pairConformance(t, site, { client: { name: 'packet', traits: TRAITS }, server: other, prefix, family });
        await pairConformance(t, site, { client: { name: other, traits: {} }, server: 'packet', prefix, family });
      }
    }
  },
);
