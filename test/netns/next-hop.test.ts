// tier: netns
/** What rtnetlink, ethtool, ARP and neighbour discovery tell of real interfaces, and what is said where there is no way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import t from 'tap';
import { ROOT } from '../support/cli.ts';
import type { Asking, HopAnswer, LinkAnswer } from './ask-kernel.ts';
import { Lab, noLab, type Namespace } from './lab.ts';

const skip = noLab();
const PROGRAM = path.join(ROOT, 'test/netns/ask-kernel.ts');
/** A source that no kernel has. */
const SOURCE = '198.18.1.200';
const TARGET = '198.18.2.2';

function ask(namespace: Namespace, askings: readonly Asking[]): unknown[] {
  const answer = namespace.exec(process.execPath, '--import=tsx', PROGRAM, JSON.stringify(askings));
  return JSON.parse(answer) as unknown[];
}

function macOf(namespace: Namespace, device: string): string {
  return namespace.exec('cat', `/sys/class/net/${device}/address`).trim();
}

/** A next hop by `eth0` of the client, with what is asked for in addition. */
function hop(more: Partial<Asking & { what: 'hop' }> = {}): Asking {
  return { what: 'hop', name: 'eth0', target: TARGET, source: SOURCE, ...more };
}

t.test('an interface: its link, addresses, driver and features', { skip }, async (t) => {
  const { client, router } = Lab.forTest(t);
  client.ip('link', 'set', 'eth0', 'mtu', '1400');
  router.ip('link', 'set', 'inside', 'down');
  const [card, lo, none] = ask(client, [
    { what: 'link', name: 'eth0' },
    { what: 'link', name: 'lo' },
    { what: 'link', name: 'eth9' },
  ]) as LinkAnswer[];
  t.equal(card!.mac, macOf(client, 'eth0'));
  t.match(card!.link, { kind: 'veth', isEthernet: true, isLoopback: false, isUp: true, mtu: 1400, xdp: null });
  t.equal(card!.link!.hasCarrier, false, 'the other end is down');
  t.equal(card!.link!.isLowerElsewhere, true, 'the other end of the pair is in another namespace');
  t.match(card!.addresses[0], { family: 4, address: '198.18.1.2', prefixLength: 24 });
  t.match(card, { driver: 'veth', rxQueues: 1 });
  t.match(card!.features, { 'rx-checksum': true, 'rx-vlan-hw-parse': true, 'tx-checksum-ip-generic': true });
  t.match(lo!.link, { isLoopback: true, isEthernet: false });
  t.equal(none!.link, null);
});

t.test('the next hop is the router of the route, on the link the target, or --gateway', { skip }, async (t) => {
  const { client, router } = Lab.forTest(t);
  router.ip('address', 'add', 'fd01::1/64', 'dev', 'inside', 'nodad');
  client.ip('address', 'add', 'fd01::2/64', 'dev', 'eth0', 'nodad');
  client.ip('-6', 'route', 'add', 'default', 'via', 'fd01::1');
  client.ip('route', 'add', '203.0.113.0/24', 'via', 'inet6', 'fd01::1', 'dev', 'eth0');
  router.ip('address', 'add', '198.18.1.9/24', 'dev', 'inside');
  const mac = macOf(router, 'inside');
  const answers = ask(client, [
    hop(),
    hop({ target: '198.18.1.1' }),
    hop({ target: '192.0.2.1', gateway: '198.18.1.9' }),
    hop({ target: 'fd02::2', source: 'fd01::200' }),
    hop({ target: 'fd01::1', source: 'fd01::200' }),
    hop({ target: '203.0.113.5' }),
  ]) as HopAnswer[];
  const expected = ['198.18.1.1', '198.18.1.1', '198.18.1.9', 'fd01::1', 'fd01::1', 'fd01::1'];
  for (const [i, address] of expected.entries()) t.match(answers[i], { mac, address }, JSON.stringify(answers[i]));
});

