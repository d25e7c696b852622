// tier: netns
/** Through a router with nftables: connection tracking, address translation both ways, and a proxy of SYNs. */
import t, { type Test } from 'tap';
import type { RoundResult } from '../../../src/document/client.ts';
import { Lab, noLab } from '../lab.ts';
import { CONNECTIONS, FEW, PORT, checkEqual, load, serve, type Family } from './ends.ts';

const skip = noLab();

/** The networks of RFC 2544 and RFC 5180 on both sides of the router, whose own addresses end with 1. */
const SERVER = { 4: '198.18.2.2', 6: '2001:2:0:2::2' } as const;
const SERVER_SOURCES = { 4: '198.18.2.64', 6: '2001:2:0:2::64' } as const;
const ROUTER_INSIDE = { 4: '198.18.1.1', 6: '2001:2:0:1::1' } as const;
const SOURCES = { 4: '198.18.1.64/27', 6: '2001:2:0:1::100/123' } as const;
const FAMILIES: readonly Family[] = [4, 6];

/** A router between two networks of both families. */
function labFor(t: Test): Lab {
  const lab = Lab.forTest(t);
  for (const [end, device, address] of [
    [lab.router, 'inside', ROUTER_INSIDE[6]],
    [lab.router, 'outside', '2001:2:0:2::1'],
    [lab.client, 'eth0', '2001:2:0:1::2'],
    [lab.server, 'eth0', SERVER[6]],
  ] as const) {
    end.ip('address', 'add', `${address}/64`, 'dev', device, 'nodad');
  }
  lab.client.ip('-6', 'route', 'add', 'default', 'via', ROUTER_INSIDE[6]);
  lab.server.ip('-6', 'route', 'add', 'default', 'via', '2001:2:0:2::1');
  lab.router.sysctl('net.ipv6.conf.all.forwarding', 1);
  return lab;
}

const ECHO = ['--payload-size', '64', '--finish', 'echo'];
const SENDS_MORE = ['--payload-size', '8KiB', '--finish', 'half-close'];

const COUNTERS = ['invalid', 'refused', 'fresh'].map((name) => `counter ${name} { }`).join('\n');
/** Only what belongs to a connection that began with a SYN to the server's port; what connection tracking finds wrong is counted. */
const STATEFUL = `
  ct state invalid counter name invalid drop
  ct state established,related accept
  tcp dport ${PORT} tcp flags & (fin | syn | rst | ack) == syn ct state new counter name fresh accept
  meta l4proto icmpv6 accept
  counter name refused drop`;

/** `resent`: how many SYNs were sent again, as they are where an end is held up; the firewall sees those as new ones. */
function checkFirewall(t: Test, lab: Lab, connections: number, resent: number): void {
  const [invalid, refused, fresh = 0] = ['invalid', 'refused', 'fresh'].map((name) => lab.router.packets(name));
  t.strictSame({ invalid, refused }, { invalid: 0, refused: 0 }, 'what the firewall counts');
  t.ok(fresh >= connections && fresh <= connections + resent, `${fresh} new connections, ${resent} SYNs sent again`);
}

function resentSyns({ packet, kernel }: RoundResult): number {
  return (packet?.retransmits.syn ?? 0) + (kernel?.syn_retransmits ?? 0);
}

for (const [client, server] of [
  ['packet', 'epoll'],
  ['uring', 'packet'],
  ['packet', 'packet'],
] as const) {
  t.test(`connection tracking with default drop: ${client} against ${server}`, { skip }, async (t) => {
    const lab = labFor(t);
    lab.forward(STATEFUL, COUNTERS);
    let [fresh, resent] = [0, 0];
    for (const family of FAMILIES) {
      for (const args of family === 4 ? [ECHO, SENDS_MORE] : [ECHO]) {
        const packetHost = SERVER_SOURCES[family];
        const running = await serve(t, lab.server, { engine: server, host: SERVER[family], packetHost });
        const { host } = running;
        const sources = client === 'packet' ? [SOURCES[family]] : [];
        const connections = fresh === 0 ? CONNECTIONS : FEW;
        const round = await load(t, lab.client, { engine: client, host, args, sources, connections });
        checkEqual(t, round, await running.stop(), connections);
        fresh += connections;
        resent += resentSyns(round);
      }
    }
    checkFirewall(t, lab, fresh, resent);
  });
}

