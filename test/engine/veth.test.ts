// tier: netns
/** An engine on the kernel's sockets over a veth pair: that what the tests of the packet engine stand on is sound. */
import { clientConformance, SUITE_TIMEOUT_MS } from './conformance/client.ts';
import { factoriesOf } from './conformance/factories.ts';
import { overVeth } from './conformance/over-veth.ts';
import { pairConformance } from './conformance/pair.ts';
import { serverConformance } from './conformance/server.ts';

await overVeth(import.meta.filename, { kernelHasSources: true }, async (t, site, prefix) => {
  t.setTimeout(SUITE_TIMEOUT_MS);
  const { client, server } = await factoriesOf('epoll', site);
  await clientConformance(t, site, client, {});
  await serverConformance(t, site, server, {});
  for (const family of [4, 6] as const) {
    await pairConformance(t, site, { client: { name: 'epoll', traits: {} }, server: 'epoll', prefix, family });
  }
});
