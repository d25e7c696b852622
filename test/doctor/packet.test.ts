/** The checks of a plan whose engine works on an interface: what each says of which machine, and what says nothing of it. */
import t from 'tap';
import { LOCAL, ORDINARY, REMOTE, WITH_CONNTRACK, examined, type Examined } from '../support/machines.ts';
import type { Typed } from '../support/plans.ts';
import type { PacketMachineFacts } from '../../src/doctor/packet-facts.ts';
import { CHECKS } from '../../src/doctor/examine.ts';

const NETWORK = { family: 4, address: '198.18.0.1', prefixLength: 16 } as const;

const CARD: PacketMachineFacts = {
  link: {
    ifindex: 2,
    name: 'eth0',
    kind: '',
    isEthernet: true,
    isLoopback: false,
    isUp: true,
    hasCarrier: true,
    mac: Uint8Array.of(2, 0, 0, 0, 0, 1),
    mtu: 1500,
    lowerIfindex: null,
    isLowerElsewhere: false,
    masterIfindex: null,
    vlan: null,
    xdp: null,
  },
  driver: 'ixgbe',
  queues: 4,
  mostQueues: 8,
  features: new Map([
    ['rx-lro', false],
    ['rx-vlan-hw-parse', true],
  ]),
  xdp: { isNative: true, isZeroCopy: true },
  addresses: [NETWORK],
  nextHop: { kind: 'found', address: '198.18.0.2', isTarget: true, isKnown: true },
  lockedBytes: 12 * 2 ** 20,
  mostLockedBytes: undefined,
};

const FILES = { ...ORDINARY, '/proc/sys/net/core/bpf_jit_enable': '1' };

function on(packet: Partial<PacketMachineFacts> | null, typed: Typed = {}, files = FILES): Promise<Examined> {
  const plan = { host: '198.18.0.2', engine: 'packet', interface: 'eth0', source: '198.18.1.0/24', ...typed };
  const facts = packet === null ? null : { ...CARD, ...packet };
  return examined(plan, { inspected: { ...REMOTE, packet: facts }, files, affordable: 10 });
}

function link(changes: Partial<PacketMachineFacts['link']>): Partial<PacketMachineFacts> {
  return { link: { ...CARD.link, ...changes } };
}

t.test('a good card: nothing to say', async (t) => {
  const { checks, find } = await on({});
  t.same(
    checks.filter(({ status }) => status !== 'ok').map(({ id }) => id),
    [],
  );
  t.match(find('native_xdp'), { value: 'native, zero copy' });
  t.match(find('packet_sources'), { value: '254 addresses' });
  t.match(find('way_back'), { value: 'on the link' });
  t.match(find('source_ports').why, /1 s of TIME_WAIT/);
});

t.test('what the kernel keeps of its sockets says nothing of this engine', async (t) => {
  const files = { ...WITH_CONNTRACK, ...FILES, '/proc/sys/net/netfilter/nf_conntrack_count': '262143' };
  const { checks } = await on({}, { rate: '100000', hold: '60s' }, files);
  const ids = checks.map(({ id }) => id);
  const ofSockets = CHECKS.filter(({ of }) => of === 'sockets').map(({ id }) => id);
  t.ok(ofSockets.length > 10);
  for (const id of ofSockets) t.notOk(ids.includes(id), id);
  t.ok(ids.includes('source_ports'));
  const sockets = (await examined({}, { inspected: LOCAL })).checks.map(({ id }) => id);
  for (const { id, of } of CHECKS) t.equal(sockets.includes(id), of !== 'interface', id);
});

t.test('an interface that cannot be used as it is', async (t) => {
  const problem = async (changes: Partial<PacketMachineFacts['link']>): Promise<unknown> =>
    (await on(link(changes))).find('interface');
  t.match(await problem({ isUp: false }), { status: 'problem', fix: 'ip link set eth0 up' });
  t.match(await problem({ hasCarrier: false }), { status: 'problem', why: /carrier/ });
  t.match(await problem({ isEthernet: false }), { status: 'problem', fix: 'another --interface' });
  t.match(await problem({ masterIfindex: 9 }), { status: 'warning', fix: 'ip link set eth0 nomaster' });
  const taken = await on(link({ xdp: { mode: 'native', programId: 42 } }));
  t.match(taken.find('xdp_program'), {
    status: 'problem',
    value: 'program 42 (native)',
    fix: /ip link set eth0 xdp off/,
  });
});

t.test('the driver: generic mode, a large MTU, joined packets, tags that are taken out', async (t) => {
  const generic = await on({ driver: 'e1000', xdp: { isNative: false, isZeroCopy: false } });
  t.match(generic.find('native_xdp'), { status: 'warning', value: 'generic', why: /The driver e1000 runs no XDP/ });
  t.match((await on({ xdp: null })).find('native_xdp'), { status: 'unknown', why: /Linux 6\.3/ });
  const large = await on(link({ mtu: 9000 }));
  t.match(large.find('native_xdp'), { status: 'warning', value: 'MTU 9000', fix: 'ip link set eth0 mtu 1500' });
  const largeVeth = await on({ ...link({ mtu: 9000, kind: 'veth' }), driver: 'veth' });
  t.match(largeVeth.find('native_xdp'), { status: 'problem', fix: /both ends of the pair: ip link set eth0 mtu 1500/ });
  const joined = await on({
    features: new Map([
      ['rx-lro', true],
      ['rx-gro-hw', true],
    ]),
  });
  t.match(joined.find('receive_offloads'), { status: 'warning', fix: 'ethtool -K eth0 lro off rx-gro-hw off' });
  const tagged = await on({}, { vlan: '7' });
  t.match(tagged.find('receive_offloads'), { status: 'warning', why: /VLAN 7/, fix: 'ethtool -K eth0 rxvlan off' });
  const veth = await on({ ...link({ kind: 'veth' }), driver: 'veth' });
  t.match(veth.find('checksums'), { status: 'ok', value: 'unfinished (veth)' });
  const slow = await on({}, {}, { ...FILES, '/proc/sys/net/core/bpf_jit_enable': '0' });
  t.match(slow.find('bpf_jit'), { status: 'warning', fix: 'sysctl -w net.core.bpf_jit_enable=1' });
});

