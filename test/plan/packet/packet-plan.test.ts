import t from 'tap';
import type { Machine } from '../../../src/plan/demand/machine.ts';
import { countAddresses } from '../../../src/plan/address/address-runs.ts';
import { formatSourcePorts } from '../../../src/plan/ports/source-ports.ts';
import { clientConfig } from '../../../src/plan/client-plan.ts';
import { MACHINE, planClient, planRtt, planServer, type Typed } from '../../support/plans.ts';

/** Two interfaces that are up: one with addresses and two queues, one without. */
const WIRED: Machine = {
  ...MACHINE,
  platform: 'linux',
  cpus: 4,
  isOwnAddress: async (address) => address === '192.0.2.10' || address.startsWith('127.'),
  interfaces: () => [
    { name: 'bare0', isUp: true, isLoopback: false, hasCarrier: true, queues: 1, addresses: [] },
    { name: 'down0', isUp: false, isLoopback: false, hasCarrier: true, queues: 1, addresses: [] },
    {
      name: 'eth0',
      isUp: true,
      isLoopback: false,
      hasCarrier: true,
      queues: 2,
      addresses: [
        { address: '192.0.2.10', family: 4, prefixLength: 24 },
        { address: 'fe80::10', family: 6, prefixLength: 64 },
        { address: '2001:db8::10', family: 6, prefixLength: 64 },
      ],
    },
    {
      name: 'lo',
      isUp: true,
      isLoopback: true,
      hasCarrier: true,
      queues: 1,
      addresses: [{ address: '127.0.0.1', family: 4, prefixLength: 8 }],
    },
  ],
};

const PACKET: Typed = { target: '192.0.2.1:80', engine: 'packet', interface: 'eth0' };
const SERVER: Typed = { engine: 'packet', interface: 'eth0' };

async function planned(typed: Typed, machine = WIRED) {
  const { plan, problems } = await planClient({ ...PACKET, ...typed }, machine);
  const packet = plan?.packet ?? null;
  if (plan === null || packet === null) throw new Error(problems.join('\n'));
  return { ...plan, packet };
}

async function refused(typed: Typed, machine = WIRED): Promise<readonly string[]> {
  return (await planClient({ ...PACKET, ...typed }, machine)).problems;
}

async function refusedServer(typed: Typed, machine = WIRED): Promise<readonly string[]> {
  return (await planServer({ ...SERVER, ...typed }, machine)).problems;
}

t.test('the packet engine has an interface, and perhaps a router and a VLAN', async (t) => {
  const plan = await planned({ gateway: '192.0.2.254', vlan: '12', source: '198.18.0.0/24' });
  t.match(plan.packet, { interfaceName: 'eth0', gateway: '192.0.2.254', vlan: 12 });
  t.match(clientConfig(plan), { interface: 'eth0', gateway: '192.0.2.254', vlan: 12, engine: 'packet' });
  const { plan: other } = await planClient({ target: '192.0.2.1:80' }, WIRED);
  t.equal(other?.packet, null, 'other engines have none');
  t.notOk('interface' in clientConfig(other!));
});

t.test('sources that this machine does not have: a /8 is one run, with every port', async (t) => {
  const { packet, sources, sourcePorts } = await planned({ source: '10.0.0.0/8' });
  t.strictSame(packet.addresses, [{ family: 4, high: 0n, low: 0x0a00_0001n, count: 2 ** 24 - 2, isKernels: false }]);
  t.equal(sources.length, 1);
  t.equal(formatSourcePorts(sourcePorts), '1024-65535');
  const six = await planned({ target: '[2001:db8::1]:80', source: 'fd00::/104' });
  t.match(six.packet.addresses, [{ family: 6, high: 0xfd00n << 48n, low: 0n, count: 2 ** 24 }]);
  t.match(await refused({ source: '198.18.0.0/8' }), [
    /--source: got "198.18.0.0\/8", expected 198.0.0.0\/8 if all its 16,777,214 addresses are meant, or 198.18.0.0 alone/,
  ]);
  t.match(await refused({ target: '[2001:db8::1]:80', source: 'fd00::7/120' }), [
    /expected fd00::\/120 if all its 256/,
  ]);
  t.match(await refused({ source: ['10.0.0.0/8', '11.0.0.0/8'] }), [/--source: .*at most 16777216 source addresses/]);
});

