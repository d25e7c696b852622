import t from 'tap';
import { engineText } from '../../src/view/engine-text.ts';

t.test('the engine, and how it held its interface', (t) => {
  t.equal(engineText({ engine: 'uring' }), 'engine uring');
  const packet = { interface: 'eth0', driver: 'ixgbe', mode: 'native', zero_copy: true, queues: 4 } as const;
  t.equal(engineText({ engine: 'packet', packet }), 'engine packet on eth0 (ixgbe, native, zero copy, 4 queues)');
  const slow = { ...packet, mode: 'generic', zero_copy: false, queues: 1 } as const;
  t.equal(engineText({ engine: 'packet', packet: slow }), 'engine packet on eth0 (ixgbe, generic, copied, 1 queue)');
  t.end();
});
