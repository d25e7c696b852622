import t from 'tap';
import { xorshift32 } from '../../src/work/xorshift.ts';

t.test('xorshift32 gives the sequence of its seed', async (t) => {
  // Marsaglia, Xorshift RNGs: with these shifts, the first number from y = 2463534242 is 723471715.
  t.equal(xorshift32(2463534242) >>> 0, 723471715);
  t.equal(xorshift32(1), 270369);
  t.equal(xorshift32(2463534242 | 0), xorshift32(2463534242), 'signed or not');
});