t.test('queues, locked memory, the engine itself', async (t) => {
  t.match((await on({ queues: 1 }, { workers: '2' })).find('receive_queues'), {
    status: 'problem',
    needed: 2,
    fix: /--workers 1, .*ethtool -L eth0 combined 2/,
  });
  const veth = { ...link({ kind: 'veth' }), driver: 'veth', queues: 1 };
  t.match((await on({ ...veth, mostQueues: 2 }, { workers: '2' })).find('receive_queues'), {
    fix: '--workers 1, or ethtool -L eth0 rx 2 tx 2',
  });
  t.match((await on({ ...veth, mostQueues: 1 }, { workers: '2' })).find('receive_queues'), {
    fix: /^--workers 1, or make the veth pair with that many: .* numrxqueues 2 numtxqueues 2/,
  });
  t.match((await on({ mostLockedBytes: 8 * 2 ** 20 })).find('locked_memory'), {
    status: 'problem',
    value: '8.00 MiB',
    needed: '12.0 MiB',
    fix: /memlock/,
  });
  t.equal((await on({ mostLockedBytes: 64 * 2 ** 20 })).find('locked_memory').status, 'ok');
  t.equal((await on(null)).find('interface').status, 'unknown');
});

t.test('the next hop, and the way back of the answers', async (t) => {
  const none = await on({
    nextHop: { kind: 'none', reason: 'there is no route to 198.18.0.2', hint: '--gateway ADDRESS' },
  });
  t.match(none.find('next_hop'), {
    status: 'problem',
    why: 'there is no route to 198.18.0.2.',
    fix: '--gateway ADDRESS',
  });
  const router = { kind: 'found', address: '198.18.0.254', isTarget: false, isKnown: false } as const;
  t.match((await on({ nextHop: router })).find('next_hop'), { status: 'ok', value: '198.18.0.254', why: /router/ });
  t.match((await on({ nextHop: router })).find('way_back'), { status: 'ok' }, 'the router has the sources on its link');
  t.match((await on({}, { source: '10.1.0.0/16' })).find('way_back'), {
    status: 'unknown',
    fix: 'on 198.18.0.2: ip route add 10.1.0.0/16 via 198.18.0.1',
  });
  t.match((await on({}, { source: '198.18.0.1' })).find('packet_sources'), { status: 'ok', why: /Another conngen/ });
});

t.test('a route back by an address of this machine, and room for neighbours where there is none', async (t) => {
  const back = async (packet: Partial<PacketMachineFacts>, typed: Typed): Promise<unknown> =>
    (await on(packet, typed)).find('way_back');
  const many = { source: '10.0.0.0/8' };
  t.match(await back({}, many), { status: 'unknown', fix: 'on 198.18.0.2: ip route add 10.0.0.0/8 via 198.18.0.1' });
  t.match(await back({ addresses: [] }, { source: '10.1.0.0/24' }), {
    status: 'unknown',
    fix: 'on 198.18.0.2: ip route add 10.1.0.0/24 dev ITS_INTERFACE',
  });
  t.match(await back({}, { source: '10.1.0.0/22', vlan: '7' }), {
    status: 'warning',
    why: /keeps a neighbour entry for each of 1,022 sources.*1,024/,
    fix: 'on 198.18.0.2: ip route add 10.1.0.0/22 dev ITS_INTERFACE && sysctl -w net.ipv4.neigh.default.gc_thresh3=2048 net.ipv4.neigh.default.gc_thresh2=2048',
  });
  const local = { family: 6, address: 'fe80::1', prefixLength: 64 } as const;
  const hop = { kind: 'found', address: 'fe80::2', isTarget: false, isKnown: true } as const;
  t.match(await back({ addresses: [local], nextHop: hop }, { host: 'fd00::2', source: 'fdaa::/104' }), {
    fix: 'on fe80::2: ip route add fdaa::/104 via fe80::1 dev ITS_INTERFACE',
  });
});

t.test('more sources on the link than another machine has room for as neighbours', async (t) => {
  const back = async (source: string): Promise<unknown> => (await on({}, { source })).find('way_back');
  t.match(await back('198.18.1.0-198.18.2.255'), { status: 'ok', value: 'on the link' });
  t.match(await back('198.18.8.0/22'), {
    status: 'warning',
    value: '1,022 on the link',
    needed: 'at most 512',
    why: /drops packets/,
    fix: 'on 198.18.0.2: ip route add 198.18.8.0/22 via 198.18.0.1',
  });
  t.match(await back('198.18.0.16-198.18.3.255'), {
    status: 'warning',
    fix: /^on 198\.18\.0\.2: sysctl -w net\.ipv4\.neigh\.default\.gc_thresh3=2048 /,
  });
});
