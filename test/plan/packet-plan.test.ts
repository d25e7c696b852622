import t from 'tap';
import type { Machine } from '../../src/plan/machine.ts';
import { MACHINE, planClient, planRtt, planServer, type Typed } from '../support/plans.ts';

const WIRED: Machine = {
  ...MACHINE,
  platform: 'linux',
  interfaces: () => [
    { name: 'down0', isUp: false, isLoopback: false, queues: 1, addresses: [] },
    {
      name: 'eth0',
      isUp: true,
      isLoopback: false,
      queues: 2,
      addresses: [{ address: '192.0.2.10', family: 4, prefixLength: 24 }],
    },
    {
      name: 'lo',
      isUp: true,
      isLoopback: true,
      queues: 1,
      addresses: [{ address: '127.0.0.1', family: 4, prefixLength: 8 }],
    },
  ],
};

const PACKET: Typed = { target: '192.0.2.1:80', engine: 'packet', interface: 'eth0' };

async function refused(typed: Typed, machine: Machine = WIRED): Promise<readonly string[]> {
  return (await planClient({ ...PACKET, ...typed }, machine)).problems;
}

t.test('the packet engine has an interface, and perhaps a router and a VLAN', async (t) => {
  const { plan, problems } = await planClient({ ...PACKET, gateway: '192.0.2.254', vlan: '12' }, WIRED);
  t.strictSame(problems, []);
  t.match(plan?.packet, { interfaceName: 'eth0', gateway: '192.0.2.254', vlan: 12 });
  const server = await planServer({ engine: 'packet', interface: 'eth0', host: '192.0.2.50' }, WIRED);
  t.match(server.plan?.packet, { interfaceName: 'eth0', gateway: null, vlan: null });
  t.equal((await planClient({ target: '192.0.2.1:80' }, WIRED)).plan?.packet, null, 'other engines have none');
});

t.test('without an interface, or with one that cannot be used, the usable ones are listed', async (t) => {
  const { problems } = await planClient({ target: '192.0.2.1:80', engine: 'packet' }, WIRED);
  t.strictSame(problems, ['--interface: got nothing, expected an interface for --engine packet (up here: eth0)']);
  t.match(await refused({ interface: 'eth9' }), [/an interface of this machine \(up here: eth0\)/]);
  t.match(await refused({ interface: 'lo' }), [/other than loopback/]);
  t.match(await refused({ interface: 'down0' }), [/ip link set down0 up/]);
  t.match(await refused({ interface: 'a/b' }), [/the name of an interface/, /--interface: got nothing/]);
});

t.test('what belongs to an interface is refused beside other engines', async (t) => {
  const { problems } = await planClient(
    { target: '192.0.2.1:80', engine: 'epoll', interface: 'eth0', gateway: '192.0.2.9', vlan: '3' },
    WIRED,
  );
  t.match(problems, [/--interface: .*--engine packet/, /--gateway: .*--engine packet/, /--vlan: .*--engine packet/]);
  t.match(await refused({ freebind: 'true', source: '192.0.2.7' }), [/--freebind: .*to be left out/]);
  t.match(await refused({ vlan: '4095' }), [/from 1 to 4094/]);
  t.match(await refused({ gateway: 'example.org' }), [/the IPv4 or IPv6 address of a router/]);
});

t.test('the packet engine needs Linux, and has no pings', async (t) => {
  t.match(await refused({}, { ...WIRED, platform: 'win32' }), [/packet needs Linux/]);
  const { problems } = await planRtt({ target: '192.0.2.1:80', engine: 'packet' }, WIRED);
  t.match(problems, [/the packet engine has no pings/]);
});
