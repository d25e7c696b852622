import t from 'tap';
import { pingConformance } from './conformance/ping.ts';

for (const name of ['uring', 'epoll', 'node', 'blocking'] as const) {
  await t.test(name, { timeout: 120_000 }, (t) => pingConformance(t, name));
}
