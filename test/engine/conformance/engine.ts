import type { SocketEngineName } from '../../../src/plan/engines.ts';
import { createClientEngine, createServerEngine } from '../../../src/engine/registry.ts';
import type { Test } from 'tap';
import { whyNot } from '../../support/engines.ts';
import { SUITE_TIMEOUT_MS, clientConformance } from './client.ts';
import type { ServerTraits } from './harness.ts';
import { pairConformance } from './pair.ts';
import { serverConformance } from './server.ts';

/** The whole suite for one engine; skipped, with the reason, where the engine cannot work. */
export async function engineConformance(t: Test, name: SocketEngineName, traits: ServerTraits = {}): Promise<void> {
  const reason = await whyNot(name);
  if (reason !== false) {
    t.pass(`engine ${name}`, { skip: reason });
    return;
  }
  t.setTimeout(SUITE_TIMEOUT_MS);
  await clientConformance(t, (options) => createClientEngine(name, options));
  await serverConformance(t, (options) => createServerEngine(name, options), traits);
  await pairConformance(t, name, (options) => createClientEngine(name, options));
}