t.test('source addresses are translated', { skip }, async (t) => {
  const lab = labFor(t);
  lab.forward(STATEFUL, COUNTERS);
  lab.router.nft(`table inet nat { chain post { type nat hook postrouting priority srcnat;
    ip saddr 198.18.1.0/24 snat ip to 198.18.2.1; ip6 saddr 2001:2:0:1::/64 snat ip6 to 2001:2:0:2::1
  }
  }`);
  let resent = 0;
  for (const family of FAMILIES) {
    const running = await serve(t, lab.server, { engine: 'epoll', host: SERVER[family] });
    const sources = [SOURCES[family]];
    const how = { engine: 'packet', args: ECHO, sources, connections: FEW };
    const round = await load(t, lab.client, { ...how, host: SERVER[family] });
    checkEqual(t, round, await running.stop(), FEW);
    resent += resentSyns(round);
  }
  checkFirewall(t, lab, 2 * FEW, resent);
});

t.test('the target is translated', { skip }, async (t) => {
  const lab = labFor(t);
  lab.forward(STATEFUL, COUNTERS);
  lab.router.nft(`table inet nat { chain pre { type nat hook prerouting priority dstnat;
    ip daddr ${ROUTER_INSIDE[4]} tcp dport 8080 dnat ip to ${SERVER[4]}:${PORT};
    ip6 daddr ${ROUTER_INSIDE[6]} tcp dport 8080 dnat ip6 to [${SERVER[6]}]:${PORT}
  }
  }`);
  let resent = 0;
  for (const family of FAMILIES) {
    const running = await serve(t, lab.server, { engine: 'epoll', host: SERVER[family] });
    const sources = [SOURCES[family]];
    const target = { host: ROUTER_INSIDE[family], port: 8080 };
    const how = { engine: 'packet', args: ECHO, sources, connections: FEW };
    const round = await load(t, lab.client, { ...how, ...target });
    checkEqual(t, round, await running.stop(), FEW);
    resent += resentSyns(round);
  }
  checkFirewall(t, lab, 2 * FEW, resent);
});

t.test('the router answers SYNs for the server (synproxy)', { skip }, async (t) => {
  const lab = labFor(t);
  lab.router.sysctl('net.netfilter.nf_conntrack_tcp_loose', 0);
  lab.router.nft(`table inet lab {
    ${COUNTERS}
    chain pre { type filter hook prerouting priority raw; policy accept;
      tcp dport ${PORT} tcp flags & (fin | syn | rst | ack) == syn counter name fresh notrack
    }
    chain forward { type filter hook forward priority filter; policy accept;
      tcp dport ${PORT} ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
      ct state invalid counter name invalid drop
    }
    }`);
  // Over IPv4 only: over IPv6 nft_synproxy of Linux 6.18 drops every SYN that comes with a finished checksum, as from a network card (seen
  // with a client on the kernel's sockets after `ethtool -K eth0 tx off` too).
  const running = await serve(t, lab.server, { engine: 'epoll', host: SERVER[4] });
  const how = { engine: 'packet', args: ECHO, sources: [SOURCES[4]], connections: FEW };
  const round = await load(t, lab.client, { ...how, host: SERVER[4] });
  checkEqual(t, round, await running.stop(), FEW);
  t.equal(lab.router.packets('invalid'), 0);
  t.ok(lab.router.packets('fresh') >= FEW && lab.router.packets('fresh') <= FEW + resentSyns(round), 'SYNs');
});