t.test(
  'the kernel has no address on the interface: it is asked for from the source, by both families',
  { skip },
  async (t) => {
    const { client, router } = Lab.forTest(t);
    client.ip('address', 'flush', 'dev', 'eth0');
    client.ip('route', 'add', '198.18.0.0/16', 'dev', 'eth0');
    client.ip('-6', 'route', 'add', 'fd01::/64', 'dev', 'eth0');
    router.ip('address', 'add', 'fd01::1/64', 'dev', 'inside', 'nodad');
    // Strict: a packet from a source that is not routed back over the same device is dropped, ARP requests too.
    router.sysctl('net.ipv4.conf.inside.rp_filter', 1);
    const mac = macOf(router, 'inside');
    const [near, far, six] = ask(client, [
      hop({ target: '198.18.1.1' }),
      hop({ target: '198.18.1.1', source: '10.0.0.1' }),
      hop({ target: 'fd01::1', source: 'fd99::200' }),
    ]) as HopAnswer[];
    t.match(near, { mac, address: '198.18.1.1' });
    t.match(far, { mac }, 'a source that the router has no way to');
    t.match(six, { mac, address: 'fd01::1' });
    t.match(six, { notes: [/by neighbour discovery/] });
  },
);

t.test('with --vlan the answer in that VLAN counts', { skip }, async (t) => {
  const { client, router } = Lab.forTest(t);
  const asking = { what: 'answer', name: 'inside', address: '198.18.7.1', vlan: 7 };
  const program = [process.execPath, '--import=tsx', PROGRAM, JSON.stringify([asking])];
  const [command = '', ...prefix] = router.prefix;
  const answering = spawn(command, [...prefix, ...program], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.teardown(() => answering.kill('SIGKILL'));
  await once(answering.stderr, 'data');
  const source = '198.18.7.200';
  const [onLink, other] = ask(client, [
    hop({ vlan: 7, target: '198.18.7.1', source }),
    hop({ vlan: 7, target: '198.18.7.2', gateway: '198.18.7.1', source }),
  ]) as HopAnswer[];
  t.match(onLink, { mac: macOf(router, 'inside'), address: '198.18.7.1' }, JSON.stringify(onLink));
  t.match(onLink, { notes: [/no route to 198.18.7.1 in VLAN 7/, /by ARP/] });
  t.match(other, { code: 'EHOSTUNREACH', message: 'does not answer on eth0 in VLAN 7: 3 ARP requests in 3 s' });
});

t.test(
  'no way: another interface, no route, no answer, this machine, an interface that is down',
  { skip },
  async (t) => {
    const { client } = Lab.forTest(t);
    client.ip('link', 'add', 'name', 'spare', 'type', 'veth', 'peer', 'name', 'spare1');
    client.ip('link', 'set', 'spare', 'up');
    client.ip('link', 'set', 'spare1', 'up');
    const [elsewhere, silent, local] = ask(client, [
      hop({ name: 'spare' }),
      hop({ target: '198.18.1.77' }),
      hop({ target: '198.18.1.2' }),
    ]) as HopAnswer[];
    t.match(elsewhere, {
      code: 'ENETUNREACH',
      message: /leaves by eth0, and none by spare/,
      hint: /--interface eth0.*--gateway/,
    });
    t.match(silent, {
      code: 'EHOSTUNREACH',
      message: /198\.18\.1\.77, the target, does not answer on eth0: 3 ARP requests in 3 s, from 198\.18\.1\.2/,
    });
    t.match(local, { code: 'EADDRNOTAVAIL', message: /address of this machine/ });
    client.ip('route', 'del', 'default');
    const [none] = ask(client, [hop()]) as HopAnswer[];
    t.match(none, { code: 'ENETUNREACH', message: `there is no route to ${TARGET}`, hint: /--gateway ADDRESS/ });
    // A worse route by the interface that was asked for is taken, and said.
    client.ip('route', 'add', 'default', 'via', '198.18.1.1');
    client.ip('address', 'add', '198.18.3.2/24', 'dev', 'spare');
    client.ip('route', 'add', 'default', 'via', '198.18.3.1', 'dev', 'spare', 'metric', '500');
    client.ip('neigh', 'add', '198.18.3.1', 'lladdr', '02:00:00:00:00:33', 'dev', 'spare');
    const [second] = ask(client, [hop({ name: 'spare' })]) as HopAnswer[];
    t.match(second, {
      mac: '02:00:00:00:00:33',
      address: '198.18.3.1',
      notes: [/leaves by eth0/, /table of neighbours/],
    });
  },
);
