// tier: kernel
import { PING_ENGINE_NAMES } from '../../src/plan/engines.ts';
import t from 'tap';
import { pingConformance } from './conformance/ping.ts';

for (const name of PING_ENGINE_NAMES) {
  await t.test(name, { timeout: 180_000 }, (t) => pingConformance(t, name));
}
