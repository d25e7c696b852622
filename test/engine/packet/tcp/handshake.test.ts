import t from 'tap';
import { ECONNREFUSED, EADDRINUSE, EADDRNOTAVAIL } from '../../../../src/kernel/errno.ts';
import {
  RESET_SYN_SENT,
  RETRANSMITTED_SYN,
  SYN_ACKS,
  SYN_ACKS_LOW_MSS,
  SYN_ACKS_WITHOUT_TIMESTAMPS,
} from '../../../../src/engine/packet/packet-counters.ts';
import { ACK, RST, SYN } from '../packets.ts';
import { PORT, TcpPair } from './tcp-pair.ts';

const ETIMEDOUT = 110;
const PAYLOAD = new Uint8Array(64).map((_, i) => i + 1);

t.test('a SYN is that of Linux', (t) => {
  for (const isIpv6 of [false, true]) {
    const pair = new TcpPair({ isIpv6 });
    t.equal(pair.client.tcp.connect(0, 3, 1024), 0);
    pair.settle();
    const syn = pair.lastOf(0);
    t.equal(syn.flags, SYN);
    t.ok(syn.isSound, 'both checksums are right');
    t.equal(syn.ttl, 64);
    t.ok(syn.dontFragment);
    t.equal(syn.window, isIpv6 ? 64_800 : 64_240);
    t.strictSame(
      Object.keys(syn.options),
      ['mss', 'sackPermitted', 'timestamps', 'windowScale'],
      'in the order of Linux',
    );
    t.match(syn.options, { mss: isIpv6 ? 1440 : 1460, sackPermitted: true, windowScale: 7 });
    t.equal(syn.destinationPort, PORT);
  }
  t.end();
});

t.test('an exchange of 64 bytes takes seven packets, in both families and with a tag', (t) => {
  for (const options of [{}, { isIpv6: true }, { vlan: 7 }]) {
    const pair = new TcpPair({ ...options, payload: PAYLOAD }).echo();
    pair.client.tcp.connect(0, 0, 1024);
    pair.run(100);
    t.equal(pair.wire.sent.length, 7);
    t.ok(
      pair.wire.sent.every(({ packet }) => packet.kind === 'tcp' && packet.isSound),
      'all are sound',
    );
    t.strictSame(pair.client.user.events, ['connected 0', 'sent 0 64', 'received 0 64']);
    t.strictSame(pair.server.user.events, ['accepted 0', 'received 0 64', 'sent 0 64', 'ended 0']);
    t.strictSame(pair.client.user.bytes.get(0), [...PAYLOAD]);
    t.strictSame([pair.client.tcp.rows, pair.server.tcp.rows, pair.client.tcp.resting], [0, 0, 1]);
    t.equal(pair.client.counters[SYN_ACKS], 1);
  }
  t.end();
});

t.test('an address that is not ours is refused', (t) => {
  const pair = new TcpPair();
  t.equal(pair.client.tcp.connect(0, 16, 1024), EADDRNOTAVAIL);
  t.equal(pair.client.tcp.connect(0, -1, 1024), EADDRNOTAVAIL);
  t.end();
});

t.test('a SYN is sent as often as Linux sends it, then the attempt has timed out', (t) => {
  const pair = new TcpPair({ loss: 1 });
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(200_000);
  const seconds = pair.wire.sent.map(({ atNs }) => Math.round(atNs / 1e9));
  t.strictSame(seconds, [0, 1, 3, 7, 15, 31, 63]);
  t.strictSame(pair.client.user.events, [`failed 0 ${ETIMEDOUT}`]);
  t.equal(pair.client.counters[RETRANSMITTED_SYN], 6);
  t.equal(pair.client.tcp.rows, 0);
  t.end();
});

t.test('a SYN-ACK that is lost is sent again when the SYN comes again', (t) => {
  const pair = new TcpPair({ payload: PAYLOAD }).echo();
  let lost = 0;
  pair.wire.filter = ({ packet }) => !(packet.kind === 'tcp' && packet.flags === (SYN | ACK) && lost++ === 0);
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(5000);
  t.equal(pair.client.user.events.at(-1), 'received 0 64');
  t.strictSame(pair.server.user.events, ['accepted 0', 'received 0 64', 'sent 0 64', 'ended 0']);
  t.end();
});