t.test("the kernel's own addresses are runs of their own, without the ports that it gives to programs", async (t) => {
  const { packet, sourcePorts } = await planned({ source: '192.0.2.8-192.0.2.12' });
  t.match(packet.addresses, [
    { count: 2, isKernels: false },
    { low: 0xc000_020an, count: 1, isKernels: true },
    { count: 2, isKernels: false },
  ]);
  t.equal(countAddresses(packet.addresses), 5);
  t.equal(formatSourcePorts(sourcePorts), '1024-32767,61000-65535');
  const listening = { ...WIRED, listeningPorts: new Set([5432]) };
  t.equal(formatSourcePorts((await planned({}, listening)).sourcePorts), '1024-5431,5433-32767,61000-65535');
  const connectedPorts = (address: string, port: number) =>
    new Set(address === '192.0.2.1' && port === 80 ? [21_000] : [9]);
  const connected = { ...WIRED, connectedPorts };
  t.equal(formatSourcePorts((await planned({}, connected)).sourcePorts), '1024-20999,21001-32767,61000-65535');
  const foreign = await planned({ source: '198.18.0.0/24' }, connected);
  t.equal(formatSourcePorts(foreign.sourcePorts), '1024-65535', 'no program has these addresses');
});

t.test("without --source the interface's own address is the source, in the target's family and network", async (t) => {
  t.match((await planned({})).packet.addresses, [{ low: 0xc000_020an, count: 1, isKernels: true }]);
  const six = await planned({ target: '[2001:db8::1]:80' });
  t.match(six.packet.addresses, [{ family: 6, high: 0x2001_0db8n << 32n, low: 0x10n, isKernels: true }]);
  t.strictSame(clientConfig(six).sources, [], 'nothing was asked for');
  t.match(await refused({ interface: 'bare0' }), [/--source: got nothing, expected .*bare0 has no IPv4 address/]);
  t.match(await refused({ vlan: '7' }), [/--source: got nothing, expected source addresses in VLAN 7/]);
});

t.test('without an interface, or with one that cannot be used, the usable ones are listed', async (t) => {
  const { problems } = await planClient({ target: '192.0.2.1:80', engine: 'packet' }, WIRED);
  t.strictSame(problems, [
    '--interface: got nothing, expected an interface for --engine packet (up here: bare0, eth0)',
  ]);
  t.match(await refused({ interface: 'eth9' }), [/an interface of this machine \(up here: bare0, eth0\)/]);
  t.match(await refused({ interface: 'lo' }), [/other than loopback/]);
  t.match(await refused({ interface: 'down0' }), [/ip link set down0 up/]);
  t.match(await refused({ interface: 'a/b' }), [/the name of an interface/, /--interface: got nothing/]);
  t.match(await refused({}, { ...WIRED, interfaces: () => [] }), [/none is up here/]);
});

t.test('what belongs to an interface is refused beside other engines', async (t) => {
  const { problems } = await planClient(
    { target: '192.0.2.1:80', engine: 'epoll', interface: 'eth0', gateway: '192.0.2.9', vlan: '3' },
    WIRED,
  );
  t.match(problems, [/--interface: .*--engine packet/, /--gateway: .*--engine packet/, /--vlan: .*--engine packet/]);
  for (const source of [{ source: '198.18.0.7' }, {}]) {
    const refusals = await refused({ freebind: 'true', ...source });
    t.match(refusals, [/--freebind: .*to be left out/]);
    t.equal(refusals.length, 1, 'one answer to --freebind');
  }
  t.match(await refused({ vlan: '4095' }), [/from 1 to 4094/]);
  t.match((await planServer({ host: '198.18.0.0/24' }, WIRED)).problems, [/--host: .*a prefix needs --engine packet/]);
  for (const [host, count] of [
    ['198.18.0.0/7', '33554430'],
    ['fe80::/64', '18446744073709551616'],
  ] as const) {
    const { problems: tooMany } = await planServer({ host, engine: 'packet', interface: 'eth0' }, WIRED);
    t.match(tooMany, [`--host: got "${host}", expected at most 16777216 addresses; these are ${count}`]);
  }
  const { problems: noPrefix } = await planServer({ host: '198.18.0.0/x', engine: 'packet', interface: 'eth0' }, WIRED);
  t.match(noPrefix, [/--host: .*expected an address, a name, or a prefix such as/]);
});

