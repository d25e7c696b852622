import t from 'tap';
import type { Machine } from '../../../src/plan/demand/machine.ts';
import { MACHINE, planClient, planRtt } from '../../support/plans.ts';

/** A name that has an address of each family, as localhost often has. */
const BOTH: Machine = {
  ...MACHINE,
  resolve: async (_host, family) => ({
    ok: true,
    value:
      family === null
        ? { address: '::1', family: 6, otherAddress: '127.0.0.1' }
        : { address: family === 4 ? '127.0.0.1' : '::1', family },
  }),
  missingSources: async () => [],
};

t.test('--ipv4 and --ipv6 choose the family that a name is resolved in', async (t) => {
  for (const plan of [planClient, planRtt]) {
    t.match((await plan({ host: 'localhost' }, BOTH)).plan?.target, { address: '::1', otherAddress: '127.0.0.1' });
    for (const [flag, address] of [
      ['ipv4', '127.0.0.1'],
      ['ipv6', '::1'],
    ] as const) {
      const { plan: planned } = await plan({ host: 'localhost', [flag]: 'true' }, BOTH);
      t.equal(planned?.target.address, address, flag);
      t.equal(planned?.target.otherAddress, undefined, 'there is nothing else to try');
    }
  }
});

t.test('a family that is asked for twice, differently', async (t) => {
  for (const [typed, problem] of [
    [
      { host: 'localhost', ipv4: 'true', ipv6: 'true' },
      '--ipv6: got "--ipv6", expected to be left out: only IPv4 addresses can be used, as --ipv4 is given',
    ],
    [
      { host: '::1', ipv4: 'true' },
      '--ipv4: got "--ipv4", expected to be left out: only IPv6 addresses can be used, as the target ::1 is one',
    ],
    [
      { host: 'localhost', ipv4: 'true', source: '::1' },
      '--source: got "::1", expected IPv4 addresses, as --ipv4 is given',
    ],
    [
      { host: '127.0.0.1', source: '::1' },
      '--source: got "::1", expected IPv4 addresses, as the target 127.0.0.1 is one',
    ],
  ] as const)
    t.same((await planClient(typed, BOTH)).problems, [problem]);
  t.same((await planClient({ host: '::1', ipv6: 'true' }, BOTH)).problems, []);
  t.same((await planClient({ host: 'localhost', ipv6: 'true', source: '::1' }, BOTH)).problems, []);
});
