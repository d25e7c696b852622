import type { Test } from 'tap';
import { RunError } from '../../../src/units/run-error.ts';
import { createClientEngine, createServerEngine, selectEngine } from '../../../src/engine/select.ts';
import type { EngineName } from '../../../src/plan/plan.ts';
import { SUITE_TIMEOUT_MS, clientConformance } from './client.ts';
import type { ServerTraits } from './harness.ts';
import { pairConformance } from './pair.ts';
import { serverConformance } from './server.ts';

/** The whole suite for one engine; skipped, with the reason, where the engine cannot work. */
export async function engineConformance(t: Test, name: EngineName, traits: ServerTraits = {}): Promise<void> {
  const reason = whyNot(name);
  if (reason !== null) {
    t.pass(`engine ${name}`, { skip: reason });
    return;
  }
  t.setTimeout(SUITE_TIMEOUT_MS);
  await clientConformance(t, (options) => createClientEngine(name, options));
  await serverConformance(t, (options) => createServerEngine(name, options), traits);
  await pairConformance(t, name, (options) => createClientEngine(name, options));
}

function whyNot(name: EngineName): string | null {
  try {
    selectEngine(name);
    return null;
  } catch (error) {
    if (error instanceof RunError) return `${error.message} (${error.hint})`;
    throw error;
  }
}