t.test('a target that is this machine is refused, and sources that are the target or the router', async (t) => {
  t.match(await refused({ target: '192.0.2.10:80' }), [/target: .*an address of another machine with --engine packet/]);
  t.match(await refused({ target: '127.0.0.1:80', source: '198.18.0.1' }), [/never leave this machine/]);
  t.match(await refused({ source: '192.0.2.0/24' }), [
    /--source: got "192.0.2.0\/24", expected addresses without 192.0.2.1/,
  ]);
  const impossible = [
    ['224.0.0.1', /without 224\.0\.0\.1, which is a multicast/],
    ['127.0.0.0/8', /without 127\.0\.0\.1, which is a loopback/],
    ['0.0.0.5', /without 0\.0\.0\.5, which is an address of "this network"/],
    ['192.0.2.250-192.0.3.4', /without 192\.0\.2\.255, which is the broadcast address of a network of eth0/],
  ] as const;
  for (const [source, says] of impossible) t.match(await refused({ source }), [says], source);
  t.match(await refused({ target: '[2001:db8::1]:80', source: 'ff02::5' }), [/without ff02::5, which is a multicast/]);
  t.match(await refused({ source: '198.18.0.0/24', gateway: '198.18.0.9' }), [/without 198.18.0.9: .*is the router/]);
});

t.test('sources that cannot be are refused with what to type in their place', async (t) => {
  const ways = [
    ['192.0.0.0/22', /eth0: --source 192\.0\.0\.1-192\.0\.2\.254 --source 192\.0\.3\.0-192\.0\.3\.254$/],
    ['192.0.2.254-192.0.2.255', /eth0: --source 192\.0\.2\.254$/],
    ['223.255.255.0-224.0.0.9', /a multicast address: --source 223\.255\.255\.0-223\.255\.255\.255$/],
    ['192.0.2.255', /a network of eth0$/],
  ] as const;
  for (const [source, says] of ways) t.match(await refused({ target: '203.0.113.1:80', source }), [says], source);
  const typed = ['192.0.0.1-192.0.2.254', '192.0.3.0-192.0.3.254'];
  t.equal(countAddresses((await planned({ target: '203.0.113.1:80', source: typed })).packet.addresses), 1021);
});

t.test('an interface without a carrier is no interface without addresses', async (t) => {
  const lone = { name: 'lone0', isUp: true, isLoopback: false, hasCarrier: false, queues: 1, addresses: [] };
  const machine = { ...WIRED, interfaces: () => [lone] };
  const says =
    '--interface: got "lone0", expected an interface with a carrier: nothing is at the other end of lone0 (plug its cable in; of a veth, set its other end up: ip link set PEER up)';
  t.strictSame(await refused({ interface: 'lone0' }, machine), [says]);
  t.strictSame(await refusedServer({ interface: 'lone0' }, machine), [says]);
  t.strictSame(await refusedServer({ interface: 'lone0', host: '198.18.1.1' }, machine), [], 'it may come later');
});

t.test('families that differ are refused, and routers that cannot be reached', async (t) => {
  t.match(await refused({ source: 'fd00::1' }), [/--source: .*IPv4 addresses, as the target 192.0.2.1 is one/]);
  const six = { target: '[2001:db8:1::1]:80' };
  const { packet } = await planned({ ...six, gateway: 'fe80::1%eth0' });
  t.equal(packet.gateway, 'fe80::1', 'the zone of the interface itself says nothing more');
  t.match(await refused({ ...six, gateway: 'fe80::1%bare0' }), [/a router on eth0, .* not on bare0/]);
  t.match(await refused({ gateway: 'fe80::1' }), [/--gateway: .*an IPv4 address, as the target/]);
  t.match(await refused({ gateway: '203.0.113.1' }), [
    /--gateway: .*an address in a network of eth0 \(192.0.2.10\/24\)/,
  ]);
  t.match(await refused({ gateway: '192.0.2.10' }), [/--gateway: .*not one of this machine/]);
  t.match(await refused({ gateway: 'example.org' }), [/the IPv4 or IPv6 address of a router/]);
  t.match(
    await planned({ gateway: '203.0.113.1', source: '203.0.113.8/30' }),
    {},
    'a network that only the sources have',
  );
});

