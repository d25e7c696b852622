import type { Test } from 'tap';
import { bodyCases } from './client-bodies.ts';
import { exchangeCases } from './client-exchange.ts';
import { failureCases } from './client-failure.ts';
import { lifecycleCases } from './client-lifecycle.ts';
import { ClientHarness } from './harness.ts';
import type { Case, ClientFactory, EngineTraits } from './harness.ts';
import { PeerThread } from './peer-thread.ts';
import type { Site } from './site.ts';

/** A broken engine runs into the watchdog of every run; tap's 30 s would hide which runs. */
export const SUITE_TIMEOUT_MS = 600_000;

/** Runs each case as a test of its own, with the peers cleared in between. */
export async function runCases<Harness extends { peers: PeerThread }>(
  t: Test,
  harness: Harness,
  cases: readonly Case<Harness>[],
): Promise<void> {
  for (const entry of cases) {
    await t.test(entry.name, { skip: entry.skip?.(harness) ?? false }, async (t) => {
      await entry.run(t, harness);
      harness.peers.clear();
    });
  }
}

/** Everything that `ClientEngine` promises, against peers made of node:net. */
export function clientConformance(t: Test, site: Site, create: ClientFactory, traits: EngineTraits): Promise<unknown> {
  return t.test('client engine', { timeout: SUITE_TIMEOUT_MS }, async (t) => {
    const peers = await PeerThread.start(site);
    t.teardown(() => peers.stop());
    await runCases(t, new ClientHarness(create, peers, traits), [
      ...exchangeCases,
      ...bodyCases,
      ...failureCases,
      ...lifecycleCases,
    ]);
  });
}