t.test('a port without a listener refuses', (t) => {
  const pair = new TcpPair().echo();
  pair.server.tcp.stopListening();
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(10);
  t.strictSame(pair.client.user.events, [`failed 0 ${ECONNREFUSED}`]);
  t.equal(pair.client.counters[RESET_SYN_SENT], 1);
  t.equal(pair.lastOf(1).flags, RST | ACK);
  t.end();
});

t.test('an acknowledgement of what was never sent is answered with RST, and the handshake goes on', (t) => {
  const pair = new TcpPair({ delayNs: 1e6 });
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(1);
  const syn = pair.lastOf(0);
  const [answer] = pair.toClient({ flags: SYN | ACK, acknowledgement: (syn.sequence + 5) >>> 0 });
  t.match(answer, { flags: RST, sequence: (syn.sequence + 5) >>> 0 });
  t.strictSame(pair.toClient({ flags: RST | ACK, acknowledgement: (syn.sequence + 5) >>> 0 }), [], 'and so is no RST');
  pair.run(10);
  t.strictSame(pair.client.user.events, ['connected 0']);
  t.end();
});

t.test('what a middlebox does to a SYN-ACK is counted', (t) => {
  const pair = new TcpPair();
  pair.server.tcp.stopListening();
  pair.wire.filter = ({ from }) => from === 0;
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(1);
  const syn = pair.lastOf(0);
  pair.toClient({ flags: SYN | ACK, sequence: 77, acknowledgement: (syn.sequence + 1) >>> 0, options: { mss: 536 } });
  t.strictSame(pair.client.user.events, ['connected 0']);
  t.equal(pair.client.counters[SYN_ACKS_LOW_MSS], 1);
  t.equal(pair.client.counters[SYN_ACKS_WITHOUT_TIMESTAMPS], 1);
  t.match(pair.lastOf(0), { flags: ACK, acknowledgement: 78, options: {} }, 'no timestamps for a peer without them');
  t.equal(pair.lastOf(0).window, 64_256, 'nor a scaled window');
  t.end();
});

t.test('a peer with larger packets is no sign of a middlebox', (t) => {
  const pair = new TcpPair();
  pair.server.tcp.stopListening();
  pair.wire.filter = ({ from }) => from === 0;
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(1);
  const acknowledgement = (pair.lastOf(0).sequence + 1) >>> 0;
  pair.toClient({ flags: SYN | ACK, sequence: 77, acknowledgement, options: { mss: 8960, timestamps: [1, 2] } });
  t.strictSame(pair.client.user.events, ['connected 0']);
  t.equal(pair.client.counters[SYN_ACKS_LOW_MSS], 0);
  t.equal(pair.client.counters[SYN_ACKS_WITHOUT_TIMESTAMPS], 0);
  t.end();
});

t.test('both ends may open at the same time', (t) => {
  const pair = new TcpPair();
  pair.wire.filter = ({ from }) => from === 0;
  pair.client.tcp.connect(0, 0, 1024);
  pair.run(1);
  const syn = pair.lastOf(0);
  const [answer] = pair.toClient({ flags: SYN, sequence: 500, acknowledgement: 0, options: { mss: 1460 } });
  t.match(answer, { flags: SYN | ACK, sequence: syn.sequence, acknowledgement: 501 });
  pair.toClient({ flags: ACK, sequence: 501, acknowledgement: (syn.sequence + 1) >>> 0 });
  t.strictSame(pair.client.user.events, ['connected 0']);
  t.end();
});

t.test('a tuple is one connection, and others are free', (t) => {
  const pair = new TcpPair();
  t.equal(pair.client.tcp.connect(0, 0, 1024), 0);
  t.equal(pair.client.tcp.connect(1, 0, 1024), EADDRINUSE);
  t.equal(pair.client.tcp.connect(1, 1, 1024), 0);
  t.equal(pair.client.tcp.connect(2, 0, 1025), 0);
  pair.run(10);
  t.equal(pair.client.tcp.rows, 3);
  t.end();
});

t.test('the backlog bounds handshakes', (t) => {
  const pair = new TcpPair();
  pair.server.tcp.listen(PORT, 2);
  pair.wire.filter = ({ packet }) => !(packet.kind === 'tcp' && packet.flags === ACK);
  for (let slot = 0; slot < 5; slot++) pair.client.tcp.connect(slot, 0, 1024 + slot);
  pair.run(10);
  t.equal(pair.server.tcp.rows, 2);
  t.end();
});
