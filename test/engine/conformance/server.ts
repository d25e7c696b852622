import type { Test } from 'tap';
import { SUITE_TIMEOUT_MS, runCases } from './client.ts';
import { ServerHarness } from './harness.ts';
import type { EngineTraits, ServerFactory } from './harness.ts';
import { PeerThread } from './peer-thread.ts';
import { connectionCases } from './server-connections.ts';
import { limitCases } from './server-limits.ts';
import { listeningCases } from './server-listening.ts';
import { modeCases } from './server-modes.ts';
import type { Site } from './site.ts';

/** Everything that `ServerEngine` promises, against peers made of node:net. */
export function serverConformance(t: Test, site: Site, create: ServerFactory, traits: EngineTraits): Promise<unknown> {
  return t.test('server engine', { timeout: SUITE_TIMEOUT_MS }, async (t) => {
    const peers = await PeerThread.start(site);
    t.teardown(() => peers.stop());
    const cases = [...modeCases, ...connectionCases, ...listeningCases, ...limitCases];
    await runCases(t, new ServerHarness(create, peers, traits), cases);
    await t.test('told that halfClose will not be called', { timeout: SUITE_TIMEOUT_MS }, async (t) => {
      await runCases(t, new ServerHarness(create, peers, traits, false), [...modeCases, ...connectionCases]);
    });
  });
}
