import { preferredEngines } from '../../src/plan/engines.ts';
import t from 'tap';

t.test('what opens fastest comes first, and where responses are kept what reads fastest', async (t) => {
  t.strictSame(preferredEngines(), ['uring', 'epoll', 'node']);
  t.strictSame(preferredEngines({ kind: 'null' }), ['uring', 'epoll', 'node']);
  t.strictSame(preferredEngines({ kind: 'memory' }), ['epoll', 'uring', 'node']);
  t.strictSame(preferredEngines({ kind: 'file' }), ['epoll', 'uring', 'node']);
});
