import t from 'tap';
import { cpuSplit } from '../../src/view/cpu-split.ts';

t.test('in closed loop the two are told apart', (t) => {
  t.equal(cpuSplit({ user_usec: 1, system_usec: 3 }, null), ' (25 % of it user, 75 % system)');
  t.equal(cpuSplit({ user_usec: 0, system_usec: 0 }, null), '');
  t.end();
});

t.test('on a schedule, which falls in step with the ticks that sample them, they are not', (t) => {
  t.equal(cpuSplit({ user_usec: 1, system_usec: 3 }, 1000), '');
  t.end();
});
