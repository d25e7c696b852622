import { troubleOf } from '../../src/engine/registry.ts';
import type { PingEngineName } from '../../src/plan/engines.ts';

/** Why an engine cannot be tested here, for `skip` of a test; false where it can. */
export async function whyNot(engine: PingEngineName): Promise<string | false> {
  const trouble = await troubleOf(engine);
  return trouble === null ? false : `${engine}: ${trouble.reason} (${trouble.hint})`;
}