t.test("ports that the kernel gives to programs are refused where a source is the kernel's", async (t) => {
  const ports = { 'source-ports': '30000-40000' };
  t.match(await refused(ports), [
    /--source-ports: got "30000-40000", expected ports outside of 32768-60999: .*--source/,
  ]);
  t.match(await refused({ 'source-ports': 'system' }), [/ports outside of 32768-60999/]);
  t.match(await refused({ 'source-ports': 'kernel' }), [/ports that conngen takes itself/]);
  t.equal(formatSourcePorts((await planned({ ...ports, source: '198.18.0.1' })).sourcePorts), '30000-40000');
  const all = { ...WIRED, localPorts: { first: 1024, last: 65_535 } };
  t.match(await refused({}, all), [/--source-ports: got nothing, .*ip_local_port_range/]);
});

t.test('threads are as many as receive queues at most', async (t) => {
  t.match(await refused({ workers: '3' }), [
    /--workers: got "3", expected at most 2, because eth0 has 2 receive queues/,
  ]);
  t.equal((await planned({ workers: '2' })).workers, 2);
  t.equal((await planned({ rate: '25k' })).workers, 1);
  t.equal((await planned({ rate: '500k' })).workers, 2, 'auto takes no more than there are queues');
  t.match(await refusedServer({ listeners: '3' }), [/--listeners: .*at most 2/]);
  t.equal((await planServer(SERVER, WIRED)).plan?.listeners, 2);
});

t.test('what a connection sends is 256 KiB at most', async (t) => {
  t.match(await refused({ 'payload-size': '257KiB' }), [/--payload-size: .*at most 256KiB with --engine packet/]);
  t.equal((await planned({ 'payload-size': '256KiB' })).payload.length, 262_144);
  const response = t.testdir({ response: Buffer.alloc(262_145) }) + '/response';
  t.match(await refusedServer({ response }), [/--response: .*at most 256KiB with --engine packet/]);
});

t.test('the limit of open files bounds neither connections nor threads', async (t) => {
  const plan = await planned({ rate: '100k', hold: '9s', 'max-in-flight': '1000000' }, { ...WIRED, fdLimit: 1024 });
  t.equal(plan.maxInFlight, 1_000_000);
  t.equal(plan.workers, 1);
});

t.test('a server answers for an address, for a prefix, or for those of its interface', async (t) => {
  const prefix = await planServer({ ...SERVER, host: '198.18.1.0/24' }, WIRED);
  t.match(prefix.plan, { host: '198.18.1.0/24', packet: { interfaceName: 'eth0', addresses: [{ count: 254 }] } });
  const own = await planServer(SERVER, WIRED);
  t.match(own.plan?.packet?.addresses, [{ family: 4, isKernels: true }, { family: 6 }, { family: 6 }]);
  t.match(await refusedServer({ interface: 'bare0' }), [/--host: got nothing, .*bare0 has no address of its own/]);
  t.match(await refusedServer({ vlan: '9' }), [/--host: got nothing/]);
  t.match(await refusedServer({ protocol: 'udp' }), [/--protocol: .*tcp with --engine packet/]);
  t.match(await refusedServer({ port: '40000' }), [/--port: .*a port outside of 32768-60999/]);
  const busy = { ...WIRED, listeningPorts: new Set([2345]) };
  t.match(await refusedServer({}, busy), [/--port: .*no program of this machine listens on/]);
  t.strictSame(
    await refusedServer({ host: '198.18.1.1', port: '40000' }, busy),
    [],
    'ports of its own addresses are its own',
  );
});

t.test('everything that is wrong is said at once', async (t) => {
  const problems = await refused({
    ...{ interface: 'eth9', vlan: '0', gateway: 'x', 'payload-size': '1MiB', freebind: 'true', source: '1.2.3' },
  });
  const options = problems.map((line) => line.split(':')[0]);
  t.same(new Set(options), new Set(['--vlan', '--gateway', '--source', '--interface', '--payload-size', '--freebind']));
});

t.test('the packet engine needs Linux, and has no pings', async (t) => {
  t.match(await refused({}, { ...WIRED, platform: 'win32' }), [/packet needs Linux/]);
  t.match(await refused({}, { ...WIRED, platform: 'darwin' }), [/packet needs Linux/]);
  const { problems } = await planRtt({ target: '192.0.2.1:80', engine: 'packet' }, WIRED);
  t.match(problems, [/the packet engine has no pings/]);
});
