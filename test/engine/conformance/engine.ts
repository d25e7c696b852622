import type { SocketEngineName } from '../../../src/plan/engines.ts';
import type { Test } from 'tap';
import { whyNot } from '../../support/engines.ts';
import { SUITE_TIMEOUT_MS, clientConformance } from './client.ts';
import { factoriesOf } from './factories.ts';
import type { EngineTraits } from './harness.ts';
import { pairConformance } from './pair.ts';
import { serverConformance } from './server.ts';
import { LOOPBACK } from './site.ts';

/** The whole suite for one engine on loopback; skipped, with the reason, where the engine cannot work. */
export async function engineConformance(t: Test, name: SocketEngineName, traits: EngineTraits = {}): Promise<void> {
  const reason = await whyNot(name);
  if (reason !== false) {
    t.pass(`engine ${name}`, { skip: reason });
    return;
  }
  t.setTimeout(SUITE_TIMEOUT_MS);
  const { client, server } = await factoriesOf(name, LOOPBACK);
  await clientConformance(t, LOOPBACK, client, traits);
  await serverConformance(t, LOOPBACK, server, traits);
  await pairConformance(t, LOOPBACK, { client: { name, traits }, server: name });
}
