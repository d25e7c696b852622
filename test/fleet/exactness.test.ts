// tier: kernel
/** The result of a fleet is the sum of what its agents counted, exactly: their own result files are added up by hand. Schedules. */
import t from 'tap';
import { Fleet } from '../support/fleet.ts';
import { noNats } from '../support/nats.ts';
import { ECHO, runCases } from './exact-cases.ts';

t.test('schedules', { skip: noNats, timeout: 180_000 }, async (t) => {
  const fleet = await Fleet.forTest(t);
  await runCases(
    t,
    fleet,
    [],
    [
      { name: '3 000/s', load: ['--rate', '3000', '--duration', '2s', ...ECHO], scheduled: [2000, 2000, 2000] },
      {
        name: 'shares of 3 to 1',
        load: ['--rate', '3000', '--duration', '1s', '--agents', 'a,b', '--share', 'a=3,b=1', ...ECHO],
        scheduled: [2250, 750],
      },
      {
        name: 'a number of attempts that three do not divide',
        load: ['--rate', '2000', '--count', '1999', ...ECHO],
        scheduled: [667, 666, 666],
      },
      { name: 'a ramp', load: ['--ramp', '200..1800/1500ms', ...ECHO], scheduled: [500, 500, 500] },
    ],
  );
  await runCases(
    t,
    fleet,
    [],
    [
      {
        name: 'two rounds with a warm-up and several threads',
        load: ['--rate', '600', '--rate', '1200', '--duration', '1s', '--warmup', '500ms', '--workers', '2', ...ECHO],
        hasWarmup: true,
      },
    ],
  );
});
